"""The growth page and the network in a real browser: weight, charts that can be read off, the tree and its film."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from redis import Redis

from leaderboard.http_api.dependencies import GROWTH_STALE_S, GrowthPageName
from leaderboard.pages.growth_view import GrowthView
from leaderboard.recent_answers import RecentAnswers
from referral.http.context import Context
from tests.support.app_server import serve_app
from tests.support.browser import change_now, control_stream, launch_browser, operator_context
from tests.support.builders.participants import PROGRAM
from tests.support.operators import operator
from tests.support.redis_servers import empty
from tests.support.systems.growth import fold_campaign, follows, growth_app

pytestmark = [pytest.mark.browser, pytest.mark.integration]
LIN = operator("lin", "growth")
PAGE, NETWORK = f"/p/{PROGRAM}/growth", f"/p/{PROGRAM}/growth/network"


@pytest.fixture
def address(redis: "Redis", redis_url: str) -> Iterator[str]:
    """The base URL of the pages, with a campaign of sixty days."""
    fold_campaign(redis, follows())
    with serve_app(growth_app(redis_url, [LIN])) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


def _open(context: BrowserContext, url: str) -> tuple[Page, list[str]]:
    """The page, and the errors that its console shows."""
    errors: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url, wait_until="networkidle")
    return page, errors


@pytest.mark.parametrize("path", [PAGE, NETWORK])
@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_it_weighs_less_than_100_kb_and_breaks_no_rule(browser: Browser, address: str, path: str, lang: str) -> None:
    """With everything it loads, without compression; one heading of level one, no error."""
    context = operator_context(browser, address, LIN)
    page, errors = _open(context, f"{address}{path}?lang={lang}")
    loaded = page.evaluate("performance.getEntries().map((entry) => entry.encodedBodySize || 0)")
    assert sum(loaded) < 100_000
    assert page.get_by_role("heading", level=1).count() == 1
    assert errors == []
    context.close()


def test_a_page_looks_once_more_when_no_earlier_view_is_kept_any_more(
    browser: Browser, redis: "Redis", redis_url: str
) -> None:
    """Right after a change it may get a view that was computed before, for another reader."""
    fold_campaign(redis, follows())
    app, now_s = growth_app(redis_url, [LIN]), [0.0]
    shared: Context = app.extensions["referral"]
    app.extensions["referral"] = replace(shared, settings=replace(shared.settings, live_port=1))
    views: RecentAnswers[GrowthPageName, GrowthView] = RecentAnswers(
        GROWTH_STALE_S, GROWTH_STALE_S, 9, lambda: now_s[0]
    )
    app.extensions["leaderboard"] = replace(app.extensions["leaderboard"], growth_views=views)
    with serve_app(app) as address:
        context = operator_context(browser, address, LIN)
        context.clock.install()
        control_stream(context)
        page = context.new_page()
        page.goto(f"{address}{PAGE}?lang=en")
        followers = page.locator(".figure .large").first
        before = followers.text_content() or ""
        empty(redis)
        fold_campaign(redis, follows(scale=2.0))
        with page.expect_response(lambda response: response.request.headers.get("x-background") == "1"):
            change_now(page)
            context.clock.run_for(1_000)
        assert followers.text_content() == before
        now_s[0] = GROWTH_STALE_S
        context.clock.run_for(20_000)
        expect(followers).not_to_have_text(before)
        context.close()


def test_a_chart_can_be_read_off_day_by_day_with_the_keyboard(browser: Browser, address: str) -> None:
    """The library is loaded when the chart is focused; what it says is what the table has."""
    context = operator_context(browser, address, LIN)
    page, errors = _open(context, f"{address}{PAGE}?lang=en")
    assert page.locator("canvas").count() == 0
    page.locator("[data-chart]").focus()
    page.locator(".uplot canvas").wait_for()
    page.keyboard.press("ArrowLeft")
    last = page.locator("[data-points] tbody tr").last
    day, *values = last.locator("th, td").all_text_contents()
    assert page.locator("[data-chart] [role=status]").text_content() == (
        f"{day}, Referred {values[0]}, Discovered {values[1]}, Referred, before {values[2]}, Discovered, before {values[3]}"
    )
    assert errors == []
    context.close()


def test_without_scripts_charts_and_tree_are_drawn(browser: Browser, address: str) -> None:
    """The server has made them; what needs a script is not shown."""
    context = operator_context(browser, address, LIN, java_script_enabled=False)
    page, _ = _open(context, f"{address}{PAGE}?lang=en")
    for series in ("series-1", "series-2", "before-1", "before-2"):
        assert page.locator(f"[data-chart] polyline.{series}").count() == 1
    page.goto(f"{address}{NETWORK}?lang=en")
    assert page.locator(".tree img").is_visible()
    assert not page.get_by_role("button", name="Play").is_visible()
    context.close()


def test_the_film_shows_who_was_there_on_a_day(browser: Browser, address: str) -> None:
    """By the slider; played to its end it shows everyone."""
    context = operator_context(browser, address, LIN)
    page, errors = _open(context, f"{address}{NETWORK}?lang=en")
    everyone = sum(one.referrer is not None for one in follows())
    said = page.locator("[data-said]")
    assert said.text_content() == f"Nov 24: {everyone} people"
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    assert (said.text_content() or "").startswith("Sep 26: ")
    page.get_by_role("button", name="Play").click()
    page.get_by_text(f"Nov 24: {everyone} people").wait_for()
    assert errors == []
    context.close()


def test_the_tree_is_moved_and_zoomed_with_the_keyboard(browser: Browser, address: str) -> None:
    """What is shown changes, and 0 brings everything back."""
    context = operator_context(browser, address, LIN)
    page, _ = _open(context, f"{address}{NETWORK}?lang=en")
    page.locator(".tree canvas").wait_for()

    def drawn() -> str:
        return str(page.evaluate("document.querySelector('.tree canvas').toDataURL()"))

    page.locator("[data-tree]").focus()
    whole = drawn()
    page.keyboard.press("+")
    zoomed = drawn()
    page.keyboard.press("ArrowRight")
    assert len({whole, zoomed, drawn()}) == 3
    page.keyboard.press("0")
    assert drawn() == whole
    context.close()


def test_with_reduced_motion_the_film_has_the_slider_alone(browser: Browser, address: str) -> None:
    """Nothing moves by itself."""
    context = operator_context(browser, address, LIN, reduced_motion="reduce")
    page, _ = _open(context, f"{address}{NETWORK}?lang=en")
    page.get_by_role("slider").wait_for()
    assert not page.get_by_role("button", name="Play").is_visible()
    context.close()
