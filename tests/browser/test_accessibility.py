"""Every page of the table has no violation that axe-core finds, in both themes and languages, on a phone and on a wide screen.

Nor does one scroll sideways, from 320 to 1440 pixels, in either language, or have a text of one letter a line.

A new page is a row of its system's table.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from leaderboard.folds.closing_terms import PeriodBoard
from link_issuer.http_api.app import app as make_link_issuer
from link_issuer.programs.yaml_form import read_yaml
from referral.catalog.memory_follower import MemoryFollower
from referral.config import Settings
from referral.console.sessions import SessionSigner, start_session
from referral.events.entities import DashboardLink, Link, Operator, ProgramVersion
from referral.events.promoter_messages import MessageItem
from referral.events.standings import PartEntry
from referral.events.timestamps import DAY_MS, to_ms
from referral.http.context import Context
from referral.program_file.check import check_program_file
from referral.redis_client import RedisClient
from referral.tokens import TokenSigner, WalletToken
from reward_dispatcher.wallet_parts import WalletParts
from tests.support.app_server import serve_app
from tests.support.axe import violations
from tests.support.browser import launch_browser, operator_context
from tests.support.builders.participants import AMY, BO, PROFILES, PROGRAM, START
from tests.support.operators import RING, SAME_ORIGIN, operator
from tests.support.records import write_records
from tests.support.settings import GLOW_FILE, UNREACHABLE
from tests.support.systems.console_home import home_parts, record_decisions
from tests.support.systems.console_review import LIN, QUEUE, serve_review
from tests.support.systems.conversion_tracker import CATALOG, serve_conversion_tracker
from tests.support.systems.growth import fold_campaign, follows, growth_app
from tests.support.systems.leaderboard import NOW as BOARD_NOW
from tests.support.systems.leaderboard import board_score, close_board, leaderboard_app, set_scores
from tests.support.systems.link_issuer import RULES, serve_link_issuer
from tests.support.systems.reward_console import STAFF, costly, gift, serve_reward_console
from tests.support.systems.wallet import (
    NOW,
    NOW_MS,
    example_accounts,
    example_credits,
    store_messages,
    wallet_app,
    wallet_link,
)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.integration]
ANN = operator("ann")
REWARD_PAGES = (
    "/console/rewards",
    "/console/rewards/rwd_gift",
    "/console/rewards?person=xhs:friend1",
    "/console/rewards/pools",
    "/console/rewards/budgets",
    "/console/rewards/budgets/stopped?budget=total&unit=CNY",
    "/console/rewards/budgets/stopped",
    "/console/rewards/messages",
    "/console/rewards/messages?status=delivered",
    "/console/rewards/webhooks",
    "/console/rewards/webhooks/{webhook}",
    "/desk/redeem",
    "/console/rewards/rwd_unknown",
)
REVIEW_PAGES = (QUEUE, f"{QUEUE}?status=cleared", f"{QUEUE}?status=rejected")
ISSUER_PAGES = (
    "/console",
    "/console/sign-in",
    "/console/settings",
    "/console/settings/operators",
    "/console/settings/audit",
    "/s/unknown",
    "/docs",
)
WALLET_PAGES = ("/w", "/w/abc", "/g/abc", "{open}", "{expired}", "{taken}", "{asked}", "{used_up}", "/docs")
SHARE_PAGES = (
    "/w/share?channel=wechat",
    "/w/share?channel=xiaohongshu",
    "/s/AMY88",
    "/s/AMY88?channel=xiaohongshu",
    "/s/OVER99",
)
BOARD_PAGES = (
    f"/p/{PROGRAM}",
    f"/p/{PROGRAM}?period=day",
    f"/p/{PROGRAM}?period=2026-09",
    f"/p/{PROGRAM}?me={AMY.id}",
    f"/p/{PROGRAM}?period=2026-10&me={AMY.id}",
    f"/p/{PROGRAM}/proof/referrals/2026-09/{AMY.id}",
    "/p/prg_nope",
)
GROWTH_PAGES = (
    f"/p/{PROGRAM}/growth",
    f"/p/{PROGRAM}/growth?days=90",
    f"/p/{PROGRAM}/growth/links",
    f"/p/{PROGRAM}/growth/network",
)
GROWTH_LINK_PAGES = (
    f"/p/{PROGRAM}/growth?link={{link}}",
    f"/p/{PROGRAM}/growth/network?link={{link}}",
    f"/p/{PROGRAM}/growth?link=over",
)
WIDTHS = (320, 390, 768, 1024, 1440)
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SQUEEZED = """[...document.querySelectorAll("main *")]
    .filter(one => !one.children.length && one.textContent.trim().length > 3 && !one.closest("svg, option, .hidden"))
    .filter(one => { const { width, height } = one.getBoundingClientRect(); return width && width < 20 && height > 3 * width })
    .map(one => `squeezed: ${one.outerHTML}`)"""
UNFOLD = "for (const one of document.querySelectorAll('details')) one.open = true"
END_TRANSITIONS = """for (const one of document.getAnimations()) {
    if (one.effect.getComputedTiming().endTime === Infinity) one.cancel(); else one.finish()
}"""
# Each theme on each width, each language in one of both: what a language changes does not depend on the theme.
LOOKS = {"en": (("light", 390), ("dark", 1280)), "zh-CN": (("dark", 390),)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


def _in_console(browser: Browser, address: str, who: Operator, paths: tuple[str, ...]) -> dict[str, list[str]]:
    """The violations of pages that an operator sees."""
    token = SessionSigner(RING).write(start_session(who, int(time.time())))
    return _found(browser, address, paths, name="console", value=token, path="/")


def _in_wallet(browser: Browser, app: Flask, address: str, paths: tuple[str, ...]) -> dict[str, list[str]]:
    """The violations of pages that Amy sees while her wallet is open."""
    shared: Context = app.extensions["referral"]
    now_ms = shared.clock.now_ms()
    session = WalletToken("wlk_1", AMY.program, AMY.id, now_ms, now_ms + DAY_MS, now_ms + DAY_MS)
    text = TokenSigner(shared.key_ring).sign_wallet("wallet-open", session)
    return _found(browser, address, paths, name="wallet", value=text, path="/w")


def _found(browser: Browser, address: str, paths: tuple[str, ...], **cookie: str) -> dict[str, list[str]]:
    """The violations by page and look, with everything unfolded; without those that have none."""
    found: dict[str, list[str]] = {}
    for lang, looks in LOOKS.items():
        context = browser.new_context()
        if cookie:
            context.add_cookies([{**cookie, "domain": "127.0.0.1"}])  # type: ignore[typeddict-item] # as given
        page = context.new_page()
        for path in paths:
            page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={lang}")
            page.evaluate(UNFOLD)
            for scheme, width in looks:
                _look_as(page, scheme, width)
                if some := violations(page) + page.evaluate(SQUEEZED):
                    found[f"{path} {scheme} {lang} {width}"] = some
            found |= _sideways(page, f"{path} {lang}")
        context.close()
    return found


def _look_as(page: Page, scheme: str, width: int) -> None:
    """Shows a page that is open in another theme and width, which costs less than to load it again."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # light or dark
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate(END_TRANSITIONS)


