"""The page of a group chat in a real browser: every width, both languages and themes, with a code and full."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from referral.config import Settings
from tests.support.app_server import serve_app
from tests.support.axe import violations
from tests.support.browser import launch_browser, open_page
from tests.support.systems.link_issuer import RULES, serve_link_issuer

pytestmark = [pytest.mark.browser, pytest.mark.integration]
NAMES = {"en": "Glow Fans", "zh-CN": "焕肤交流群"}


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    """The base URL of link-issuer with a group that has room for a hundred, and one for a single person."""
    groups = [
        {"id": name, "name": NAMES, "codes": [{"url": f"https://weixin.qq.com/g/{name}", "cap": cap}]}
        for name, cap in (("fans", 100), ("one", 1))
    ]
    with serve_link_issuer(settings) as system, serve_app(system.app) as address:
        assert system.apply(RULES | {"name": {"en": "Glow", "zh-CN": "焕肤计划"}, "wechat": {"groups": groups}}).is_json
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


def test_the_page_fits_every_screen_and_has_no_accessibility_problem(browser: Browser, address: str) -> None:
    """The QR code is a picture, so that WeChat recognizes it when it is pressed."""
    first = httpx.get(f"{address}/q/x.one", headers={"Accept": "text/html", "User-Agent": "Mozilla/5.0 (iPhone)"})
    assert first.status_code == 200
    for path in ("/q/x.fans", "/q/x.one"):
        for width, language in ((320, "en"), (390, "zh-CN"), (1440, "en")):
            page = open_page(browser, f"{address}{path}?lang={language}", width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            assert violations(page) == []
            assert page.locator("h1").inner_text() == NAMES[language]
            assert page.locator("img.qr").count() == (path == "/q/x.fans")
            page.context.close()
