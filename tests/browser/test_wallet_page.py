"""The wallet in a real browser: it fits the screen, works without scripts, copies with one tap, and hides codes until tapped."""

from collections.abc import Iterator

import pytest
from flask import Flask
from msgspec.structs import replace
from playwright.sync_api import Browser, BrowserContext, Page

from referral.events.promoter_messages import MessageItem, MessageKind
from referral.redis_client import RedisClient
from reward_dispatcher.wallet_parts import WalletParts
from tests.support.app_server import serve_app
from tests.support.browser import launch_browser
from tests.support.builders.participants import AMY, profile
from tests.support.builders.reward_dispatcher import BONUS3, FIRST20, GUIDE, reward_terms
from tests.support.systems.wallet import (
    FRIENDS,
    NOW,
    PLACE,
    example_accounts,
    example_credits,
    store_messages,
    wallet_app,
    wallet_link,
)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.integration]
LONG = "油皮救星研究所小助手（每天更新一篇干货）" + "Marie-Thérèse-Vandenbroucke-Wijngaarden" * 2


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


@pytest.fixture
def app(redis: RedisClient, redis_url: str) -> Iterator[Flask]:
    """The service, with long names, a reward in each state, and messages."""
    long = replace(FIRST20, name={"en": "x" * 60, "zh-CN": "首单" + "折" * 58})
    records = (reward_terms(GUIDE, long, BONUS3), AMY, profile("amy", LONG))
    app = wallet_app(redis_url, [*example_accounts(), *example_credits()], records=records)
    kinds: tuple[MessageKind, ...] = ("welcome", "progress", "reward_ready", "friend_came", "thank_you")
    items = (MessageItem(id=f"msi_{kind}", kind=kind, at=NOW, reward="rwd_code") for kind in kinds)
    store_messages(app, redis, items)
    yield app
    app.extensions["referral"].close()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The base URL of the pages."""
    with serve_app(app) as address:
        yield address


def open_wallet(browser: Browser, app: Flask, address: str, lang: str = "en", **more: object) -> Page:
    """Returns the wallet, opened by its link and button in a new browser."""
    options = {"viewport": {"width": 390, "height": 844}, **more}
    context: BrowserContext = browser.new_context(**options)  # type: ignore[arg-type] # options of a context
    page = context.new_page()
    page.goto(f"{address}{wallet_link(app, f'wlk_{id(context)}')}?lang={lang}")
    page.get_by_role("button").click()
    page.wait_for_url("**/w?lang=*")
    return page


@pytest.mark.parametrize("width", [320, 360, 390, 768, 1440])
def test_nothing_is_wider_than_the_screen(browser: Browser, app: Flask, address: str, width: int) -> None:
    """In both languages, with every section open, also with large text."""
    for lang in ("en", "zh-CN"):
        page = open_wallet(browser, app, address, lang, viewport={"width": width, "height": 844})
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate("document.documentElement.style.fontSize = '150%'")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()


def test_the_address_has_no_token_once_the_wallet_is_open(browser: Browser, app: Flask, address: str) -> None:
    """Neither in the address bar nor for scripts."""
    page = open_wallet(browser, app, address)
    assert page.url == f"{address}/w?lang=en"
    assert page.evaluate("document.cookie") == ""
    page.context.close()


def test_a_code_is_hidden_until_it_is_tapped_and_copied_with_one_tap(
    browser: Browser, app: Flask, address: str
) -> None:
    """Copying works while it is hidden, and is confirmed, also to screen readers."""
    page = open_wallet(browser, app, address, permissions=["clipboard-read", "clipboard-write"])
    code = page.get_by_text("GLOW2026XP", exact=True)
    assert not code.is_visible()
    page.get_by_role("button", name="Copy code").click()
    page.get_by_role("status").filter(has_text="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "GLOW2026XP"
    page.get_by_text("Show the code").click()
    assert code.is_visible()
    page.context.close()


def test_it_works_without_script(browser: Browser, app: Flask, address: str) -> None:
    """Codes are shown on a tap, guides download, and the way to the share sheet is a link; no dead button is shown."""
    page = open_wallet(browser, app, address, java_script_enabled=False)
    page.get_by_text("Show the code").click()
    assert page.get_by_text("GLOW2026XP", exact=True).is_visible()
    assert page.get_by_role("button", name="Copy").count() == 0
    assert (page.get_by_role("link", name="Download").get_attribute("href") or "").startswith("http")
    assert page.get_by_role("link", name="Share", exact=True).get_attribute("href") == "/w/share?lang=en"
    page.context.close()


SHEET = """<button data-share data-ticket="/ticket" data-report="/shares" data-title="Glow" data-text="Use AMY88"
 data-picture="/poster.png" data-name="AMY88.png" data-copied="Copied" data-select="Select"></button>"""


def test_one_tap_shares_text_and_poster_where_the_phone_can(browser: Browser, app: Flask, address: str) -> None:
    """What is shared comes from the share sheet; a browser that cannot share goes there, and so does one whose sharing fails."""
    for share, is_shared in (
        ("navigator.share = (what) => { window.shared = what; return Promise.resolve(); }", True),
        ("navigator.share = () => Promise.reject(new TypeError())", False),
        ("Object.defineProperty(navigator, 'share', { value: undefined })", False),
    ):
        page = open_wallet(browser, app, address)
        page.add_init_script(f"{share}; navigator.canShare = () => true")
        page.route("**/w/share?*", lambda route: route.fulfill(body=SHEET, content_type="text/html"))
        page.route("**/poster.png", lambda route: route.fulfill(body="picture", content_type="image/png"))
        page.goto(f"{address}/w?lang=en", wait_until="networkidle")
        page.get_by_role("link", name="Share", exact=True).click()
        if is_shared:
            wait_until(lambda page=page: page.evaluate("window.shared"))
            assert page.evaluate("[shared.title, shared.text, shared.files[0].name]") == [
                "Glow",
                "Use AMY88",
                "AMY88.png",
            ]
            assert page.url == f"{address}/w?lang=en"
        else:
            page.wait_for_url("**/w/share?lang=en")
        page.context.close()


def test_code_and_share_stay_at_the_thumb(browser: Browser, app: Flask, address: str) -> None:
    """At the bottom of the screen while the page scrolls, large enough for a thumb."""
    page = open_wallet(browser, app, address)
    for place in (0, 300):
        page.evaluate(f"scrollTo(0, {place})")
        box = page.get_by_role("link", name="Share", exact=True).bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert 844 / 2 < box["y"] <= 844 - box["height"]
    page.context.close()


def test_it_is_light_structured_and_free_of_errors(browser: Browser, app: Flask, address: str) -> None:
    """Below 100 KB with everything it loads; one heading of level one; no violation of the content security policy."""
    for lang, title in (("en", "Hi "), ("zh-CN", "你好")):
        page = open_wallet(browser, app, address, lang)
        errors: list[str] = []
        page.on("console", lambda one, errors=errors: errors.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one, errors=errors: errors.append(str(one)))
        page.reload()
        loaded = page.evaluate("performance.getEntries().map((entry) => entry.encodedBodySize || 0)")
        assert sum(loaded) < 100_000
        assert page.get_by_role("heading", level=1).inner_text().startswith(title)
        assert page.locator("html").get_attribute("lang") == lang
        assert errors == []
        page.context.close()


def test_a_part_that_fails_leaves_the_rewards(browser: Browser, app: Flask, address: str) -> None:
    """And the next visit shows it again."""
    parts = app.extensions["rewards"].wallet_parts
    parts.parts = WalletParts(None, None)
    page = open_wallet(browser, app, address)
    assert page.get_by_text("This part can't be shown right now.").count() == 2
    assert page.get_by_role("button", name="Copy code").is_visible()
    parts.parts = WalletParts(FRIENDS, PLACE)
    page.get_by_role("link", name="Try again").first.click()
    page.get_by_text("#12 of 104").wait_for()
    page.context.close()
