"""Home and settings of the console: what waits at the services, API keys, operators, the audit log."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import get_args

import pytest

from link_issuer.pages.action_texts import ACTION_TEXTS
from referral.config import Settings
from referral.events.audit import ActionName
from tests.support.app_server import serve_app
from tests.support.builders.participants import PROGRAM
from tests.support.operators import ConsoleBrowser, operator
from tests.support.records import write_records
from tests.support.systems.console_review import AMYS, BOS, ELSEWHERE, LIN, QUEUE, VIEWER, Review, serve_review
from tests.support.systems.link_issuer import LinkIssuer, serve_link_issuer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
ADMIN, OTHER = operator("ad", "admin"), operator("ot", "growth")
NOWHERE = "http://127.0.0.1:1"
SETTINGS, OPERATORS, AUDIT = "/console/settings", "/console/settings/operators", "/console/settings/audit"


def text(browser: ConsoleBrowser, path: str) -> str:
    """Returns the text of a page."""
    page = browser.get(f"{path}{'&' if '?' in path else '?'}lang=en")
    assert page.status_code == 200, page.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


@pytest.fixture
def home(settings: Settings, environ: dict[str, str]) -> Iterator[tuple[Review, ConsoleBrowser]]:
    """Two held referrals, link-issuer which reads them, and lin's browser there; reward-dispatcher does not respond."""
    with ExitStack() as stack:
        review = stack.enter_context(serve_review(settings, environ))
        address = stack.enter_context(serve_app(review.tracker.app))
        there = replace(settings, conversion_tracker=address, reward_dispatcher=NOWHERE, leaderboard=NOWHERE)
        issuer = stack.enter_context(serve_link_issuer(there))
        issuer.context.follower.read_to_end(30)
        browser = ConsoleBrowser(issuer.app)
        browser.enter(LIN)
        yield review, browser


def test_home_shows_what_waits_and_which_part_does_not_respond(home: tuple[Review, ConsoleBrowser]) -> None:
    """With the operator's own session: who may not see the program sees nothing of it."""
    review, browser = home
    page = browser.get("/console?lang=en")
    assert f'href="{QUEUE}?program={PROGRAM}&amp;lang=en"' in page.text
    shown = text(browser, "/console")
    assert "2 referrals held" in shown
    assert "the oldest" in shown
    assert "Rewards can&#39;t be shown right now." in shown or "Rewards can't be shown right now." in shown
    assert "Boards can&#39;t be shown right now." in shown or "Boards can't be shown right now." in shown
    assert "+0 friends as before 0 left again" in shown
    assert "Your last decisions" not in shown
    review.lin.post(QUEUE, {"decision": f"release {BOS}"}, page=QUEUE)
    assert "1 referral held" in text(browser, "/console")
    browser.enter(ELSEWHERE)
    assert "referral held" not in text(browser, "/console")


def test_home_takes_the_operators_own_last_decisions_back(home: tuple[Review, ConsoleBrowser]) -> None:
    """The newest about a referral only; a viewer has decided nothing, and others' decisions are not shown."""
    review, browser = home
    review.lin.post(QUEUE, {"decision": f"release {BOS}"}, page=QUEUE)
    page = browser.get("/console?lang=en").text
    assert re.search(rf"Released a referral.*{BOS}", page, re.DOTALL)
    [form] = re.findall(r'<form method="post" action="(/console/review[^"]*)">(.*?)</form>', page, re.DOTALL)
    sent = dict(re.findall(r'name="(id|decision)" value="([^"]+)"', form[1]))
    assert sent == {"id": BOS, "decision": "undo"}
    assert review.lin.post(form[0].replace("&amp;", "&"), sent, page=QUEUE).status_code == 303
    wait_until(lambda: review.listed("held") == {AMYS, BOS})
    after = browser.get("/console?lang=en").text
    assert after.index("Took back a decision about a referral") < after.index("Released a referral")
    assert 'action="/console/review' not in after
    viewer = ConsoleBrowser(browser.app)
    viewer.enter(VIEWER)
    assert "Your last decisions" not in viewer.get("/console?lang=en").text


@pytest.fixture
def staffed(issuer: LinkIssuer) -> LinkIssuer:
    """Link-issuer with an admin and a growth operator."""
    write_records(issuer.settings, [ADMIN, OTHER])
    issuer.context.follower.read_to_end(30)
    return issuer


def browser_of(issuer: LinkIssuer, who: object = ADMIN) -> ConsoleBrowser:
    """Returns a browser with a session."""
    browser = ConsoleBrowser(issuer.app)
    browser.enter(who)  # type: ignore[arg-type]
    return browser


