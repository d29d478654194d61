"""Closed boards and draws over HTTP, on a real Redis: what is answered, and what is refused."""

from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from leaderboard.folds.boards_fold import BoardsFold
from leaderboard.folds.closings_fold import ClosingsFold
from referral.catalog.view import Catalog
from referral.events.board_rules import Board
from referral.events.conversions import conversion_key
from referral.events.draw_rules import Draw
from referral.events.entities import ProgramVersion
from referral.events.reward_rules import Reward
from referral.log.memory_log import MemoryLog
from referral.topics import CONVERSIONS, partition_of
from referral.verification.board_proof import ClosedRoot, RankProof, proof_mistake
from tests.support.builders.leaderboard import GLOW, cleared_conversion
from tests.support.builders.participants import PROGRAM, START, participant, profile
from tests.support.scenarios.month_end_process import AFTER, drain, tick, worker
from tests.support.settings import AUTHORIZATION
from tests.support.systems.leaderboard import PARTITIONS, leaderboard_app

pytestmark = pytest.mark.integration

AMY, BO = participant("amy"), participant("bo")
VERSION = ProgramVersion(
    recorded_at=START,
    program=replace(
        GLOW,
        rewards=(Reward(id="mask", to="referrer", on="draw.won", kind="gift", handover="post"),),
        boards=(Board(metric="referrals", periods=("month", "all")),),
        draws=(
            Draw(
                id="spring", board="referrals", period="month", reward="mask", secret_hash=sha256(b"x" * 32).hexdigest()
            ),
        ),
    ),
    version=2,
    effective_from=START,
)
BOARDS = f"/v1/programs/{PROGRAM}/boards"
CLOSING = f"{BOARDS}/referrals/2026-11"


@pytest.fixture
def client(redis_url: str) -> FlaskClient:
    """November is closed: Amy has three, Bo two. One of Amy's went to another month since."""
    log, catalog = MemoryLog(), Catalog([VERSION])
    tick(log, START)
    counts = [(AMY.id, 3), (BO.id, 2)]
    for who, number in ((who, number) for who, count in counts for number in range(count)):
        line = cleared_conversion(who, f"{who}-{number}", START + timedelta(days=number))
        log.append(CONVERSIONS.name, partition_of(conversion_key(line), PARTITIONS), msgspec.json.encode(line))
    runners = [worker(BoardsFold(PARTITIONS), log, catalog, redis_url), worker(ClosingsFold(), log, catalog, redis_url)]
    for minute in range(3):
        tick(log, AFTER + timedelta(minutes=minute))
        for runner in runners:
            drain(runner)
    return leaderboard_app(redis_url, [VERSION, AMY, BO, profile("amy"), profile("bo")]).test_client()


def test_a_closing_lists_its_entries_by_rank_with_what_counts_now(client: FlaskClient) -> None:
    """In pages; with the root, and the parts that it was joined from."""
    body = client.get(f"{CLOSING}/closing?limit=1", headers=AUTHORIZATION).get_json()
    assert (body["entries"], sum(part["entries"] for part in body["parts"])) == (2, 2)
    [first] = body["ranks"]
    shown = first["rank"], first["external_id"], first["score"], first["score_now"]
    assert shown == (1, "xhs:amy", 3, 3)
    body = client.get(f"{CLOSING}/closing?limit=1&cursor={body['next_cursor']}", headers=AUTHORIZATION).get_json()
    assert [(one["rank"], one["external_id"]) for one in body["ranks"]] == [(2, "xhs:bo")]
    assert body["next_cursor"] is None


def test_a_proof_holds_against_the_closing(client: FlaskClient) -> None:
    """By the platform's own id and by person id."""
    closing = client.get(f"{CLOSING}/closing", headers=AUTHORIZATION).data
    for person in ("xhs:bo", BO.id):
        found = client.get(f"{CLOSING}/proof/{person}", headers=AUTHORIZATION)
        proof = msgspec.json.decode(found.data, type=RankProof)
        assert (found.status_code, proof.rank) == (200, 2)
        assert proof_mistake(proof, msgspec.json.decode(closing, type=ClosedRoot)) is None


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("referrals/2026-12/closing", "not_closed"),
        ("referrals/all/closing", "not_closed"),
        ("referrals/2026-W46/closing", "not_closed"),
        ("clicks/2026-11/closing", "not_closed"),
        ("referrals/2026-12/proof/xhs:amy", "not_closed"),
        ("referrals/2026-11/proof/xhs:stranger", "not_on_board"),
        ("stars/2026-11/closing", "unknown_board"),
    ],
)
def test_what_is_not_closed_is_answered_with_the_reason(client: FlaskClient, path: str, code: str) -> None:
    """404, with what to do."""
    answer = client.get(f"{BOARDS}/{path}", headers=AUTHORIZATION)
    assert (answer.status_code, answer.get_json()["code"]) == (404, code)


def test_a_draw_shows_its_commitment_before_it_is_held(client: FlaskClient) -> None:
    """The root is that of the closed board; nothing is drawn yet."""
    root = client.get(f"{CLOSING}/closing", headers=AUTHORIZATION).get_json()["root"]
    body = client.get(f"/v1/programs/{PROGRAM}/draws/spring/2026-11", headers=AUTHORIZATION).get_json()
    assert (body["root"], body["entries"], body["tickets"]) == (root, 2, 5)
    assert (body["held_at"], body["winners"], body["round"]) == (None, [], None)
    answer = client.get(f"/v1/programs/{PROGRAM}/draws/autumn/2026-11", headers=AUTHORIZATION)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "unknown_draw")
    answer = client.get(f"/v1/programs/{PROGRAM}/draws/spring/2026-12", headers=AUTHORIZATION)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_closed")
