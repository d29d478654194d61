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
from tests.support.builders.participants import PROGRAM, participant, profile
from tests.support.systems.leaderboard import NOW, board_score, leaderboard_app, set_scores

pytestmark = [pytest.mark.browser, pytest.mark.integration]
HIDDEN = (1, 19)  # those who do not want to be named; 19 is the one before the reader
NAMES = [
    "林小满",
    "Amy Chen",
    "油皮救星研究所小助手（每天更新一篇干货）",
    "Marie-Thérèse-Vandenbroucke-Wijngaarden" * 2,
    "x" * 80,
]
PEOPLE = [participant(f"u{number}") for number in range(30)]
PROFILES = [
    profile(f"u{number}", NAMES[number % len(NAMES)], public=number not in HIDDEN) for number in range(len(PEOPLE))
]
ME = PEOPLE[20]
PAGE = f"/p/{PROGRAM}"
TEXTS = ("ink", "soft", "accent", "good", "wait", "bad", "hold")
READABLE = 4.5  # WCAG 2.2 AA, text of any size


@pytest.fixture
def address(redis: "Redis", redis_url: str) -> Iterator[str]:
    """The base URL of the page."""
    month = {person.id: board_score(40 - number, NOW - timedelta(hours=number)) for number, person in enumerate(PEOPLE)}
    set_scores(redis, "2026-11", month)
    set_scores(redis, "2026-11-24", {PEOPLE[0].id: board_score(2, NOW)})
    with serve_app(leaderboard_app(redis_url, [*PEOPLE, *PROFILES])) as address:
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


@pytest.mark.parametrize("width", [320, 390, 768])
@pytest.mark.parametrize("percent", [150, 200])
@pytest.mark.parametrize("query", ["?lang=en", f"?lang=zh-CN&me={ME.id}", "?lang=en&period=2025-09"])
def test_large_text_cuts_nothing_off(browser: Browser, address: str, width: int, percent: int, query: str) -> None:
    """Many readers set their phone to larger text: nothing leaves the screen or its own box, and names are whole."""
    page = open_page(browser, address + PAGE + query, width)
    page.evaluate(f"document.documentElement.style.fontSize = '{percent}%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut_off = """selector => [...document.querySelectorAll(selector)]
        .filter(one => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
        .map(one => one.textContent)"""
    assert page.evaluate(cut_off, ".switch a, .board .name, .mine, .card") == []
    board = page.locator(".results").bounding_box()
    assert board is not None
    for inside in page.locator(".board tbody tr:first-child > *").all():
        box = inside.bounding_box()
        assert box is None or box["x"] + box["width"] <= board["x"] + board["width"] + 1
    page.context.close()


def test_a_tablet_has_two_columns(browser: Browser, address: str) -> None:
    """It is no stretched phone, unless the text is so large that two columns would be too narrow."""
    page = open_page(browser, f"{address}{PAGE}?lang=en", 768)
    columns = "getComputedStyle(document.querySelector('main')).gridTemplateColumns.split(' ').length"
    assert page.evaluate(columns) == 2
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate(columns) == 1
    page.context.close()


@pytest.mark.parametrize(("width", "places"), [(390, 1), (768, 1), (1280, 1)])
def test_the_prizes_are_shown_once(browser: Browser, address: str, width: int, places: int) -> None:
    """At the top on a phone, beside the table on wider screens; a range of places has no line break."""
    page = open_page(browser, f"{address}{PAGE}?lang=en", width)
    assert sum(one.is_visible() for one in page.get_by_text("#2\u2060–\u206010").all()) == places
    page.context.close()


def test_the_current_period_is_more_than_a_colour_in_forced_colours(browser: Browser, address: str) -> None:
    """High contrast modes replace all backgrounds: the current tab has a border there."""
    page = open_page(browser, f"{address}{PAGE}?lang=en", forced_colors="active")
    width = "one => parseFloat(getComputedStyle(one).borderTopWidth)"
    assert page.locator(".switch a[aria-current]").evaluate(width) >= 2
    assert page.locator(".switch a:not([aria-current])").first.evaluate(width) == 0
    page.context.close()


def test_no_chinese_line_begins_with_a_comma(browser: Browser, address: str) -> None:
    """Titles break between characters, and never before punctuation."""
    page = open_page(browser, f"{address}{PAGE}?lang=zh-CN", 320)
    style = page.locator("h1").evaluate("one => [getComputedStyle(one).wordBreak, getComputedStyle(one).lineBreak]")
    assert style[0] in ("normal", "auto-phrase")
    assert style[1] == "strict"
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
    assert page.locator("h1").inner_text() == "Top referrers"
    page.get_by_role("link", name="中文").click()
    assert page.locator("h1").inner_text() == "好友邀请榜"
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
        "Friends brought",
    ]
    assert page.get_by_role("rowheader").count() == len(PEOPLE)
    assert page.get_by_role("heading", level=1).count() == 1
    assert errors == []
    page.close()


def test_every_pair_of_colours_for_text_has_enough_contrast() -> None:
    """Computed for each pair of design tokens that the styles use for text, in light and dark."""
    css = (Path(design.__file__).parent / "assets" / "tokens.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    for tokens in (_tokens(light), {**_tokens(light), **_tokens(dark)}):
        pairs = [(text, on) for text in TEXTS for on in ("paper", "card", "tint", "raise")]
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
