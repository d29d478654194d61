"""Closed boards and draws over HTTP, on a real Redis: what is answered, and what is refused."""

import re
from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from redis import Redis

from leaderboard.folds.boards_fold import BoardsFold
from leaderboard.folds.closings_fold import ClosingsFold
from referral.catalog.view import Catalog
from referral.events.board_rules import Board
from referral.events.conversions import conversion_key
from referral.events.draw_rules import Draw
from referral.events.entities import ProgramVersion
from referral.events.reward_rules import Reward
from referral.events.timestamps import DAY_MS
from referral.log.memory_log import MemoryLog
from referral.topics import CONVERSIONS, partition_of
from referral.verification.board_proof import ClosedRoot, RankProof, proof_mistake
from tests.support.builders.leaderboard import GLOW, cleared_conversion
from tests.support.builders.participants import PROGRAM, START, participant, profile
from tests.support.scenarios.month_end_process import AFTER, drain, tick, worker
from tests.support.settings import AUTHORIZATION
from tests.support.systems.leaderboard import PARTITIONS, board_score, leaderboard_app, set_scores

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


def page_after_the_month(client: FlaskClient, query: str) -> str:
    """The page of November, ten days later."""
    client.application.extensions["referral"].clock.advance(10 * DAY_MS)
    answer = client.get(f"/p/{PROGRAM}?{query}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_page_of_a_closed_board_shows_final_ranks_with_what_counts_now_beside(
    client: FlaskClient, redis: Redis
) -> None:
    """One of Bo's two friends has left since: the rank stays, and the page says what is left."""
    set_scores(redis, "2026-11", {BO.id: board_score(1, START)})
    page = page_after_the_month(client, f"lang=en&period=2026-11&me={BO.id}")
    assert "Closed: the ranks are final" in page
    assert page.count("now 1") == 1
    assert "Your final place" in page
    root = client.get(f"{CLOSING}/closing", headers=AUTHORIZATION).get_json()["root"]
    assert root in page


def test_the_page_of_a_running_board_is_not_closed(client: FlaskClient) -> None:
    """The month after, of which nothing is closed."""
    page = page_after_the_month(client, "lang=en&period=2026-12")
    assert "Closed: the ranks are final" not in page
    assert "/proof/" not in page


def test_a_person_downloads_the_proof_of_their_place_from_the_page(client: FlaskClient) -> None:
    """Without an API key, as a file that verifies against the closing."""
    page = page_after_the_month(client, f"lang=en&period=2026-11&me={BO.id}")
    [link] = re.findall(r'href="([^"]*/proof/[^"]*)"', page)
    answer = client.get(f"/p/{link}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="proof-referrals-2026-11.json"'
    closing = client.get(f"{CLOSING}/closing", headers=AUTHORIZATION).data
    proof = msgspec.json.decode(answer.data, type=RankProof)
    assert (proof.rank, proof.participant) == (2, BO.id)
    assert proof_mistake(proof, msgspec.json.decode(closing, type=ClosedRoot)) is None


@pytest.mark.parametrize(
    "path",
    [
        "prg_none/proof/referrals/2026-11/psn_x",
        f"{PROGRAM}/proof/stars/2026-11/psn_x",
        f"{PROGRAM}/proof/referrals/x/psn_x",
        f"{PROGRAM}/proof/referrals/2026-10/psn_x",
        f"{PROGRAM}/proof/referrals/2026-11/psn_stranger",
    ],
)
def test_where_there_is_no_proof_the_answer_is_a_page(client: FlaskClient, path: str) -> None:
    """404, in the browser's language."""
    answer = client.get(f"/p/{path}?lang=en")
    assert answer.status_code == 404
    assert "There is no proof here" in answer.get_data(as_text=True)
