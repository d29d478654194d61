"""Pages that show what changes while they are open, in a real browser."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route
from redis import Redis

from referral.http.context import Context
from tests.support.app_server import serve_app
from tests.support.browser import PATIENCE_S, change_now, control_stream, launch_browser
from tests.support.builders.participants import PROGRAM, participant, profile
from tests.support.systems.leaderboard import NOW, board_score, leaderboard_app, set_scores

pytestmark = [pytest.mark.browser, pytest.mark.integration]
PEOPLE = [participant(f"u{number}") for number in range(30)]
PROFILES = [profile(f"u{number}", f"Name {number}") for number in range(len(PEOPLE))]
PAGE = f"/p/{PROGRAM}"
_HIDE = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => window.isHidden === true });"


@pytest.fixture
def app(redis: "Redis", redis_url: str) -> Flask:
    """Leaderboard without a server of streams."""
    month = {person.id: board_score(40 - number, NOW - timedelta(hours=number)) for number, person in enumerate(PEOPLE)}
    set_scores(redis, "2026-11", month)
    return leaderboard_app(redis_url, [*PEOPLE, *PROFILES])


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The base URL of the page; it has no stream."""
    with serve_app(app) as address:
        yield address


@pytest.fixture
def streamed(app: Flask) -> Iterator[str]:
    """The base URL of the page; it has a stream, which the test answers."""
    shared: Context = app.extensions["referral"]
    app.extensions["referral"] = replace(shared, settings=replace(shared.settings, live_port=1))
    with serve_app(app) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


def test_new_numbers_appear_without_scrolling(browser: Browser, address: str, redis: "Redis") -> None:
    """A screen reader announces the update politely."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.clock.install()
    page = context.new_page()
    page.goto(f"{address}{PAGE}?lang=en")
    page.evaluate("scrollTo(0, 400)")
    set_scores(redis, "2026-11", {PEOPLE[0].id: board_score(77, NOW)})
    context.clock.run_for(16_000)
    page.get_by_role("cell", name="77").wait_for()
    assert page.evaluate("scrollY") == 400
    assert page.locator("[aria-live]").inner_text() == "The board was updated."
    context.close()


def test_one_tab_has_the_stream_and_every_tab_shows_what_changed(
    browser: Browser, streamed: str, redis: "Redis"
) -> None:
    """A browser with many tabs of a board open is one reader; when the first tab is closed, another takes over."""
    events = ["event: ready\ndata: {}\n\n"]
    context = browser.new_context()
    asked: list[Page] = []

    def answer(route: Route) -> None:
        asked.append(route.request.frame.page)
        route.fulfill(content_type="text/event-stream", body=f"retry: 200\n\n{events[0]}")

    context.route(f"**{PAGE}/live", answer)
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto(f"{streamed}{PAGE}?lang=en")
    _wait_until(first, lambda: len(asked) >= 3)
    assert set(asked) == {first}
    set_scores(redis, "2026-11", {PEOPLE[0].id: board_score(78, NOW)})
    events[0] = 'event: change\ndata: {"within_ms":10}\n\n'
    for page in (first, second):
        page.bring_to_front()
        page.get_by_role("cell", name="78").wait_for()
    first.close()
    _wait_until(second, lambda: second in asked)
    context.close()


def test_a_page_that_takes_long_is_not_read_all_the_time(browser: Browser, streamed: str, redis: "Redis") -> None:
    """However often something changes: it rests for nine times as long as it took, then it shows the latest numbers."""
    context = browser.new_context()
    asked: list[Page] = []

    def answer(route: Route) -> None:
        asked.append(route.request.frame.page)
        body = 'retry: 100\n\nevent: change\ndata: {"within_ms":10}\n\n'
        route.fulfill(content_type="text/event-stream", body=body)

    context.route(f"**{PAGE}/live", answer)
    page = context.new_page()
    page.add_init_script(
        "window.reads = 0; const original = window.fetch; window.fetch = async (...given) => {"
        " window.reads += 1; await new Promise((done) => setTimeout(done, 400)); return original(...given); };"
    )
    page.goto(f"{streamed}{PAGE}?lang=en")
    _wait_until(page, lambda: page.evaluate("window.reads") == 1)
    so_far = len(asked)
    _wait_until(page, lambda: len(asked) >= so_far + 4)
    assert page.evaluate("window.reads") == 1
    set_scores(redis, "2026-11", {PEOPLE[0].id: board_score(78, NOW)})
    page.get_by_role("cell", name="78").wait_for()
    context.close()


def test_a_page_that_is_hidden_shows_what_changed_once_it_is_looked_at(
    browser: Browser, streamed: str, redis: "Redis"
) -> None:
    """At once, and not at its next look of its own, which is minutes away."""
    context = browser.new_context()
    control_stream(context)
    context.add_init_script(_HIDE)
    context.clock.install()
    page, looks = context.new_page(), list[str]()
    page.goto(f"{streamed}{PAGE}?lang=en")
    page.on("request", lambda request: looks.append(request.headers.get("x-background", "")))
    page.evaluate("window.isHidden = true")
    set_scores(redis, "2026-11", {PEOPLE[0].id: board_score(79, NOW)})
    change_now(page)
    context.clock.run_for(2_000)
    assert page.evaluate("document.hidden")  # an answer of the page: what it asked for has been seen
    assert "1" not in looks
    page.evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_role("cell", name="79").wait_for()
    context.close()


def test_a_page_looks_again_when_a_busy_server_says(browser: Browser, streamed: str, redis: "Redis") -> None:
    """Not before, and without another change."""
    context = browser.new_context()
    control_stream(context)
    context.clock.install()
    page, asked = context.new_page(), list[str]()
    page.goto(f"{streamed}{PAGE}?lang=en")

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=503, headers={"Retry-After": "25"}, body="busy")

    set_scores(redis, "2026-11", {PEOPLE[0].id: board_score(80, NOW)})
    page.route(f"**{PAGE}?lang=en", refuse)
    change_now(page)
    with page.expect_event("requestfinished", lambda request: request.headers.get("x-background") == "1"):
        context.clock.run_for(2_000)
    page.evaluate("new Promise((done) => done())")
    for _ in range(3):  # a change, the page's own look, and being shown again
        change_now(page)
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        context.clock.run_for(5_000)
    page.evaluate("new Promise((done) => done())")
    assert len(asked) == 1
    page.unroute(f"**{PAGE}?lang=en")
    with page.expect_response(lambda response: response.request.headers.get("x-background") == "1"):
        context.clock.run_for(30_000)
    page.get_by_role("cell", name="80").wait_for()
    context.close()


def _wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Lets the browser's events be handled until a condition holds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < PATIENCE_S
        page.wait_for_timeout(50)
