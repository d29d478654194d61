"""The share page in a real browser: it fits the screen, works without scripts, and one tap shares it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Route

from link_issuer.http_api.app import app as make_app
from link_issuer.programs.yaml_form import read_yaml
from referral.catalog.memory_follower import MemoryFollower
from referral.events.entities import Participant, ProgramVersion
from referral.events.people import Profile
from referral.program_file.check import check_program_file
from tests.support.app_server import serve_app
from tests.support.browser import launch_browser, open_page
from tests.support.settings import GLOW_FILE, UNREACHABLE
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
MADE = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = {
    "AMY88": "Amy",
    "7KXQ2M": "油皮救星研究所小助手（每天更新一篇干货）",
    "MARE99": "Marie-Thérèse-Vandenbroucke-Wijngaarden" + "x" * 25,
    "A-VERY-LONG-VANITY-CODE-OF-2026X": "Bo",
    "THAI99": "ร้านสกินแคร์ของคุณแม่และน้องสาวที่เชียงใหม่เปิดทุกวันไม่มีวันหยุดเลย"[:60],
    "EMOJ99": "🌸🧴✨ " * 15,
}
OPEN_ALL = "for (const one of document.querySelectorAll('details')) one.open = true"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The URL of the pages: of the example program, with people with long and short names."""
    program = check_program_file(read_yaml(GLOW_FILE.read_text("utf-8")).content).program
    assert program is not None
    people = [
        Participant(recorded_at=MADE, id=f"psn_{n:016}", program=program.id, code=code) for n, code in enumerate(NAMES)
    ]
    profiles = [
        Profile(recorded_at=MADE, id=one.id, program=program.id, external_id=one.id, display_name=NAMES[one.code])
        for one in people
    ]
    version = ProgramVersion(recorded_at=MADE, program=program, version=1, effective_from=MADE)
    app = make_app(UNREACHABLE, MemoryFollower([version, *people], profiles))
    with serve_app(app) as address:
        yield address
    app.extensions["referral"].close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


@pytest.mark.parametrize("width", [320, 360, 1440])
@pytest.mark.parametrize("code", list(NAMES))
def test_nothing_is_wider_than_the_screen(browser: Browser, address: str, width: int, code: str) -> None:
    """For any name or code, a phone never scrolls sideways; on channels with and without links."""
    for query in ("?lang=en", "?lang=zh-CN&channel=xiaohongshu"):
        page = open_page(browser, f"{address}/s/{code}{query}", width)
        page.evaluate(OPEN_ALL)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()


def test_the_one_action_is_within_reach_and_goes_by_the_link(browser: Browser, address: str) -> None:
    """Following is at the thumb when the page opens on a phone, with the friend's gift in its words; also without scripts."""
    for has_script in (True, False):
        page = open_page(browser, f"{address}/s/AMY88?lang=en", java_script_enabled=has_script)
        action = page.get_by_role("link", name="Follow and get")
        box = action.bounding_box()
        assert box is not None
        assert 844 / 2 < box["y"] < 844 - box["height"]
        assert box["height"] >= 44
        assert (action.get_attribute("href") or "").endswith("/AMY88")
        page.context.close()


