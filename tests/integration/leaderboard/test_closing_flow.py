"""A board is closed by the real processes: the proof of a rank and a draw, fetched by the command, verify offline."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path

import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from referral.clock import SystemClock
from referral.config import Settings
from referral.events.board_rules import Board
from referral.events.conversions import conversion_key
from referral.events.draw_rules import Draw
from referral.events.entities import ProgramVersion
from referral.events.line import ClockTicked
from referral.events.reward_rules import Reward
from referral.log.fold_producer import KafkaFoldProducer, OutputLine
from referral.log.publisher import Publisher
from referral.topics import CONVERSIONS
from referral_tools.cli import main
from tests.support.builders.leaderboard import GLOW, cleared_conversion, reversed_conversion
from tests.support.builders.participants import PROGRAM, participant, profile
from tests.support.records import patient, write_records
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.leaderboard import run_leaderboard
from tests.support.waiting import is_ready, wait_until

pytestmark = pytest.mark.integration

AMY, BO = participant("amy"), participant("bo")
NOVEMBER = datetime(2026, 11, 10, tzinfo=UTC)
AFTER = datetime(2026, 12, 1, 16, 1, tzinfo=UTC)
SECRET = bytes(range(32))
PROGRAM_FILE = replace(
    GLOW,
    rewards=(Reward(id="mask", to="referrer", on="draw.won", kind="gift", handover="post"),),
    boards=(Board(metric="referrals", periods=("month",)),),
    draws=(
        Draw(id="spring", board="referrals", period="month", reward="mask", secret_hash=sha256(SECRET).hexdigest()),
        Draw(id="beacon", board="referrals", period="month", reward="mask"),
    ),
)
BOARD = f"/v1/programs/{PROGRAM}/boards/referrals/2026-11"


def run(client: httpx.Client, *words: str, **options: object) -> Result:
    """Runs a command against the service."""
    address = ["--url", str(client.base_url), "--key", API_SECRET] if words[1] != "verify" else []
    return CliRunner().invoke(main, [*words, *address], **options)  # type: ignore[arg-type]


def tick(settings: Settings, at: datetime) -> None:
    """Writes a tick to each partition of `conversions`."""
    line = msgspec.json.encode(ClockTicked(occurred_at=at, id=f"tick_{at.timestamp():.0f}"))
    producer = KafkaFoldProducer(settings, SystemClock())
    producer.produce(
        [OutputLine(CONVERSIONS.name, partition, line, alone=True) for partition in range(settings.partitions)]
    )
    producer.close()


def save(folder: Path, name: str, result: Result) -> str:
    """Writes what a command printed; returns the name of the file."""
    assert result.exit_code == 0, result.output
    (folder / name).write_text(result.output)
    return str(folder / name)


def test_a_month_is_closed_proven_and_drawn(settings: Settings, environ: dict[str, str], tmp_path: Path) -> None:
    """From conversions and ticks on the log to files that verify; a correction shows beside the closed board."""
    began = NOVEMBER - timedelta(days=9)
    version = ProgramVersion(recorded_at=began, program=PROGRAM_FILE, version=1, effective_from=began)
    key = api_key("tests", "read", "admin", secret=API_SECRET)
    write_records(settings, [version, key, AMY, BO, profile("amy"), profile("bo")])
    lines = [cleared_conversion(AMY.id, f"a{number}", NOVEMBER + timedelta(hours=number)) for number in range(3)]
    lines += [cleared_conversion(BO.id, f"b{number}", NOVEMBER + timedelta(hours=number)) for number in range(2)]
    publisher = Publisher(patient(settings))
    encode = msgspec.json.encode
    publisher.publish(CONVERSIONS, [(conversion_key(line), encode(line)) for line in lines])
    with run_leaderboard(environ) as client:
        wait_until(lambda: is_ready(client))
        minutes = count(1)

        def is_closed() -> bool:
            """Whether the board is closed; a minute passes with each look."""
            tick(settings, AFTER + timedelta(minutes=next(minutes)))
            return client.get(BOARD + "/closing").status_code == 200

        wait_until(is_closed)
        late = reversed_conversion(lines[0], AFTER + timedelta(hours=1))
        publisher.publish(CONVERSIONS, [(conversion_key(late), encode(late))])
        wait_until(lambda: client.get(BOARD + "/closing").json()["ranks"][0]["score_now"] == 2)
        closing = client.get(BOARD + "/closing").json()
        assert [(one["rank"], one["external_id"], one["score"]) for one in closing["ranks"]] == [
            (1, "xhs:amy", 3),
            (2, "xhs:bo", 2),
        ]
        files = [
            save(tmp_path, "proof.json", run(client, "board", "proof", PROGRAM, "referrals", "2026-11", "xhs:bo")),
            save(tmp_path, "closing.json", run(client, "board", "closing", PROGRAM, "referrals", "2026-11")),
        ]
        verified = run(client, "board", "verify", *files)
        assert f"{BO.id} is number 2 of 2 with a score of 2" in verified.output
        _draws(client, tmp_path)
    publisher.close()


def _draws(client: httpx.Client, folder: Path) -> None:
    """A draw by a secret is held once; a draw by drand refuses another round and a forged signature."""
    committed = client.get(f"/v1/programs/{PROGRAM}/draws/spring/2026-11").json()
    assert (committed["tickets"], committed["held_at"], committed["winners"]) == (5, None, [])
    hold = ("draw", "hold", PROGRAM, "spring", "2026-11", "--by", "lin", "--secret", "-")
    wrong = run(client, *hold, input=bytes(32))
    assert (wrong.exit_code, "does not have the hash" in wrong.output) == (1, True)
    first, second = run(client, *hold, input=SECRET), run(client, *hold, input=SECRET)
    assert first.exit_code == 0, first.output
    assert first.output == second.output
    file = save(folder, "draw.json", run(client, "draw", "fetch", PROGRAM, "spring", "2026-11"))
    assert run(client, "draw", "verify", file).output.startswith(
        "valid: 1 winners and 1 alternates of 2 entries with 5 tickets"
    )
    address = f"/v1/programs/{PROGRAM}/draws/beacon/2026-11"
    number = client.get(address).json()["round"]
    for body in (
        {"round": number, "signature": "ab" * 48},
        {"round": 657413, "signature": "ab" * 48},
        {"secret": "ab" * 16},
    ):
        refused = client.post(address + "/randomness", json={"by": "lin", **body})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_randomness"), json.dumps(refused.json())
    assert client.post(address + "/randomness", json={"by": "lin"}).status_code == 422
