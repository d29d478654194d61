"""Boards at a time in the past: what had happened by then and counts now, over HTTP, from real tallies."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from leaderboard import board_history
from leaderboard.board_history import BoardHistory
from leaderboard.board_store import board_name
from leaderboard.domain.tally import QUARTER_S
from referral.events.board_rules import BoardMetric
from referral.redis_client import RedisClient
from tests.support.builders.participants import PROGRAM, participant, person_id, profile
from tests.support.examples import examples
from tests.support.redis_servers import empty, on_both_kinds_of_redis
from tests.support.settings import AUTHORIZATION
from tests.support.systems.leaderboard import NOW, PARTITIONS, leaderboard_app, set_tallies

pytestmark = pytest.mark.integration

AMY, BO = participant("amy"), participant("bo")
WHERE = f"/v1/programs/{PROGRAM}/boards"
AGO = [NOW - timedelta(hours=hours) for hours in range(60)]
TIMES = st.dictionaries(
    st.sampled_from([person_id(f"xhs:{name}") for name in "abcdef"]),
    st.lists(st.integers(0, 3000).map(lambda minutes: NOW - timedelta(minutes=minutes)), min_size=1, max_size=5),
)


@pytest.fixture
def client(redis: "Redis", redis_url: str) -> FlaskClient:
    """Amy leads with three referrals, the last of them an hour ago; until then Bo, who reached two before her, led."""
    set_tallies(redis, "referrals", {AMY.id: [AGO[50], AGO[20], AGO[1]], BO.id: [AGO[40], AGO[30]]})
    set_tallies(redis, "posts", {BO.id: [AGO[2]]})
    return leaderboard_app(redis_url, [AMY, BO, profile("amy"), profile("bo")]).test_client()


def places(answer: Any) -> list[tuple[int, str, int]]:
    """Returns rank, external id and score of each entry."""
    return [(entry["rank"], entry["external_id"], entry["score"]) for entry in answer["entries"]]


def test_a_board_at_a_time_has_what_had_happened_by_then(client: FlaskClient) -> None:
    """With the times at which the scores of then were reached, and the time that was asked for."""
    at = f"{AGO[2]:%Y-%m-%dT%H:%M:%SZ}"
    then = client.get(f"{WHERE}/referrals?at={at}", headers=AUTHORIZATION).get_json()
    assert places(then) == [(1, "xhs:bo", 2), (2, "xhs:amy", 2)]
    assert (then["as_of"], then["total"]) == (at, 2)
    assert then["entries"][1]["reached_at"] == f"{AGO[20]:%Y-%m-%dT%H:%M:%SZ}"
    now = client.get(f"{WHERE}/referrals", headers=AUTHORIZATION).get_json()
    assert (places(now), now["as_of"]) == ([(1, "xhs:amy", 3), (2, "xhs:bo", 2)], None)
    first = client.get(f"{WHERE}/referrals?limit=1&at={at}", headers=AUTHORIZATION).get_json()
    rest = client.get(f"{WHERE}/referrals?at={at}&cursor={first['next_cursor']}", headers=AUTHORIZATION).get_json()
    assert (places(rest), rest["next_cursor"]) == ([(2, "xhs:amy", 2)], None)
    other = client.get(f"{WHERE}/referrals?cursor={first['next_cursor']}", headers=AUTHORIZATION)
    assert other.status_code == 400, "a cursor belongs to its time"


def test_a_rank_at_a_time_is_that_of_the_board_of_then(client: FlaskClient) -> None:
    """A person who had nothing yet has no rank, among as many as there were."""
    then = client.get(f"{WHERE}/referrals/people/xhs:amy?at={AGO[2]:%Y-%m-%dT%H:%M:%SZ}", headers=AUTHORIZATION)
    body = then.get_json()
    assert (body["rank"], body["score"], body["total"], len(body["entries"])) == (2, 2, 2, 2)
    early = client.get(f"{WHERE}/referrals/people/xhs:bo?at={AGO[45]:%Y-%m-%dT%H:%M:%SZ}", headers=AUTHORIZATION)
    body = early.get_json()
    assert (body["rank"], body["score"], body["total"], body["entries"]) == (None, 0, 1, [])


def test_several_boards_come_in_one_call(client: FlaskClient) -> None:
    """In the order asked, each with its own metric and period."""
    answer = client.get(f"{WHERE}?boards=posts:all,referrals:all&limit=1", headers=AUTHORIZATION).get_json()
    found = [(board["metric"], board["period"], places(board), board["total"]) for board in answer["boards"]]
    assert found == [("posts", "all", [(1, "xhs:bo", 1)], 1), ("referrals", "all", [(1, "xhs:amy", 3)], 2)]
    assert answer["boards"][1]["next_cursor"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("?boards=referrals", 422, "invalid"),
        ("?boards=", 422, "invalid"),
        ("", 422, "invalid"),
        (f"?boards={','.join(['referrals:all'] * 11)}", 422, "invalid"),
        ("?boards=likes:all", 404, "unknown_board"),
        ("?boards=referrals:fortnight", 422, "invalid"),
        ("?boards=referrals:all&limit=101", 422, "invalid"),
        ("/referrals?at=yesterday", 422, "invalid"),
        ("/referrals?at=2026-11-24T00:00:00", 422, "invalid"),
        ("/referrals?at=2027-01-01T00:00:00Z", 422, "invalid"),
        ("/referrals?at=1960-01-01T00:00:00Z", 422, "invalid"),
    ],
)
def test_each_mistake_has_its_status_and_code(client: FlaskClient, path: str, status: int, code: str) -> None:
    """Too many boards, a time without an offset, a time to come."""
    answer = client.get(WHERE + path, headers=AUTHORIZATION)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_a_board_that_is_too_large_for_the_past_is_refused(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cost grows with the board; the message names the remedy."""
    monkeypatch.setattr(board_history, "MAX_ENTRIES", 1)
    answer = client.get(f"{WHERE}/referrals?at=2026-11-23T00:00:00Z", headers=AUTHORIZATION)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "board_too_large")
    assert "shorter period" in answer.get_json()["detail"]


@on_both_kinds_of_redis
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=TIMES, minutes=st.integers(0, 3100), metric=st.sampled_from(["referrals", "clicks", "shares"]))
def test_the_past_is_that_of_a_naive_count(
    redis: RedisClient, times: dict[str, list[datetime]], minutes: int, metric: BoardMetric
) -> None:
    """To the second; clicks without the quarter of an hour that was not over."""
    empty(redis)
    set_tallies(redis, metric, times)
    end_s = int((NOW - timedelta(minutes=minutes)).timestamp()) + 1
    step = QUARTER_S if metric == "clicks" else 1
    expected = []
    for person, moments in times.items():
        seconds = [int(at.timestamp()) // step * step for at in moments]
        counted = [second for second in seconds if second < end_s // step * step]
        if counted:
            expected.append((-len(counted), max(counted), person))
    found = BoardHistory(redis, PARTITIONS).entries(PROGRAM, metric, board_name(PROGRAM, metric, "all"), 0, end_s)
    assert [(-entry.referrals, entry.reached_at_s, entry.participant) for entry in found] == sorted(expected)
