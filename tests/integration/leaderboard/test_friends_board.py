"""The friends' board: a person, who brought them, and whom they brought, over HTTP, from the states of the real folds."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

from leaderboard.folds.growth_fold import GrowthFold
from leaderboard.http_api import boards
from referral.catalog.view import Catalog
from referral.events.attributions import Evidence, ReferralAttributed, attribution_key
from referral.events.edges import EdgeSet, ReferralInCycle, edge_key
from tests.support.builders.leaderboard import GLOW_VERSION
from tests.support.builders.participants import PROGRAM, START, participant, person_id, profile
from tests.support.folds import LogFold
from tests.support.settings import AUTHORIZATION
from tests.support.systems.leaderboard import (
    NOW,
    PARTITIONS,
    board_score,
    leaderboard_app,
    set_scores,
    set_tallies,
    store_states,
)

pytestmark = pytest.mark.integration

NAMES = ("amy", "bo", "chen", "dai", "eva")
AMY, BO, CHEN, DAI, EVA = (participant(name) for name in NAMES)
BROUGHT = ((BO, AMY), (CHEN, BO), (DAI, BO), (AMY, DAI))  # the last closes a cycle, and is refused
WHERE = f"/v1/programs/{PROGRAM}/boards"


@pytest.fixture
def client(redis: "Redis", redis_url: str) -> FlaskClient:
    """Amy brought Bo, and Bo brought Chen and Dai; Eva is a stranger to them."""
    fold = LogFold(GrowthFold(1), Catalog([GLOW_VERSION]), partitions=PARTITIONS)
    for number, (person, referrer) in enumerate(BROUGHT):
        at = START + timedelta(hours=number)
        same = {"program": PROGRAM, "occurred_at": at, "referrer": referrer.id}
        evidence = Evidence(kind="code", touched_at=at, event="evt_1")
        attributed = ReferralAttributed(id=f"ref_{number}", person=person.id, version=1, evidence=evidence, **same)
        edge = EdgeSet(participant=person.id, referral=f"ref_{number}", since=at, **same)
        fold.append([(attribution_key(attributed), attributed), (edge_key(edge), edge)])
    refused = ReferralInCycle(
        occurred_at=NOW, program=PROGRAM, id="ref_3", participant=AMY.id, referrer=DAI.id, since=NOW, circle=()
    )
    fold.append([(edge_key(refused), refused)])
    fold.drain()
    assert fold.rejected == []
    store_states(redis, "growth", fold.states)
    scores = {AMY.id: board_score(1, NOW), BO.id: board_score(2, NOW), EVA.id: board_score(9, NOW)}
    set_scores(redis, "all", scores)
    set_tallies(redis, "posts", {CHEN.id: [START], EVA.id: [START]})
    return leaderboard_app(
        redis_url, [*(participant(name) for name in NAMES), *(profile(name) for name in NAMES)]
    ).test_client()


def friends(client: FlaskClient, person: str, metric: str = "referrals") -> Any:
    """Returns the friends' board of a person."""
    return client.get(f"{WHERE}/{metric}/people/{person}/friends", headers=AUTHORIZATION).get_json()


def places(answer: Any) -> list[tuple[int, str, int, str]]:
    """Returns rank, external id, score and relation of each entry."""
    return [(entry["rank"], entry["external_id"], entry["score"], entry["relation"]) for entry in answer["entries"]]


def test_friends_are_ranked_among_themselves(client: FlaskClient) -> None:
    """Whoever is no friend is not on it, and ranks have no gaps for them; friends without an entry are counted."""
    answer = friends(client, "xhs:bo")
    assert places(answer) == [(1, "xhs:bo", 2, "self"), (2, "xhs:amy", 1, "brought_me")]
    assert (answer["friends"], answer["truncated"], answer["period"]) == (3, False, "all")
    assert places(friends(client, BO.id, "posts")) == [(1, "xhs:chen", 1, "brought_by_me")]


def test_a_refused_referral_makes_no_friends(client: FlaskClient) -> None:
    """Dai's referral of Amy would close a cycle, so neither is the other's friend by it."""
    assert places(friends(client, "xhs:dai")) == [(1, "xhs:bo", 2, "brought_me")]
    assert places(friends(client, "xhs:amy")) == [(1, "xhs:bo", 2, "brought_by_me"), (2, "xhs:amy", 1, "self")]
    assert friends(client, "xhs:amy")["friends"] == 1


def test_a_large_network_is_cut_and_says_so(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earliest friends remain."""
    monkeypatch.setattr(boards, "MAX_FRIENDS", 1)
    answer = friends(client, "xhs:bo", "posts")
    assert (answer["friends"], answer["truncated"], len(answer["entries"])) == (2, True, 1)


def test_a_person_without_friends_has_a_board_of_their_own_and_a_stranger_has_none(client: FlaskClient) -> None:
    """Participants look from the first day on; who is not a participant is told so."""
    assert places(friends(client, "xhs:eva")) == [(1, "xhs:eva", 9, "self")]
    unknown = client.get(f"{WHERE}/referrals/people/{person_id('xhs:none')}/friends", headers=AUTHORIZATION)
    assert (unknown.status_code, unknown.get_json()["code"]) == (404, "unknown_participant")


def test_the_network_of_a_person_is_measured_by_degree(client: FlaskClient) -> None:
    """Amy brought Bo, who brought two; Dai's refused referral of Amy is in no network."""
    where = f"/v1/programs/{PROGRAM}/network"
    amy = client.get(f"{where}/xhs:amy?people=2", headers=AUTHORIZATION).get_json()
    assert (amy["degrees"], amy["people_below"], amy["brought_by"], amy["truncated"]) == ([1, 2], 3, None, False)
    assert (amy["reach_multiple"], amy["top_tenth_share"]) == (3.0, 2 / 3)
    assert [(one["external_id"], one["degree"], one["referees"]) for one in amy["people"]] == [
        ("xhs:bo", 1, 2),
        ("xhs:chen", 2, 0),
    ]
    dai = client.get(f"{where}/{DAI.id}", headers=AUTHORIZATION).get_json()
    assert (dai["degrees"], dai["people_below"], dai["reach_multiple"], dai["brought_by"]) == ([], 0, None, BO.id)
    assert client.get(f"{where}/xhs:none", headers=AUTHORIZATION).get_json()["code"] == "unknown_participant"
    assert client.get(f"{where}/xhs:amy?people=5001", headers=AUTHORIZATION).status_code == 422