def test_a_key_is_revoked_in_the_console(staffed: LinkIssuer) -> None:
    """It is refused from then on; the audit log says who did it."""
    browser = browser_of(staffed)
    assert "links ● Valid" in text(browser, SETTINGS)
    assert browser.post(SETTINGS, {"key": "key_links"}, page=SETTINGS).status_code == 303
    assert "links ↩ Revoked" in text(browser, SETTINGS)
    assert staffed.request("GET", "/v1/programs", key="links").status_code == 401
    assert staffed.request("GET", "/v1/programs", key="reader").status_code == 200
    assert browser.post(SETTINGS, {"key": "key_unknown"}, page=SETTINGS).status_code == 303
    assert re.search(r"Revoked an API key key\.revoked ad key_links", text(browser, AUDIT))
    assert text(browser, AUDIT).count("key.revoked") == 1


def test_an_operator_is_disabled_and_enabled_but_not_oneself(staffed: LinkIssuer) -> None:
    """Their session ends at once; the toast takes it back."""
    browser, other = browser_of(staffed), browser_of(staffed, OTHER)
    assert other.get("/console").status_code == 200
    done = browser.post(OPERATORS, {"operator": "opr_ot", "decision": "disable"}, page=OPERATORS)
    assert other.get("/console").status_code == 303
    shown = text(browser, done.headers["Location"])
    assert "The operator is disabled. Undo" in shown
    assert "ot Growth ⊘ Disabled" in shown
    browser.post(OPERATORS, {"operator": "opr_ot", "decision": "enable"}, page=OPERATORS)
    assert "ot Growth ● Active" in text(browser, OPERATORS)
    assert browser.post(OPERATORS, {"operator": "opr_ad", "decision": "disable"}, page=OPERATORS).status_code == 409
    assert browser.post(OPERATORS, {"operator": "opr_x", "decision": "disable"}, page=OPERATORS).status_code == 404


def test_the_audit_log_shows_the_newest_first_in_words_and_by_actor_or_action(staffed: LinkIssuer) -> None:
    """52 actions are two pages; the second ends with the first of them. The words are in both languages."""
    browser = browser_of(staffed)
    for number in range(26):
        for decision in ("disable", "enable"):
            sent = {"csrf": browser.token(OPERATORS), "operator": "opr_ot", "decision": decision}
            assert browser.post(OPERATORS, sent).status_code == 303, number
    assert browser.post(SETTINGS, {"key": "key_links"}, page=SETTINGS).status_code == 303
    first = browser.get(f"{AUDIT}?lang=en")
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", first.text)
    assert len(rows) == 50
    assert "Revoked an API key" in rows[0]
    assert all("Changed an operator" in row for row in rows[1:])
    times = re.findall(r'<time datetime="([^"]+)">', first.text)
    assert times == sorted(times, reverse=True)
    [more] = re.findall(r'href="(/console/settings/audit\?[^"]*cursor=[^"]+)"', first.text)
    rest = browser.get(more.replace("&amp;", "&"))
    assert len(re.findall(r"<tr><th scope=\"row\">", rest.text)) == 3
    assert "Load 50 more" not in rest.text
    alone = text(browser, f"{AUDIT}?action=key.revoked&actor=opr_ad")
    assert (alone.count("key.revoked"), alone.count("operator.changed")) == (1, 0)
    assert "No action of the last 30 days matches." in text(browser, f"{AUDIT}?actor=opr_ot")
    assert "撤销了 API 密钥" in browser.get(f"{AUDIT}?lang=zh-CN").text


def test_every_action_has_words() -> None:
    """A new one gets its text with its name."""
    assert set(ACTION_TEXTS) == set(get_args(ActionName))


@pytest.mark.parametrize("path", [SETTINGS, OPERATORS, AUDIT])
def test_settings_are_for_admins_of_all_programs(staffed: LinkIssuer, path: str) -> None:
    """Others see no link to them, and no page."""
    bound = operator("bo", "admin", ("prg_x",))
    write_records(staffed.settings, [bound])
    staffed.context.follower.read_to_end(30)
    for who in (OTHER, bound):
        browser = browser_of(staffed, who)
        assert browser.get(path).status_code == 403
        assert SETTINGS not in browser.get("/console").text
        if path != AUDIT:
            sent = {"csrf": browser.token("/console"), "key": "key_links", "operator": "opr_ad", "decision": "disable"}
            assert browser.post(path, sent).status_code == 403
    assert browser_of(staffed).get(path).status_code == 200
