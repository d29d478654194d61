"""Clicks reclassified over HTTP and by the command: found on the log, counted once, uses returned."""

import dataclasses
import time
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from link_issuer.http_api.clicks import api
from referral.clock import ManualClock
from referral.events.facts import ClickReclassed, LinkClicked, PersonFollowed
from referral.events.keys import person_key
from referral.events.timestamps import to_ms
from referral.topics import EVENTS
from referral_tools.cli import main
from tests.support.app_server import serve_app
from tests.support.redis_servers import empty
from tests.support.systems.link_issuer import PROGRAM, LinkIssuer

pytestmark = pytest.mark.integration
WHERE = f"/v1/programs/{PROGRAM}/clicks/reclass"


def set_clock(system: LinkIssuer, moment: datetime) -> None:
    """Sets the clock of the service."""
    system.app.extensions["referral"] = dataclasses.replace(system.context, clock=ManualClock(to_ms(moment)))


def open_link(system: LinkIssuer, code: str, times: int) -> list[LinkClicked]:
    """Opens a link and returns all its clicks once they are on the log."""
    assert [system.open(f"/{code}").status_code for _ in range(times)] == [302] * times
    deadline = time.monotonic() + 150
    while len(found := [one for one in system.clicks() if one.code == code]) < times:
        assert time.monotonic() < deadline, found
    return sorted(found, key=lambda one: one.occurred_at)


def corrections(system: LinkIssuer) -> list[ClickReclassed]:
    """All corrections on the log."""
    return [line for line in system.facts() if isinstance(line, ClickReclassed)]


def reclass(system: LinkIssuer, key: str = "admin", **body: object) -> Any:
    """Sends the request."""
    return system.request("POST", WHERE, body, key)


def test_a_click_that_was_not_a_persons_returns_its_use_once(glow: LinkIssuer) -> None:
    """The line has all fields that a counter needs; the use stays returned, also after a repetition and a loss of Redis."""
    amy = glow.enrol_amy()
    glow.link(amy["id"], code="two", max_uses=2)
    first, _ = open_link(glow, "TWO", 2)
    assert glow.open("/TWO").status_code == 410
    answer = reclass(glow, click=first.id, visitor="crawler", note="a monitor")
    assert (answer.status_code, answer.get_json()) == (200, {"reclassed": 1, "visitor": "crawler", "returned": 1})
    assert reclass(glow, click=first.id, visitor="preview").get_json()["returned"] == 0
    line = corrections(glow)[0]
    assert (line.click, line.clicked_at, line.was, line.visitor) == (first.id, first.occurred_at, "person", "crawler")
    assert (line.by, line.code, line.participant) == ("key_admin", "TWO", amy["id"])
    glow.context.follower.read_to_end(30)
    note = glow.context.people.text(amy["id"], str(line.note))
    assert note is not None
    assert (note.kind, note.text) == ("note", "a monitor")
    assert line.api_key == "key_admin"
    empty(glow.context.redis)
    assert glow.request("GET", "/v1/links/TWO").get_json()["uses"] == 1
    assert [glow.open("/TWO").status_code for _ in range(2)] == [302, 410]
    assert reclass(glow, click=first.id, visitor="person").get_json()["returned"] == -1
    assert reclass(glow, click=first.id, visitor="person", key="links").status_code == 403
    assert reclass(glow, click="clk_none", visitor="person").get_json()["code"] == "unknown_click"


def test_all_clicks_of_a_code_in_a_period_are_reclassified(glow: LinkIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the command: those recorded with that class in the period, and no others; a period that is not over is rejected."""
    amy, bo = glow.enrol_amy()["code"], glow.enrol({"external_id": "xhs:bo"}).get_json()["code"]
    found, _ = open_link(glow, amy, 3), open_link(glow, bo, 1)
    glow.open(f"/{amy}", "HEAD")
    start, end = found[0].occurred_at, found[-1].occurred_at + timedelta(milliseconds=1)
    span = {"from": start.isoformat(), "to": end.isoformat()}
    early = reclass(glow, code=amy, visitor="crawler", **span)
    assert (early.status_code, early.get_json()["errors"][0]["pointer"]) == (422, "/to")
    set_clock(glow, end + timedelta(minutes=2))
    with serve_app(glow.app) as url:
        words = ["clicks", "reclass", PROGRAM, "--code", amy, "--from", span["from"], "--to", span["to"]]
        words += ["--visitor", "crawler", "--was", "person", "--url", url, "--key", "rk_admin"]
        ran = CliRunner().invoke(main, words)
        assert (ran.exit_code, ran.output) == (0, "3 clicks are crawler now\n")
        rejected = CliRunner().invoke(main, [*words[:3], "--visitor", "crawler", "--url", url, "--key", "rk_admin"])
        assert rejected.exit_code == 1
        assert "/click" in rejected.output
    assert {line.click for line in corrections(glow)} == {one.id for one in found}
    monkeypatch.setattr(api, "MAX_CLICKS", 2)
    assert reclass(glow, code=amy, visitor="person", **span).get_json()["code"] == "too_much"


def test_other_lines_that_look_like_clicks_are_skipped(glow: LinkIssuer) -> None:
    """A fact whose device has the name of the click type, and invalid bytes, do not prevent a correction."""
    amy = glow.enrol_amy()["code"]
    [click] = open_link(glow, amy, 1)
    follow = PersonFollowed(
        occurred_at=click.occurred_at, id="f1", program=PROGRAM, person="xhs:z", code=amy, device="link.clicked"
    )
    invalid = b'{"type":"link.clicked","code":"%s","id":"\xff"}' % amy.encode()
    for line in (msgspec.json.encode(follow), invalid):
        glow.collaborators.redirect_resolver.publisher.submit(EVENTS, person_key(PROGRAM, "xhs:z"), line).wait(150)
    set_clock(glow, click.occurred_at + timedelta(minutes=2))
    span = {"from": click.occurred_at.isoformat(), "to": (click.occurred_at + timedelta(milliseconds=1)).isoformat()}
    answer = reclass(glow, code=amy, visitor="crawler", **span)
    assert (answer.status_code, answer.get_json()["reclassed"]) == (200, 1), answer.get_json()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/click"),
        ({"click": "clk_1", "code": "X"}, "/click"),
        ({"code": "X"}, "/from"),
        ({"code": "X", "from": "2026-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, "/to"),
        ({"code": "N0SUCH", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, "/code"),
        ({"click": "clk_1", "visitor": "robot"}, "/visitor"),
        ({"click": "clk_1", "from": "yesterday"}, "/from"),
        ({"click": "clk_1", "from": "2026-01-01T00:00:00"}, "/from"),
        ({"click": "clk_1", "since": "2026-01-01T00:00:00Z"}, "/since"),
    ],
)
def test_mistakes_have_pointers_and_remedies(glow: LinkIssuer, body: dict[str, object], pointer: str) -> None:
    """By the name of the field in the request, with what to write instead."""
    answer = reclass(glow, **{"visitor": "crawler", **body})
    [mistake] = answer.get_json()["errors"][:1]
    assert (answer.status_code, mistake["pointer"]) == (422, pointer)
    assert not mistake["detail"].startswith("Not a valid")
    assert "from_" not in mistake["detail"]
