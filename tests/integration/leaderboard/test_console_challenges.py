"""Challenges in the console: every button is a line of the log under the operator's id, and the lists follow."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from msgspec.structs import replace
from redis import Redis

from leaderboard.challenge_levels import read_challenge_levels
from leaderboard.challenge_store import ChallengeStore
from referral.console.home_part import read_part
from referral.events.facts import (
    ContentShared,
    Permission,
    Post,
    PostPublished,
    PostSubmitted,
    RightsGiven,
    Submission,
)
from referral.events.promoter_messages import Messages, people_endpoint
from referral.events.timestamps import to_ms
from tests.support.builders.participants import PROGRAM
from tests.support.operators import SAME_ORIGIN, ConsoleBrowser
from tests.support.systems.challenge_page import LIN, PEOPLE, VERSION, VIEWER, challenge_app
from tests.support.systems.leaderboard import NOW, PARTITIONS

pytestmark = pytest.mark.integration
PAGE = "/console/challenges"
MEI, BO = PEOPLE[1].id, PEOPLE[0].id
NAME, UNKNOWN = "pst_" + "a" * 16, "pst_" + "b" * 16
TARGET = f"{MEI}/{NAME}"


def _lines() -> list[Any]:
    about = {"program": PROGRAM, "person": MEI, "occurred_at": NOW - timedelta(hours=3)}
    return [
        PostPublished(id="p1", data=Post(post=NAME, hashtags=("#Glow30",)), **about),
        RightsGiven(id="g1", data=Permission(post=NAME, wording="Yes"), **about),
        ContentShared(id="s1", **{**about, "person": BO}),
    ]


@pytest.fixture
def app(redis: "Redis", redis_url: str) -> Flask:
    """The service with one submission that waits."""
    return challenge_app(redis, redis_url, _lines())


def _browser(app: Flask, who: Any = LIN) -> ConsoleBrowser:
    browser = ConsoleBrowser(app)
    browser.enter(who)
    return browser


def _listed(browser: ConsoleBrowser, name: str) -> str:
    answer = browser.get(f"{PAGE}?list={name}&lang=en")
    assert answer.status_code == 200
    return answer.text


def _decide(browser: ConsoleBrowser, word: str, target: str = TARGET, **more: str) -> None:
    browser.app.extensions["referral"].clock.advance(1000)
    fields = {"decision": f"{word} {target}", "challenge": "glow30", "list": "waiting", **more}
    answer = browser.post(PAGE, fields, page=PAGE)
    assert answer.status_code == 303, answer.text


def test_a_submission_is_approved_picked_featured_and_refused(app: Flask, redis: "Redis") -> None:
    """The latest review counts; a refusal needs a reason of the list."""
    lin, store = _browser(app), ChallengeStore(redis, PARTITIONS)
    assert TARGET in _listed(lin, "waiting")
    _decide(lin, "approve")
    assert "All clear" in _listed(lin, "waiting")
    entry = store.record(PROGRAM, MEI).post(NAME).entry("glow30")
    assert (entry.review_state, entry.review and entry.review.by) == ("approved", "opr_lin")
    assert store.count("gallery", PROGRAM, "glow30") == 1
    _decide(lin, "pick")
    _decide(lin, "feature")
    assert "Post of week 4" in _listed(lin, "counted")
    _decide(lin, "unfeature")
    assert "Picked by us" in _listed(lin, "counted")
    _decide(lin, "refuse", **{f"reason {TARGET}": "advertising"})
    assert store.count("gallery", PROGRAM, "glow30") == 0
    without = {"decision": f"refuse {TARGET}", "challenge": "glow30"}
    assert lin.post(PAGE, without, page=PAGE).status_code == 400
    assert lin.post(PAGE, {"decision": f"approve {MEI}/none", "challenge": "glow30"}, page=PAGE).status_code == 404


def _undo(browser: ConsoleBrowser, page: str) -> None:
    """Submits the form of the toast, as the page has it."""
    form = re.search(r'<div class="toast">.*?</form>', page, re.DOTALL)
    assert form is not None, page
    fields: dict[str, Any] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form[0]):
        fields.setdefault(name, []).append(value)
    browser.app.extensions["referral"].clock.advance(1000)
    assert browser.client.post(PAGE, data=fields, headers=SAME_ORIGIN).status_code == 303


def _audit(app: Flask) -> list[tuple[str, str, str]]:
    return [(one.actor, one.action, one.target) for one in app.extensions["leaderboard"].publisher.audited]


def test_decisions_are_taken_back_and_are_on_the_audit_log(app: Flask, redis: "Redis") -> None:
    """The toast has the form: a review is as if it had not been made, a pick is taken back."""
    lin, store = _browser(app), ChallengeStore(redis, PARTITIONS)
    fields = {"decision": f"refuse {TARGET}", "challenge": "glow30", "list": "waiting", f"reason {TARGET}": "copied"}
    _undo(lin, lin.client.post(PAGE, data=fields | _csrf(lin), headers=SAME_ORIGIN, follow_redirects=True).text)
    assert store.record(PROGRAM, MEI).post(NAME).entry("glow30").review_state == "waiting"
    fields = {"decision": f"pick {TARGET}", "challenge": "glow30", "list": "waiting"}
    _undo(lin, lin.client.post(PAGE, data=fields | _csrf(lin), headers=SAME_ORIGIN, follow_redirects=True).text)
    assert not store.record(PROGRAM, MEI).post(NAME).entry("glow30").is_picked
    _decide(lin, "thank", BO)
    decided = [f"submission.{name}" for name in ("refused", "decision_undone", "picked", "unpicked")]
    assert _audit(app) == [*(("opr_lin", one, TARGET) for one in decided), ("opr_lin", "person.thanked", BO)]


def _csrf(browser: ConsoleBrowser) -> dict[str, str]:
    return {"csrf": browser.token(PAGE)}


def test_chosen_submissions_are_decided_together(redis: "Redis", redis_url: str) -> None:
    """With one reason for all; those that are gone are counted, and all of them are taken back together."""
    about = {"program": PROGRAM, "person": BO, "occurred_at": NOW - timedelta(hours=2)}
    other = PostPublished(id="p2", data=Post(post=UNKNOWN, hashtags=("#Glow30",)), **about)
    app = challenge_app(redis, redis_url, [*_lines(), other])
    lin, store = _browser(app), ChallengeStore(redis, PARTITIONS)
    fields: dict[str, Any] = {"decision": "refuse", "challenge": "glow30", "list": "waiting", "reason": "off_topic"}
    fields["id"] = [TARGET, f"{BO}/{UNKNOWN}", f"{BO}/none"]
    page = lin.client.post(PAGE, data=fields | _csrf(lin), headers=SAME_ORIGIN, follow_redirects=True).text
    assert store.count("waiting", PROGRAM, "glow30") == 0
    assert len(_audit(app)) == 2
    _undo(lin, page)
    assert store.count("waiting", PROGRAM, "glow30") == 2
    assert lin.post(PAGE, {**fields, "reason": "none"}, page=PAGE).status_code == 400


def test_a_post_that_was_not_published_within_the_challenge_is_of_none_of_its_weeks(
    redis: "Redis", redis_url: str
) -> None:
    """It was handed in, and nothing says when it was published: there is no button, and a form that has one is refused."""
    about = {"program": PROGRAM, "person": MEI, "occurred_at": NOW - timedelta(hours=2)}
    handed_in = PostSubmitted(id="s2", data=Submission(challenge="glow30", post=UNKNOWN), **about)
    lin = _browser(challenge_app(redis, redis_url, [*_lines(), handed_in]))
    listed = _listed(lin, "waiting")
    assert f"feature {TARGET}" in listed
    assert f"pick {MEI}/{UNKNOWN}" in listed
    assert f"feature {MEI}/{UNKNOWN}" not in listed
    fields = {"decision": f"feature {MEI}/{UNKNOWN}", "challenge": "glow30"}
    assert lin.post(PAGE, fields, page=PAGE).status_code == 409


def test_who_shared_or_posted_today_is_thanked_once(app: Flask) -> None:
    """One tap; everyone who opens the list sees it."""
    lin = _browser(app)
    assert len(re.findall(r'value="thank psn_\w+"', _listed(lin, "thanks"))) == 2
    _decide(lin, "thank", BO)
    shown = _listed(_browser(app, VIEWER), "thanks")
    assert shown.count("Thanked") == 1
    assert 'value="thank psn_' not in shown, "a viewer decides nothing"
    assert _browser(app, VIEWER).post(PAGE, {"decision": f"thank {MEI}"}, page=PAGE).status_code == 403


def test_who_is_thanked_gets_a_message_once_if_the_program_sends_it(app: Flask) -> None:
    """Another tap on the same day asks for the same message."""
    publisher, catalog = app.extensions["leaderboard"].publisher, app.extensions["referral"].follower.view
    lin = _browser(app)
    _decide(lin, "thank", BO)
    assert publisher.deliveries == []
    for version, kinds in ((2, ("thank_you",)), (3, ("welcome",))):
        program = replace(VERSION.program, messages=Messages(kinds=kinds))  # type: ignore[arg-type]
        catalog.apply(replace(VERSION, program=program, version=version))
        for _ in range(2):
            _decide(lin, "thank", MEI)
    first, second = publisher.deliveries
    assert (first.person, first.item.kind, first.webhook) == (MEI, "thank_you", people_endpoint(PROGRAM, MEI))
    assert first.item.id == second.item.id


def test_what_waits_is_on_the_home_view_and_a_metric(app: Flask, redis: "Redis") -> None:
    """How many, and since when the first: the alert needs the latter."""
    part = read_part(_browser(app).get(f"/console/boards/home?program={PROGRAM}").data)
    [need] = part.needs
    assert (need.kind, need.number, need.path) == ("submissions", 1, f"{PAGE}?challenge=glow30")
    levels = read_challenge_levels(ChallengeStore(redis, PARTITIONS), [(PROGRAM, "glow30")], to_ms(NOW))
    assert levels == {("submissions_waiting", ()): 1.0, ("submission_waiting_seconds", ()): 3 * 3600.0}
    _decide(_browser(app), "approve")
    levels = read_challenge_levels(ChallengeStore(redis, PARTITIONS), [(PROGRAM, "glow30")], to_ms(NOW))
    assert set(levels.values()) == {0.0}
