"""The share page in a real browser: it fits, it can be read, it works without script, and one tap passes it on."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Route

from link_issuer.http_api.app import app as make_app
from link_issuer.programs.check import check
from link_issuer.programs.yaml_form import read
from referral.catalog.memory_follower import MemoryFollower
from referral.events.entities import Participant, ProgramVersion
from tests.support.app_server import serve_app
from tests.support.browser import launch_browser, open_page
from tests.support.settings import GLOW_FILE, UNREACHABLE

pytestmark = pytest.mark.browser
MADE = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = {
    "AMY88": "Amy",
    "7KXQ2M": "油皮救星研究所小助手（每天更新一篇干货）",
    "MARE99": "Marie-Thérèse-Vandenbroucke-Wijngaarden" + "x" * 25,
    "A-VERY-LONG-VANITY-CODE-OF-2026X": "Bo",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the pages are served: the example program, and people with long and short names."""
    program = check(read(GLOW_FILE.read_text("utf-8")).content).program
    assert program is not None
    people = [
        Participant(
            recorded_at=MADE,
            id=f"par_{n:016}",
            program=program.id,
            external_id=f"xhs:{n}",
            display_name=name,
            code=code,
        )
        for n, (code, name) in enumerate(NAMES.items())
    ]
    terms = ProgramVersion(recorded_at=MADE, program=program, version=1, effective_from=MADE)
    app = make_app(UNREACHABLE, MemoryFollower([terms, *people]))
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
    """However long a name or code is, a phone never scrolls sideways; on every kind of channel."""
    for query in ("?lang=en", "?lang=zh-CN&channel=xiaohongshu"):
        page = open_page(browser, f"{address}/s/{code}{query}", width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()


def test_the_one_button_is_at_the_thumb_and_passes_link_and_words_on(browser: Browser, address: str) -> None:
    """In sight when the page opens on a phone; one tap opens the phone's own share sheet."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_init_script("navigator.share = (what) => { window.passed = what; return Promise.resolve(); }")
    context.add_init_script("window.told = []; navigator.sendBeacon = (where) => window.told.push(where)")
    page = context.new_page()
    with page.expect_response("**/ticket?*"):
        page.goto(f"{address}/s/AMY88?lang=en")
    button = page.get_by_role("button", name="Share it with a friend")
    box = button.bounding_box()
    assert box is not None
    assert 844 / 2 < box["y"] < 844 - box["height"]
    assert box["height"] >= 44
    button.click()
    passed = page.evaluate("window.passed")
    page.wait_for_function("window.told.length === 1")
    assert page.evaluate("window.told[0]").endswith("/s/AMY88/shares")
    assert passed["url"].endswith("/AMY88")
    assert passed["text"].startswith("Flaky skin this season?")
    context.close()


def test_without_a_share_sheet_the_button_copies(browser: Browser, address: str) -> None:
    """And says so, also to a screen reader; where links are not allowed the copy has the spoken code."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.add_init_script("Object.defineProperty(navigator, 'share', { value: undefined })")
    page = context.new_page()
    page.goto(f"{address}/s/AMY88?lang=en&channel=xiaohongshu")
    page.get_by_role("button", name="Share it with a friend").click()
    page.get_by_role("status").filter(has_text="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "say my code AMY88" in copied
    assert "http" not in copied
    context.close()


def test_a_press_before_its_ticket_and_one_long_after_are_reported(browser: Browser, address: str) -> None:
    """On a slow line the button is there before the ticket; on a page that stayed open the ticket has run out. Each press once."""
    context = browser.new_context()
    context.add_init_script("navigator.share = () => Promise.resolve()")
    context.add_init_script(
        "window.told = []; navigator.sendBeacon = (_, said) => said.text().then((text) => told.push(JSON.parse(text)))"
    )
    page, held = context.new_page(), list[Route]()
    page.route("**/ticket?*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    page.goto(f"{address}/s/AMY88?lang=en")
    button = page.get_by_role("button", name="Share it with a friend")
    button.click()
    assert page.evaluate("told.length") == 0
    held.pop().continue_()
    page.wait_for_function("() => told.length === 1")
    page.unroute("**/ticket?*")
    button.click()
    page.wait_for_function("() => told.length === 2")
    page.evaluate("{ const real = Date.now; Date.now = () => real() + 45 * 60000 }")
    button.click()
    page.wait_for_function("() => told.length === 3")
    first, second, third = page.evaluate("told")
    assert first["token"] == second["token"] != third["token"]
    assert [one["press"] for one in (first, second, third)] == [1, 2, 1]
    context.close()


def test_it_works_without_script(browser: Browser, address: str) -> None:
    """The words, the link, the QR code and the poster are there; a button that could do nothing is not."""
    page = open_page(browser, f"{address}/s/AMY88?lang=en", java_script_enabled=False)
    assert page.get_by_role("button").count() == 0
    assert page.locator("#text").inner_text().endswith("/AMY88")
    assert page.get_by_role("link", name="Save the poster").is_visible()
    assert page.get_by_alt_text("QR code of the link").is_visible()
    page.context.close()


def test_it_has_one_heading_and_no_error(browser: Browser, address: str) -> None:
    """Nothing that the page's own policy would refuse, in either language."""
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
