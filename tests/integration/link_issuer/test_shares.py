"""Shares reported over HTTP: by a platform, and by the share page."""

from typing import Any

import pytest

from link_issuer.share_rate_limit import MAX_PER_MINUTE
from referral.events.facts import ContentShared
from referral.topics import EVENTS
from tests.support.builders.participants import person_id
from tests.support.log_reader import read_lines
from tests.support.redis_content import redis_content
from tests.support.redis_servers import empty, on_both_kinds_of_redis
from tests.support.systems.link_issuer import KEYS, PROGRAM, LinkIssuer

pytestmark = pytest.mark.integration
SENDER = next(key for key in KEYS if key.name == "events").name


def report(system: LinkIssuer, body: dict[str, object], key: str = SENDER, **headers: str) -> Any:
    """Reports a share as a platform does."""
    sent = {"program": PROGRAM, "channel": "wechat", **body}
    return system.request(
        "POST", "/v1/shares", sent, key, headers={name.replace("_", "-"): v for name, v in headers.items()}
    )


def shares(system: LinkIssuer) -> list[ContentShared]:
    """All shares on the log."""
    return [line for line in system.facts() if isinstance(line, ContentShared)]


def test_a_share_is_on_the_log_when_the_request_succeeds(glow: LinkIssuer) -> None:
    """By a participant or any person; the shared code is in the data, where it is no evidence of a referral of the sharer."""
    amy = glow.enrol_amy()
    mine = report(glow, {"participant": amy["id"], "content": "hacks", "cta": "tag", "code": amy["code"].lower()})
    assert mine.status_code == 201
    others = report(glow, {"person": "xhs:bo", "code": amy["code"]})
    assert others.status_code == 201
    found = {line.person: line for line in shares(glow)}
    assert found.keys() == {amy["id"], person_id("xhs:bo", PROGRAM)}
    assert {line.data.participant for line in found.values()} == {amy["id"]}
    assert {(line.code, line.data.code) for line in found.values()} == {(None, amy["code"])}
    assert mine.get_json().items() >= {"person": "xhs:amy", "content": "hacks", "cta": "tag"}.items()
    assert others.get_json()["person"] == "xhs:bo"


def test_a_person_is_known_before_their_share_is(glow: LinkIssuer) -> None:
    """The line has a person id; who that is was written before it, once."""
    assert [report(glow, {"person": " XHS:bo"}).status_code for _ in range(2)] == [201, 201]
    bo = person_id("xhs:bo", PROGRAM)
    known = glow.context.people.person(bo)
    assert known is not None
    assert (known.external_id, {line.person for line in shares(glow)}) == ("xhs:bo", {bo})
    assert b"xhs:bo" not in b"".join(line for _, line in read_lines(glow.settings, EVENTS))


def test_a_repeated_share_names_the_person_without_storing_them_in_redis(glow: LinkIssuer) -> None:
    """The same response again; Redis has nothing that an erasure would have to find."""
    first, second = (report(glow, {"person": "xhs:bo"}, Idempotency_Key="k1") for _ in range(2))
    assert (second.get_json(), second.headers["Idempotent-Replayed"]) == (first.get_json(), "true")
    assert second.get_json()["person"] == "xhs:bo"
    assert b"xhs:bo" not in redis_content(glow.context.redis)


@on_both_kinds_of_redis
def test_a_share_that_is_sent_again_is_the_same_share(glow: LinkIssuer) -> None:
    """By its id and time, or by its Idempotency-Key, even if Redis has lost that."""
    share = {"person": "xhs:bo", "id": "share-1", "occurred_at": "2026-11-03T09:35:00Z"}
    assert [report(glow, share).status_code for _ in range(2)] == [201, 201]
    first = report(glow, {"person": "xhs:bo"}, Idempotency_Key="k1")
    empty(glow.context.redis)
    assert report(glow, {"person": "xhs:bo"}, Idempotency_Key="k1").get_json()["id"] == first.get_json()["id"]
    assert {line.id for line in shares(glow)} == {"share-1", first.get_json()["id"]}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/person"),
        ({"person": "x", "participant": "psn_0000000000000000"}, "/person"),
        ({"participant": "psn_0000000000000000"}, "/participant"),
        ({"person": "x", "channel": "douyin"}, "/channel"),
        ({"person": "x", "content": "nothing"}, "/content"),
        ({"person": "x", "code": "N0SUCH"}, "/code"),
        ({"person": "x", "id": "1"}, "/occurred_at"),
        ({"person": "x", "occurred_at": "2999-01-01T00:00:00Z"}, "/occurred_at"),
    ],
)
def test_an_invalid_share_is_rejected_with_a_pointer(glow: LinkIssuer, body: dict[str, object], pointer: str) -> None:
    """Nothing is recorded."""
    answer = report(glow, body)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, pointer)
    assert report(glow, {"person": "x"}, key="reader").status_code == 403
    assert shares(glow) == []


def test_the_share_page_reports_with_its_ticket_for_its_own_code_only(glow: LinkIssuer) -> None:
    """No API key; each press once; a forged token and one of another code report nothing; a flood ends with 429."""
    amy, bo = glow.enrol_amy(), glow.enrol({"external_id": "xhs:bo"}).get_json()
    client = glow.app.test_client()
    ticket = client.get(f"/s/{amy['code']}/ticket?channel=wechat&content=hacks")
    assert ticket.headers["Cache-Control"] == "no-store"
    token, path = ticket.get_json()["token"], f"/s/{amy['code']}/shares"
    answers = [client.post(path, json={"token": token, "press": press}) for press in (1, 1, 2)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert "xhs:amy" not in answers[0].text
    for body, url in [
        ({"token": token + "x", "press": 3}, path),
        ({"token": token, "press": 11}, path),
        ({"token": token, "press": 3}, f"/s/{bo['code']}/shares"),
    ]:
        assert client.post(url, json=body).status_code == 422
    found = shares(glow)
    assert len({line.id for line in found}) == 2
    assert {(line.person, line.channel, line.data.content, line.data.code) for line in found} == {
        (amy["id"], "wechat", "hacks", amy["code"])
    }
    flood = [client.post(path, json={"token": token, "press": 1}) for _ in range(MAX_PER_MINUTE + 1)]
    assert flood[-1].status_code == 429
    assert int(flood[-1].headers["Retry-After"]) <= 60


def test_a_share_is_not_acknowledged_while_the_log_is_unavailable(glow: LinkIssuer) -> None:
    """503 with Retry-After."""
    with glow.with_unwritable_events():
        answer = report(glow, {"person": "xhs:bo"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
