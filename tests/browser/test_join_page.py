"""The join page and the pages of its links in a real browser: every width, both languages and themes; joining without scripts."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from referral.config import Settings
from tests.support.app_server import serve_app
from tests.support.axe import violations
from tests.support.browser import launch_browser, open_page
from tests.support.mail_server import MailServer, run_mail_server
from tests.support.systems.link_issuer import PROGRAM, RULES, serve_link_issuer
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.integration]
JOIN = {
    "name": {"en": "Glow", "zh-CN": "焕肤计划"},
    "channels": ["wechat", "xiaohongshu"],
    "join": {
        "channels": ["xiaohongshu", "wechat", "web"],
        "proofs": ["message", "email", "wechat"],
        "consent": {"en": "I agree that Glow stores my handle.", "zh-CN": "我同意焕肤计划保存我的昵称。"},
    },
}
PAGE = f"/j/{PROGRAM}"


@pytest.fixture
def mails() -> Iterator[MailServer]:
    """A mail server that accepts everything."""
    with run_mail_server() as server:
        yield server


@pytest.fixture
def address(settings: Settings, mails: MailServer) -> Iterator[str]:
    """The base URL of link-issuer with a join page that accepts every proof."""
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": mails.port, "smtp_tls": "none", "smtp_sender": "hello@glow.example"}
    with (
        serve_link_issuer(replace(settings, **smtp)) as system,  # type: ignore[arg-type]
        serve_app(system.app) as address,
    ):
        assert system.apply(RULES | JOIN).is_json
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


def test_a_person_joins_by_e_mail_without_scripts(browser: Browser, address: str, mails: MailServer) -> None:
    """From the address to the code, with the keyboard; every page on the way fits and is accessible."""
    page = open_page(browser, f"{address}{PAGE}?lang=en", java_script_enabled=False)
    page.get_by_label("Your handle there, or your e-mail address").fill("amy@mail.example")
    page.get_by_role("checkbox").press("Space")
    page.get_by_role("button", name="Join", exact=True).press("Enter")
    page.get_by_text("Look into your mailbox").wait_for()
    wait_until(lambda: mails.received)
    link = re.search(rf"{PAGE}/open/\S+", mails.received[0].get_content())
    assert link is not None
    _check(browser, f"{address}{link[0]}")
    page.goto(f"{address}{link[0]}?lang=en")
    page.get_by_role("button", name="Yes, this is me").press("Enter")
    page.get_by_role("button", name="Open my rewards").wait_for()
    assert "amy" not in page.content()
    _check(browser, f"{address}{link[0]}")
    page.context.close()


def test_every_page_fits_and_has_no_accessibility_problem(browser: Browser, address: str) -> None:
    """The form, the code for WeChat, and what a person has before proof."""
    _check(browser, f"{address}{PAGE}")
    page = open_page(browser, f"{address}{PAGE}?lang=zh-CN")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="用微信加入").click()
    page.get_by_text(re.compile("JOIN-[0-9A-Z]{5}-[0-9A-Z]{5}")).wait_for()
    assert violations(page) == []
    page.goto(f"{address}{PAGE}?lang=en")
    page.get_by_label("Your handle there, or your e-mail address").fill("mei")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Join", exact=True).click()
    page.get_by_text("You are in").wait_for()
    for width in (320, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
    page.context.close()


def _check(browser: Browser, url: str) -> None:
    for width, language, theme in ((320, "en", "light"), (390, "zh-CN", "dark"), (1440, "en", "light")):
        page = open_page(browser, f"{url}?lang={language}", width, color_scheme=theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (url, width)
        assert violations(page) == [], (url, width)
        page.context.close()
