"""Challenges on a real Kafka and Redis: what platforms report and operators decide, as the API and the page show it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.challenges import ChallengeResources
from referral.events.facts import (
    OwnPost,
    Permission,
    PersonBanned,
    PersonFollowed,
    Post,
    PostPublished,
    PostRemoved,
    PostVerified,
    PostVoted,
    RightsGiven,
    RightsWithdrawn,
    Vote,
    fact_key,
)
from referral.events.people import PersonText
from referral.log.publisher import Publisher
from referral.topics import EVENTS
from tests.support.builders.challenges import GLOW30, with_challenges
from tests.support.builders.leaderboard import GLOW_VERSION
from tests.support.builders.participants import PROGRAM, participant, profile
from tests.support.records import erase_person, patient, write_records
from tests.support.settings import API_SECRET, api_key
from tests.support.systems.leaderboard import run_leaderboard
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(microsecond=0)
BEGAN = NOW - timedelta(days=3)
AMY, BO, FAN = participant("amy"), participant("bo"), participant("fan")
CHALLENGE = replace(
    GLOW30,
    starts=BEGAN.date(),
    vote_from=(BEGAN + timedelta(days=2)).date(),
    resources=ChallengeResources(prompts=({"en": "Your shelf", "zh-CN": "你的护肤台"},) * 30),
)
BASE = f"/v1/programs/{PROGRAM}/challenges/glow30"
URL = "https://example.com/posts/1"
encode = msgspec.json.Encoder().encode


def fact(kind: type, who: str, hours: float, **more: Any) -> Any:
    """Returns a line of a person, so many hours before now."""
    at = NOW - timedelta(hours=hours)
    return kind(id=f"{kind.__name__}-{who}-{hours}", occurred_at=at, program=PROGRAM, person=who, **more)


def post(who: str, name: str, hours: float) -> Any:
    """Returns the report of a post with the hashtag."""
    return fact(PostPublished, who, hours, data=Post(post=name, hashtags=("#Glow30",)))


def test_submissions_are_reviewed_shown_voted_for_and_leave(settings: Settings, environ: dict[str, str]) -> None:
    """From the log to the gallery and back: a withdrawal, a removed post, a ban and an erasure each take a post off."""
    version = with_challenges(replace(GLOW_VERSION, recorded_at=BEGAN, effective_from=BEGAN), CHALLENGE)
    text = PersonText(
        id=AMY.id, program=PROGRAM, recorded_at=BEGAN, text_id="pst_aaaaaaaaaaaaaaaa", kind="post", text=URL
    )
    key = api_key("tests", "read", "admin", secret=API_SECRET)
    write_records(settings, [version, key, AMY, BO, profile("amy"), profile("bo"), text])
    publisher = Publisher(patient(settings))
    first, second = "pst_aaaaaaaaaaaaaaaa", "pst_bbbbbbbbbbbbbbbb"

    def publish(*lines: Any) -> None:
        publisher.submit_many(EVENTS, [(fact_key(line), encode(line)) for line in lines]).wait(150)

    publish(
        fact(PersonFollowed, FAN.id, 100),
        post(AMY.id, first, 22),
        post(BO.id, second, 20),
        fact(RightsGiven, AMY.id, 10, data=Permission(post=first, wording="Yes, show it")),
        fact(RightsGiven, BO.id, 10, data=Permission(post=second, wording="Yes")),
        fact(PostVoted, FAN.id, 1, data=Vote(challenge="glow30", post=first, author=AMY.id)),
    )
    with run_leaderboard(environ, ["activity"]) as client:
        wait_until(lambda: _get(client, "").get("waiting") == 2)
        challenge = _get(client, "")
        assert (challenge["participants"], challenge["posts"], challenge["state"]) == (2, 2, "running")
        assert challenge["prompt"]["en"] == "Your shelf"
        wait_until(lambda: _submission(client, first)["votes"]["counted"] == 1)
        found = _submission(client, first)
        assert (found["external_id"], found["text"], found["review"]) == ("xhs:amy", URL, "waiting")
        assert (found["rights"]["state"], found["rights"]["wording"]) == ("given", "Yes, show it")
        assert _get(client, "/gallery")["items"] == []
        for person, name in ((AMY.id, first), (BO.id, second)):
            _post(client, f"/submissions/{person}/{name}/review", {"approved": True, "by": "lin"})
        wait_until(lambda: _gallery(client) == [second, first])
        [review] = _submission(client, first)["revocable"]
        undo = f"/submissions/{AMY.id}/{first}/undo"
        _post(client, undo, {"decision": review, "by": "lin"})
        wait_until(lambda: _gallery(client) == [second])
        assert client.post(f"{BASE}{undo}", json={"decision": review, "by": "lin"}).status_code == 409
        _post(client, f"/submissions/{AMY.id}/{first}/review", {"approved": True, "by": "lin"})
        _post(client, f"/submissions/{AMY.id}/{first}/pick", {"by": "lin"})
        wait_until(lambda: _get(client, "/people/xhs:amy")["score"] == 25)
        place = _get(client, "/people/xhs:amy")
        assert (place["rank"], place["streak"], place["posts"]) == (1, 1, 1)
        publish(fact(PostRemoved, AMY.id, 0.5, data=Post(post=first)))
        wait_until(lambda: _gallery(client) == [second])
        publish(fact(PostVerified, AMY.id, 0.4, data=Post(post=first)))
        wait_until(lambda: _gallery(client) == [second, first])
        publish(fact(RightsWithdrawn, BO.id, 0.3, data=OwnPost(post=second)))
        wait_until(lambda: _gallery(client) == [first])
        publish(fact(RightsGiven, BO.id, 0.2, data=Permission(post=second, wording="Yes")))
        wait_until(lambda: _gallery(client) == [second, first])
        publish(fact(PersonBanned, BO.id, 0.1, by="lin"))
        wait_until(lambda: _gallery(client) == [first])
        erase_person(settings, AMY.id)
        wait_until(lambda: _gallery(client) == [])
        refused = client.post(f"{BASE}/submissions/{AMY.id}/{first}/review", json={"approved": False, "by": "lin"})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/reason")
        assert client.post(f"{BASE}/submissions/{AMY.id}/pst_none/pick", json={"by": "lin"}).status_code == 404
    publisher.close()


def _get(client: httpx.Client, path: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = client.get(f"{BASE}{path}").json()
    except httpx.TransportError:
        return {}  # the process is still starting
    return found


def _post(client: httpx.Client, path: str, body: dict[str, object]) -> None:
    answer = client.post(f"{BASE}{path}", json=body)
    assert answer.status_code == 202, answer.text


def _submission(client: httpx.Client, name: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = _get(client, "/submissions")["items"]
    return next(one for one in items if one["post"] == name)


def _gallery(client: httpx.Client) -> list[str]:
    return [one["post"] for one in _get(client, "/gallery").get("items", [])]