def _sideways(page: Page, name: str) -> dict[str, list[str]]:
    """The widths at which a page that is open scrolls sideways, and by how much; the widths of its context come back after."""
    before, found = page.viewport_size, {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        if excess := page.evaluate(TOO_WIDE):
            found[f"{name} {width}"] = [f"{excess} px too wide"]
    if before is not None:
        page.set_viewport_size(before)
    return found


def test_pages_of_rewards_and_the_staff_page(browser: Browser, settings: Settings, environ: dict[str, str]) -> None:
    """With rewards in several states, a budget that stops some, and a webhook."""
    with serve_reward_console(settings, environ, "ledger") as console, serve_app(console.app) as address:
        made = console.service.client.post(
            "/v1/webhooks", json={"program": "prg_glow", "url": "http://127.0.0.1:1/hook"}
        ).json()
        console.service.write_rewards([costly("rwd_a", 40_000), costly("rwd_b", 20_000), gift("rwd_gift")])
        wait_until(lambda: "1 reward" in console.text("/console/rewards/budgets"))
        paths = tuple(path.format(webhook=made["id"]) for path in REWARD_PAGES)
        assert _in_console(browser, address, STAFF["admin"], paths) == {}


def test_pages_of_held_referrals(browser: Browser, settings: Settings, environ: dict[str, str]) -> None:
    """With two referrals that are held."""
    with serve_review(settings, environ) as review, serve_app(review.tracker.app) as address:
        assert _in_console(browser, address, LIN, REVIEW_PAGES) == {}


def test_home_settings_and_sign_in(browser: Browser, settings: Settings) -> None:
    """With all that home can show, with parts that are missing, and the page of an address at which there is nothing."""
    with ExitStack() as stack:
        others = stack.enter_context(serve_app(home_parts()))
        there = replace(settings, conversion_tracker=others, reward_dispatcher=others, leaderboard=others)
        system = stack.enter_context(serve_link_issuer(there))
        address = stack.enter_context(serve_app(system.app))
        write_records(settings, [ANN])
        system.context.follower.read_to_end(30)
        assert _in_console(browser, address, ANN, ("/console",)) == {}
        record_decisions(system.app, ANN)
        assert _in_console(browser, address, ANN, ISSUER_PAGES) == {}
    with serve_link_issuer(settings) as system, serve_app(system.app) as address:
        system.context.follower.read_to_end(30)
        assert _in_console(browser, address, ANN, ("/console",)) == {}


def test_the_join_page_and_unsubscription(browser: Browser, settings: Settings) -> None:
    """Before and after someone joined; of a valid and of an invalid link."""
    join = {"channels": ["xiaohongshu", "wechat"], "consent": {"en": "I agree.", "zh-CN": "我同意。"}}
    rules = RULES | {"name": {"en": "Glow", "zh-CN": "焕肤计划"}, "channels": ["wechat", "xiaohongshu"], "join": join}
    with serve_link_issuer(settings) as system, serve_app(system.app) as address:
        assert system.apply(rules).status_code == 201
        amy = system.enrol_amy(contact="amy@mail.example", consents=["messages"])
        unsubscribe = TokenSigner(RING).sign_unsubscribe(rules["id"], amy["id"])
        assert _found(browser, address, (f"/j/{rules['id']}", f"/u/{unsubscribe}", "/u/x", "/j/prg_nope")) == {}
        client = system.app.test_client()
        sent = client.post(f"/j/{rules['id']}", data={"handle": "mei", "consent": "1"}, headers=SAME_ORIGIN)
        assert sent.status_code == 303, sent.text
        claim = client.get_cookie("join", path="/j")
        assert claim is not None
        assert _found(browser, address, (f"/j/{rules['id']}",), name="join", value=claim.value, path="/j") == {}


def test_the_desk(browser: Browser, settings: Settings) -> None:
    """The paste, and what it becomes: a new friend, one who is here, a similar code and a line without one.

    Then the last pastes, of which one is taken back.
    """
    ann = operator("ann")
    pasted = f"Mei: {AMY.code}\nMei: {AMY.code}\nMo: {AMY.code[:-1]}x\nTao: nice"
    with serve_conversion_tracker(settings, *CATALOG, ann) as tracker, serve_app(tracker.app) as address:
        assert _in_console(browser, address, ann, ("/console/desk",)) == {}
        for lang, (scheme, width) in (("en", ("light", 390)), ("zh-CN", ("dark", 1280))):
            page = operator_context(browser, address, ann).new_page()
            page.goto(f"{address}/console/desk?lang={lang}")
            page.locator("main textarea").fill(pasted)
            page.locator("main form[action*='/check'] button").first.click()
            page.locator("[name=row]").first.wait_for(state="attached")
            _look_as(page, scheme, width)
            assert violations(page) + page.evaluate(SQUEEZED) == []
            assert _sideways(page, lang) == {}
            page.locator("main [data-bar] button").click()
            page.locator("main form[action*='/undo'] button").wait_for()
            page.goto(f"{address}/console/desk?lang={lang}")
            page.locator("main form[action*='/undo'] button").first.click()
            page.locator("main h2").wait_for()
            page.context.close()
        assert _in_console(browser, address, ann, ("/console/desk",)) == {}


def test_the_wallet_its_doors_and_downloads(browser: Browser, redis: RedisClient, redis_url: str) -> None:
    """With a reward in each state, a part that is missing, and every page of a link that opens nothing."""
    app = wallet_app(redis_url, [*example_accounts(), *example_credits()])
    store_messages(app, redis, (MessageItem(id=f"msi_{n}", kind="friend_came", at=NOW) for n in range(5)))
    paths = _wallet_paths(app)
    with serve_app(app) as address:
        assert _in_wallet(browser, app, address, paths) == {}
        app.extensions["rewards"].wallet_parts.parts = WalletParts(None, None)
        app.extensions["rewards"].store.stored = []
        assert _in_wallet(browser, app, address, ("/w",)) == {}
        assert _found(browser, address, ("/w",)) == {}
    app.extensions["referral"].close()


def _wallet_paths(app: Flask) -> tuple[str, ...]:
    """The pages, with a link in each state."""
    client, guides = app.test_client(), TokenSigner(app.extensions["referral"].key_ring)
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    expired, taken = wallet_link(app, issued_ms=NOW_MS - 40 * DAY_MS), wallet_link(app, "wlk_taken")
    asked = wallet_link(app, "wlk_asked", person=BO.id, issued_ms=NOW_MS - 40 * DAY_MS)
    assert client.post(taken).status_code == 303
    assert client.post(f"{asked}/ask").status_code == 303
    links = {
        "open": wallet_link(app, "wlk_new"),
        "expired": expired,
        "taken": taken,
        "asked": asked,
        "used_up": f"/g/{guides.sign_guide('rwd_guide', NOW_MS - 1)}",
    }
    return tuple(path.format(**links) for path in WALLET_PAGES)


def test_invitations_and_the_share_sheet(browser: Browser) -> None:
    """Of the example program, on a channel with links and on one without."""
    program = check_program_file(read_yaml(GLOW_FILE.read_text("utf-8")).content).program
    assert program is not None
    version = ProgramVersion(recorded_at=START, program=program, version=1, effective_from=START)
    over = Link(recorded_at=START, id="lnk_1", program=program.id, participant=AMY.id, code="OVER99", disabled=True)
    app = make_link_issuer(UNREACHABLE, MemoryFollower([version, AMY, over], PROFILES))
    with serve_app(app) as address:
        assert _in_wallet(browser, app, address, SHARE_PAGES) == {}
    app.extensions["referral"].close()


def test_boards(browser: Browser, redis: RedisClient, redis_url: str) -> None:
    """With people, of a period without anyone, with the reader's own row, closed with corrections, and of no program."""
    set_scores(redis, "2026-11", {AMY.id: board_score(3, NOW), BO.id: board_score(1, NOW)})
    closed = [PartEntry(AMY.id, 3, 1_790_000_000), PartEntry(BO.id, 2, 1_790_000_000)]
    close_board(redis, PeriodBoard(PROGRAM, "referrals", "follower", "2026-10"), closed)
    app = leaderboard_app(redis_url, [AMY, BO, *PROFILES])
    with serve_app(app) as address:
        assert _found(browser, address, BOARD_PAGES) == {}
    app.extensions["referral"].close()


def test_pages_of_growth(browser: Browser, redis: RedisClient, redis_url: str) -> None:
    """With a campaign of sixty days, for an operator and by a link; and before the first follower."""
    link = DashboardLink(
        recorded_at=BOARD_NOW, id="dsh_1", program=PROGRAM, expires_at=BOARD_NOW + timedelta(days=7), made_by=ANN.id
    )
    app = growth_app(redis_url, [ANN, link])
    token = TokenSigner(RING).sign_dashboard(link.id, to_ms(link.expires_at))
    with serve_app(app) as address:
        assert _in_console(browser, address, ANN, GROWTH_PAGES) == {}
        fold_campaign(redis, follows())
        assert _in_console(browser, address, ANN, GROWTH_PAGES) == {}
        assert _found(browser, address, tuple(path.format(link=token) for path in GROWTH_LINK_PAGES)) == {}
    app.extensions["referral"].close()


def test_a_mistake_is_found(browser: Browser) -> None:
    """A picture without a text, and a field without a label."""
    page = browser.new_page()
    page.set_content("<html lang='en'><title>x</title><main><h1>x</h1><img src='data:,'><input></main>")
    assert {one.partition(":")[0] for one in violations(page)} >= {"image-alt", "label"}
    page.close()


def test_a_squeezed_text_is_found(browser: Browser) -> None:
    """A key that breaks anywhere, in a column as wide as a letter."""
    page = browser.new_page()
    page.set_content("<main><p style='width: 12px; overflow-wrap: anywhere'>V5IV TKX5</p><p>V5IV TKX5</p></main>")
    assert len(page.evaluate(SQUEEZED)) == 1
    page.close()


def test_a_page_that_is_too_wide_is_found(browser: Browser) -> None:
    """A word that does not break, on a phone only."""
    page = browser.new_page()
    page.set_content(f"<title>x</title><meta name=viewport content='width=device-width'><p>{'x' * 80}</p>")
    assert set(_sideways(page, "page")) == {"page 320", "page 390"}
    page.close()
