"""The board page in a real browser: layout, contrast, both languages, and use without scripts."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from redis import Redis

from referral.pages import design
from tests.support.app_server import serve_app
from tests.support.browser import launch_browser, open_page
from tests.support.builders.participants import PROGRAM, participant
from tests.support.systems.leaderboard import NOW, board_score, leaderboard_app, set_scores

pytestmark = [pytest.mark.browser, pytest.mark.integration]
NAMES = [
    "林小满",
    "Amy Chen",
    "油皮救星研究所小助手（每天更新一篇干货）",
    "Marie-Thérèse-Vandenbroucke-Wijngaarden" * 2,
    "x" * 80,
]
PEOPLE = [participant(f"u{number}", NAMES[number % len(NAMES)]) for number in range(30)]
ME = PEOPLE[20]
PAGE = f"/p/{PROGRAM}"
READABLE = 4.5  # WCAG 2.2 AA, text of any size


@pytest.fixture
def address(redis: "Redis", redis_url: str) -> Iterator[str]:
    """The base URL of the page."""
    month = {person.id: board_score(40 - number, NOW - timedelta(hours=number)) for number, person in enumerate(PEOPLE)}
    set_scores(redis, "2026-11", month)
    set_scores(redis, "2026-11-24", {PEOPLE[0].id: board_score(2, NOW)})
    with serve_app(leaderboard_app(redis_url, PEOPLE)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


@pytest.mark.parametrize("width", [320, 360, 390, 1440])
@pytest.mark.parametrize("query", ["?lang=en", "?lang=zh-CN", f"?lang=en&me={ME.id}", "?lang=zh-CN&period=day"])
def test_nothing_is_wider_than_the_screen(browser: Browser, address: str, width: int, query: str) -> None:
    """Even with long names, a phone does not scroll sideways."""
    page = open_page(browser, address + PAGE + query, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_it_works_without_script(browser: Browser, address: str) -> None:
    """All rows are in the page itself, and the periods are links."""
    page = open_page(browser, f"{address}{PAGE}?lang=en", java_script_enabled=False)
    assert page.locator("table.board tbody tr").count() == len(PEOPLE)
    page.get_by_role("link", name="Today").click()
    assert page.locator("table.board tbody tr").count() == 1
    assert page.get_by_role("navigation", name="Period").locator("[aria-current]").inner_text() == "Today"
    page.context.close()


def test_the_language_is_the_browsers_until_the_reader_chooses(browser: Browser, address: str) -> None:
    """The choice keeps the other query parameters."""
    page = open_page(browser, f"{address}{PAGE}?me={ME.id}", locale="en-GB")
    assert page.locator("h1").inner_text() == "Who brought the most friends"
    page.get_by_role("link", name="中文").click()
    assert page.locator("h1").inner_text() == "谁带来的朋友最多"
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator(".mine").is_visible()
    page.context.close()


def test_my_row_stays_visible_and_links_to_my_rank(browser: Browser, address: str) -> None:
    """It is pinned at the bottom while the rank is further down."""
    page = open_page(browser, f"{address}{PAGE}?lang=en&me={ME.id}")
    box = page.locator(".mine").bounding_box()
    assert box is not None
    assert 0 < box["y"] < 844 - box["height"]
    page.locator(".mine").click()
    row = page.locator("#me").bounding_box()
    assert row is not None
    assert 0 <= row["y"] < 844
    page.context.close()


def test_it_is_a_table_with_headings_and_no_script_error(browser: Browser, address: str) -> None:
    """For screen readers; and the page's content security policy blocks nothing."""
    errors: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}{PAGE}?lang=en")
    assert page.get_by_role("table", name="Friends brought: November 2026").count() == 1
    assert [header.inner_text() for header in page.get_by_role("columnheader").all()][1:] == [
        "30 people",
        "Today",
        "Friends",
    ]
    assert page.get_by_role("rowheader").count() == len(PEOPLE)
    assert page.get_by_role("heading", level=1).count() == 1
    assert errors == []
    page.close()


def test_new_numbers_appear_without_scrolling(browser: Browser, address: str, redis: "Redis") -> None:
    """A screen reader announces the update politely."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.clock.install()
    page = context.new_page()
    page.goto(f"{address}{PAGE}?lang=en")
    page.evaluate("scrollTo(0, 400)")
    set_scores(redis, "2026-11", {PEOPLE[0].id: board_score(77, NOW)})
    context.clock.run_for(16_000)
    page.get_by_role("cell", name="77").wait_for(timeout=10_000)
    assert page.evaluate("scrollY") == 400
    assert page.locator("[aria-live]").inner_text() == "The board has moved."
    context.close()


def test_every_pair_of_colours_for_text_has_enough_contrast() -> None:
    """Computed for each pair of design tokens that the styles use for text, in light and dark."""
    css = (Path(design.__file__).parent / "assets" / "tokens.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    for tokens in (_tokens(light), {**_tokens(light), **_tokens(dark)}):
        pairs = [(text, on) for text in ("ink", "soft", "accent", "good", "wait") for on in ("paper", "card", "tint")]
        for text, on in [*pairs, ("on-accent", "accent")]:
            assert contrast(tokens[text], tokens[on]) >= READABLE, (text, on)


def _tokens(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", css))


def contrast(first: str, second: str) -> float:
    """Returns the contrast ratio of two colours, as WCAG 2.2 defines it."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
