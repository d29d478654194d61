"""The page of a challenge in a real browser: every width, both languages and themes, and without anything to show."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser
from redis import Redis

from tests.support.app_server import serve_app
from tests.support.axe import violations
from tests.support.browser import launch_browser, open_page, operator_context
from tests.support.builders.participants import PROGRAM
from tests.support.systems.challenge_page import ADMIN, UNSAFE, challenge_app

pytestmark = [pytest.mark.browser, pytest.mark.integration]
PAGE = f"/p/{PROGRAM}/c/glow30"
MAX_BYTES = 100_000


@pytest.fixture(params=[False, True], ids=["posts", "empty"])
def address(request: pytest.FixtureRequest, redis: "Redis", redis_url: str) -> Iterator[str]:
    """The base URL of the service, with posts and without any."""
    with serve_app(challenge_app(redis, redis_url, [] if request.param else None)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


def test_the_page_fits_every_screen_and_has_no_accessibility_problem(browser: Browser, address: str) -> None:
    """From 320 to 1440 pixels, in both languages."""
    for width in (320, 390, 768, 1440):
        for query in ("?lang=en", "?lang=zh-CN"):
            page = open_page(browser, address + PAGE + query, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, query)
            if width in (390, 1440):
                assert violations(page) == []
            page.context.close()


def test_the_page_is_small_and_links_only_to_safe_addresses(address: str) -> None:
    """An address that a platform has reported is shown as a link only if it is https."""
    found = httpx.get(address + PAGE + "?lang=en")
    assert found.status_code == 200
    assets = set(re.findall(r'(?:href|src)="(/pages/[^"]+)"', found.text))
    size = len(found.content) + sum(len(httpx.get(address + one.replace("&amp;", "&")).content) for one in assets)
    assert size <= MAX_BYTES
    assert UNSAFE not in found.text
    assert "psn_" not in found.text


def test_an_unknown_challenge_is_a_page_that_says_so(address: str) -> None:
    """With the way to what exists."""
    found = httpx.get(f"{address}/p/{PROGRAM}/c/none?lang=en")
    assert (found.status_code, "There is no such challenge" in found.text) == (404, True)
    assert httpx.get(f"{address}/p/prg_none/c/glow30").status_code == 404


@pytest.mark.parametrize("query", ["list=waiting", "list=counted", "list=thanks"])
def test_the_lists_of_the_console_fit_every_screen(browser: Browser, address: str, query: str) -> None:
    """Also the bar of all sections on a small phone, and lists without an entry."""
    for width, language in ((320, "en"), (390, "zh-CN"), (1440, "en")):
        context = operator_context(browser, address, ADMIN, viewport={"width": width, "height": 844})
        page = context.new_page()
        page.goto(f"{address}/console/challenges?{query}&lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, language)
        assert violations(page) == []
        context.close()
