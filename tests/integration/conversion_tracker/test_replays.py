"""Replays through the running service: asked for, looked at, cancelled, lost; and nothing live moves."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from kafka import TopicPartition
from werkzeug.test import TestResponse

from conversion_tracker.replay.jobs import MAX_CONCURRENT, ReplayJob, ReplayJobs
from referral.config import Settings
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.log.connection import create_consumer
from referral.log.topic_admin import partition_count
from referral.redis_client import RedisClient
from referral.topics import TOPICS
from referral_tools.cli import main
from tests.support.app_server import serve_app
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, PROGRAM
from tests.support.processes import run_module
from tests.support.redis_servers import on_both_kinds_of_redis
from tests.support.systems.conversion_tracker import CATALOG, ConversionTracker, event, serve_conversion_tracker
from tests.support.waiting import is_within, wait_until

pytestmark = pytest.mark.integration

OTHER = "prg_other"


def _rules(**more: object) -> dict[str, Any]:
    """A program file's content as JSON."""
    content: dict[str, Any] = msgspec.to_builtins(program_version(**more).program)
    return content


@pytest.fixture
def system(settings: Settings) -> Iterator[ConversionTracker]:
    """The service's app, with a second program."""
    other = msgspec.structs.replace(
        program_version(), program=msgspec.structs.replace(program_version().program, id=OTHER)
    )
    with serve_conversion_tracker(settings, *CATALOG, other) as made:
        yield made
        made.collaborators.replays.close()


def _ask(
    system: ConversionTracker, rules: object, secret: str = "rk_all", program: str = PROGRAM, query: str = ""
) -> TestResponse:
    headers = {"Authorization": f"Bearer {secret}"}
    return system.app.test_client().post(f"/v1/programs/{program}/replays{query}", json=rules, headers=headers)


def _ends(system: ConversionTracker) -> dict[str, dict[TopicPartition, int]]:
    reader = create_consumer(system.settings)
    try:
        return {
            name: reader.end_offsets(
                [
                    TopicPartition(system.settings.topic_prefix + name, number)
                    for number in range(partition_count(topic, system.settings))
                ]
            )
            for name, topic in TOPICS.items()
        }
    finally:
        reader.close()


@pytest.fixture
def followed(system: ConversionTracker, environ: dict[str, str]) -> ConversionTracker:
    """Followers of two programs, folded; the folds are gone again."""
    mine = [event(f"xhs:u{number}", code="AMY88") for number in range(20)]
    others = [{**event(f"xhs:u{number}", number=1), "program": OTHER} for number in range(5)]
    mentions = [event(f"xhs:m{number}", mention="@bo") for number in range(3)]
    assert system.post([*mine, *others, *mentions]).status_code == 202
    with (
        run_module(environ, "conversion_tracker", "fold", "attribute"),
        run_module(environ, "conversion_tracker", "fold", "screen"),
    ):
        wait_until(lambda: len(system.decoded("conversions")) == 23)
        system.wait_until_folded()
    return system


def test_a_replay_says_who_would_gain_and_lose_and_changes_nothing_live(followed: ConversionTracker) -> None:
    """Two programs on the log: one is replayed, under a rule that counts mentions only. No topic grows, no state moves."""
    system = followed
    states, ends = system.fold_states(), _ends(system)

    asked = _ask(system, _rules(evidence=["mention"]))
    assert (asked.status_code, asked.get_json()["status"]) == (202, "running")
    told = wait_until(lambda: _over(system, asked.headers["Location"]))
    assert told["status"] == "done", told
    result, progress = told["result"], told["progress"]
    assert result["as_recorded"] == {"equal": True, "lines": 23 * 3, "differences": 0, "sample": []}
    assert (progress["phase"], progress["events"]) == ("done", 23)
    assert result["totals"]["referrals"] == {"before": 23, "after": 3}
    (amy,) = result["referrers"]["items"]
    assert amy["participant"] == {"id": AMY.id, "external_id": "xhs:amy", "display_name": "Amy"}
    assert (amy["referrals"], result["referrers"]["losing"]) == ({"before": 20, "after": 0}, 1)
    assert (result["people"]["changed"], result["people"]["sample"][0]["after"]) == (20, None)

    assert {name: raw for name, raw in system.fold_states().items() if b"{replays}" not in name} == states
    assert _ends(system) == ends
    assert system.person("xhs:u1")["referrer"]["id"] == AMY.id


def test_a_period_begins_so_many_days_before_the_request(followed: ConversionTracker) -> None:
    """What everyone did was today, so a period has all of it; a period that is no number of days is refused."""
    asked = _ask(followed, _rules(evidence=["mention"]), query="?days=60")
    started = msgspec.convert(asked.get_json(), ReplayJob)
    assert started.since == started.asked_at - timedelta(days=60)
    told = wait_until(lambda: _over(followed, asked.headers["Location"]))
    assert told["result"]["totals"]["referrals"] == {"before": 23, "after": 3}
    for wrong in ("0", "3651", "some", "1.5"):
        refused = _ask(followed, _rules(), query=f"?days={wrong}")
        assert (refused.status_code, "days" in refused.text) == (422, True), wrong


def _over(system: ConversionTracker, path: str) -> Any:
    told = system.get(path).get_json()
    return told if told["status"] != "running" else None