def test_where_no_links_are_allowed_the_one_action_copies_the_code(browser: Browser, address: str) -> None:
    """It says where to go next, also to screen readers; without scripts the code is there to select, and no dead button."""
    page = open_page(
        browser, f"{address}/s/AMY88?lang=en&channel=xiaohongshu", permissions=["clipboard-read", "clipboard-write"]
    )
    page.get_by_role("button", name="Copy AMY88").click()
    page.get_by_role("status").filter(has_text="Copied. Now open Xiaohongshu.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "AMY88"
    page.context.close()
    plain = open_page(browser, f"{address}/s/AMY88?lang=en&channel=xiaohongshu", java_script_enabled=False)
    assert plain.get_by_role("button").count() == 0
    assert plain.get_by_text("AMY88", exact=True).is_visible()
    plain.context.close()


def test_passing_it_on_shares_text_and_poster(browser: Browser, address: str) -> None:
    """The phone's share sheet gets the poster where it takes pictures, and the text alone where it does not."""
    for takes_pictures in (True, False):
        context = browser.new_context()
        context.add_init_script("navigator.share = (what) => { window.shared = what; return Promise.resolve(); }")
        context.add_init_script(f"navigator.canShare = () => {str(takes_pictures).lower()}")
        page = context.new_page()
        page.goto(f"{address}/s/AMY88?lang=en")
        page.get_by_text("Know somebody else?").click()
        button = page.get_by_role("button", name="Pass it on")
        with page.expect_response("**/poster.png*"):
            button.hover()  # a picture that takes seconds is left out
        button.click()
        wait_until(lambda page=page: page.evaluate("window.shared"))
        files = page.evaluate("(window.shared.files ?? []).map((file) => [file.name, file.type, file.size > 1000])")
        assert files == ([["AMY88.png", "image/png", True]] if takes_pictures else [])
        assert page.evaluate("window.shared.text").startswith("Flaky skin this season?")
        context.close()


def test_passing_it_on_shares_link_and_text_and_reports_it(browser: Browser, address: str) -> None:
    """One tap opens the phone's share sheet; the text has the link once."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_init_script("navigator.share = (what) => { window.shared = what; return Promise.resolve(); }")
    context.add_init_script("window.reports = []; navigator.sendBeacon = (url) => window.reports.push(url)")
    page = context.new_page()
    page.goto(f"{address}/s/AMY88?lang=en")
    page.get_by_text("Know somebody else?").click()
    button = page.get_by_role("button", name="Pass it on")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    button.click()
    wait_until(lambda: page.evaluate("window.shared"))
    shared = page.evaluate("window.shared")
    wait_until(lambda: page.evaluate("window.reports.length === 1"))
    assert page.evaluate("window.reports[0]").endswith("/s/AMY88/shares")
    assert shared["text"].startswith("Flaky skin this season?")
    assert re.findall(r"\S*/AMY88\S*", shared["text"]) == [shared["text"].split()[-1]]
    assert "url" not in shared
    context.close()


def test_without_a_share_sheet_the_button_copies(browser: Browser, address: str) -> None:
    """And confirms it, also to screen readers; for channels without links the copied text has the code."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.add_init_script("Object.defineProperty(navigator, 'share', { value: undefined })")
    page = context.new_page()
    page.goto(f"{address}/s/AMY88?lang=en&channel=xiaohongshu")
    page.get_by_text("Know somebody else?").click()
    page.get_by_role("button", name="Pass it on").click()
    page.get_by_role("status").filter(has_text="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "Follow with my code AMY88" in copied
    assert "http" not in copied
    context.close()


def test_a_press_before_its_ticket_and_one_long_after_are_reported(browser: Browser, address: str) -> None:
    """A press before the ticket has arrived, and one after it has expired, are each reported once."""
    context = browser.new_context()
    context.add_init_script("navigator.share = () => Promise.resolve()")
    context.add_init_script(
        "window.reports = []; navigator.sendBeacon = (_, body) => body.text().then((text) => reports.push(JSON.parse(text)))"
    )
    page, held = context.new_page(), list[Route]()
    page.route("**/ticket?*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    page.goto(f"{address}/s/AMY88?lang=en")
    page.get_by_text("Know somebody else?").click()
    button = page.get_by_role("button", name="Pass it on")
    with page.expect_request("**/ticket?*"):
        button.click()
    assert page.evaluate("reports.length") == 0
    held.pop().continue_()
    page.wait_for_function("() => reports.length === 1")
    page.unroute("**/ticket?*")
    button.click()
    page.wait_for_function("() => reports.length === 2")
    page.evaluate("{ const real = Date.now; Date.now = () => real() + 45 * 60000 }")
    button.click()
    page.wait_for_function("() => reports.length === 3")
    first, second, third = page.evaluate("reports")
    assert first["token"] == second["token"] != third["token"]
    assert [one["press"] for one in (first, second, third)] == [1, 2, 1]
    context.close()


def test_it_works_without_script(browser: Browser, address: str) -> None:
    """Text, link and poster are shown, the QR code on a wide screen; the buttons, which need the script, are not."""
    page = open_page(browser, f"{address}/s/AMY88?lang=en", 1280, java_script_enabled=False)
    assert page.get_by_role("button").count() == 0
    page.get_by_text("Know somebody else?").click()
    assert page.locator("#text").inner_text().endswith("/AMY88")
    assert page.get_by_role("link", name="Save the poster").is_visible()
    assert page.get_by_alt_text("QR code of the link").is_visible()
    page.context.close()


def test_it_weighs_less_than_100_kb_with_its_pictures(browser: Browser, address: str) -> None:
    """All that a phone loads, also what is loaded when one scrolls down; without compression, which the front door adds."""
    page = open_page(browser, f"{address}/s/7KXQ2M?lang=zh-CN&channel=wechat")
    page.evaluate(OPEN_ALL)
    page.evaluate("for (const picture of document.images) picture.loading = 'eager'")
    page.wait_for_function("() => [...document.images].every((picture) => picture.complete && picture.naturalWidth)")
    loaded = page.evaluate("performance.getEntries().map((entry) => [entry.name, entry.encodedBodySize || 0])")
    assert {"poster.webp", "qr.svg", "share.js"} <= {name.partition("?")[0].rpartition("/")[2] for name, _ in loaded}
    assert sum(size for _, size in loaded) < 100_000
    page.context.close()


def test_it_has_one_heading_and_no_error(browser: Browser, address: str) -> None:
    """No violation of the page's Content-Security-Policy, in both languages."""
    for language in ("en", "zh-CN"):
        errors: list[str] = []
        page = browser.new_page()
        page.on(
            "console", lambda message, errors=errors: errors.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        page.goto(f"{address}/s/7KXQ2M?lang={language}")
        assert page.get_by_role("heading", level=1).count() == 1
        assert page.locator("html").get_attribute("lang") == language
        assert errors == []
        page.close()