def test_rules_that_will_not_do_are_refused_with_every_place(system: ConversionTracker) -> None:
    """Each section is held against its type; another program's rules, another form and a lesser key are refused too."""
    wrong = _rules() | {"id": OTHER, "channels": ["fax"], "speed": 3}
    wrong["attribution"] = {"qualifies_on": "order.paid", "currency": "CNY"}
    refused = _ask(system, wrong)
    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.get_json()["errors"]] == [
        "/attribution/min_amount",
        "/channels/0",
        "/id",
        "/speed",
    ]
    assert _ask(system, _rules(), "rk_reader").status_code == 403
    assert _ask(system, _rules(), program="prg_none").status_code == 404
    assert system.get(f"/v1/programs/{PROGRAM}/replays/rpl_none").status_code == 404
    yaml = system.app.test_client().post(
        f"/v1/programs/{PROGRAM}/replays",
        data="id: prg_glow",
        content_type="application/yaml",
        headers={"Authorization": "Bearer rk_all"},
    )
    assert yaml.status_code == 415


@on_both_kinds_of_redis
def test_one_a_program_and_few_in_all_and_a_lost_one_blocks_nobody(
    system: ConversionTracker, redis: RedisClient
) -> None:
    """409 names the one under way, 429 says that all places are taken; whose process is gone is lost, and gives its place back."""
    jobs = ReplayJobs(redis)

    def job(program: str, id: str) -> ReplayJob:
        return ReplayJob(id=id, program=program, status="running", asked_at=to_datetime(0))

    jobs.begin(job(PROGRAM, "rpl_1"))
    busy = _ask(system, _rules())
    assert (busy.status_code, "rpl_1" in busy.get_json()["detail"]) == (409, True)
    headers = {"Authorization": "Bearer rk_all"}
    path = f"/v1/programs/{PROGRAM}/replays/rpl_1"
    assert system.app.test_client().delete(path, headers=headers).get_json()["status"] == "cancelled"
    assert not jobs.update(job(PROGRAM, "rpl_1")), "a cancelled replay went on"
    for number in range(MAX_CONCURRENT):
        jobs.begin(job(f"prg_{number}", f"rpl_{number + 2}"))
    full = _ask(system, _rules())
    assert (full.status_code, "Retry-After" in full.headers) == (429, True)
    redis.delete("ct:{replays}:leases")  # as when their leases have run out
    lost = jobs.job("prg_0", "rpl_2")
    assert (lost.status if lost else None) == "lost"
    assert _ask(system, _rules()).status_code == 202


def test_a_replay_ends_with_the_service(system: ConversionTracker) -> None:
    """Its process is gone, and the job says to start it again."""
    asked = _ask(system, _rules())
    began = time.monotonic()
    system.collaborators.replays.close()
    assert is_within(5, began)
    told = _over(system, asked.headers["Location"])
    assert told
    assert (told["status"], "start the replay again" in told["detail"]) == ("failed", True)


def test_the_rules_on_the_wire_are_those_of_the_program_file() -> None:
    """What PUT takes as JSON is read here as link-issuer reads it, down to amounts of money."""
    from conversion_tracker.replay.replay_request import read_rules
    from referral.program_file.check import check_program_file

    for attribution in (
        {"window_days": 7, "qualifies_on": "order.paid", "min_amount": 99.9, "currency": "CNY"},
        {"qualifies_on": "person.retained", "retained_days": 3},
    ):
        content = _rules() | {"effective_from": "2030-01-01T00:00:00Z", "attribution": attribution}
        found: Program = read_rules(msgspec.json.encode(content), "application/json", PROGRAM)
        assert found == check_program_file(content).program


@pytest.fixture
def url(followed: ConversionTracker) -> Iterator[str]:
    """Where the service answers."""
    with serve_app(followed.app) as address:
        yield address


def _command(url: str, file: Path, *more: str) -> Result:
    words = ["replay", PROGRAM, "--with", str(file), "--url", url, "--key", "rk_all", *more]
    return CliRunner().invoke(main, words)


def test_the_command_shows_the_replay_and_ctrl_c_cancels_it(
    url: str, followed: ConversionTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of who loses and gains, or everything as JSON; a file that will not do is refused by line before it is sent."""
    file = tmp_path / "other.yaml"
    file.write_bytes(msgspec.yaml.encode(_rules(evidence=["mention"])))
    shown = _command(url, file)
    assert shown.exit_code == 0, shown.output
    assert "0 gain, 1 lose" in shown.stdout
    assert "Replayed as recorded: equal in all 69 lines." in shown.stdout
    told = msgspec.json.decode(_alone(url, file, "--json", "--days", "7"))
    assert told["since"]
    assert told["result"]["totals"]["referrals"] == {"before": 23, "after": 3}

    wrong = tmp_path / "wrong.yaml"
    wrong.write_bytes(msgspec.yaml.encode(_rules(evidence=["rumour"])))
    refused = _command(url, wrong)
    assert (refused.exit_code, "/attribution/evidence/0" in refused.stderr) == (1, True)

    monkeypatch.setattr("referral_tools.commands.replay.time.sleep", _interrupt)
    stopped = _command(url, file)
    assert (stopped.exit_code, "Cancelled." in stopped.stderr) == (130, True)
    assert not followed.context.redis.zcard("ct:{replays}:leases")


def _alone(url: str, file: Path, *more: str) -> bytes:
    """What the command prints in a process of its own; in this one the service logs beside it."""
    command = [sys.executable, "-m", "referral_tools", "replay", PROGRAM, "--with", str(file), "--url", url, *more]
    return subprocess.run(command, env={**os.environ, "REFERRAL_KEY": "rk_all"}, capture_output=True, check=True).stdout


def _interrupt(_: float) -> None:
    raise KeyboardInterrupt
