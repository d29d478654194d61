"""The console in a real browser: sign-in, layout, contrast, keyboard, both languages, and use without scripts."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from referral.config import Settings
from referral.events.entities import Operator
from tests.support.app_server import serve_app
from tests.support.browser import launch_browser, operator_context
from tests.support.operators import current_code, operator
from tests.support.records import write_records
from tests.support.systems.console_review import AMYS, BOS, LIN, QUEUE, Review, serve_review
from tests.support.systems.link_issuer import LinkIssuer, serve_link_issuer
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.integration]
ANN = operator("ann")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


@pytest.fixture
def queue(settings: Settings, environ: dict[str, str]) -> Iterator[tuple[Review, str]]:
    """The queue of held referrals, and its address."""
    with serve_review(settings, environ) as review, serve_app(review.tracker.app) as address:
        yield review, address


@pytest.fixture
def issuer(settings: Settings) -> Iterator[tuple[LinkIssuer, str]]:
    """Link-issuer with the operator ann, and its address."""
    with serve_link_issuer(settings) as system, serve_app(system.app) as address:
        write_records(settings, [ANN])
        system.context.follower.read_to_end(30)
        yield system, address


def open_page(browser: Browser, address: str, path: str, who: Operator | None = LIN, **more: object) -> Page:
    """Returns a page of the console."""
    page = operator_context(browser, address, who, **more).new_page()
    page.goto(address + path)
    return page


def test_a_first_sign_in_by_password_and_app_leads_to_the_console(
    browser: Browser, issuer: tuple[LinkIssuer, str]
) -> None:
    """In a browser with its own rules for cookies and for the origin of forms, without scripts."""
    system, address = issuer
    added = system.request("POST", "/v1/operators", {"name": "mo", "role": "support"}).get_json()
    page = open_page(browser, address, "/console?lang=en", None, java_script_enabled=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to the console")
    page.get_by_label("Name").fill("mo")
    page.get_by_label("Password").fill(added["password"])
    page.get_by_role("button", name="Sign in").click()
    secret = page.locator("code.key").inner_text().replace(" ", "")
    page.get_by_label("Code that the app shows").fill(current_code(secret))
    page.get_by_label("New password").fill("words that only mo knows")
    page.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("mo")
    assert {cookie["name"] for cookie in page.context.cookies()} == {"console", "console-browser"}
    page.get_by_text("mo", exact=False).first.wait_for()
    page.locator(".me summary").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("signed out")
    page.context.close()


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_queue_fits_any_screen(browser: Browser, queue: tuple[Review, str], lang: str, scheme: str) -> None:
    """No sideways scrolling; controls of 24 pixels at least (WCAG 2.5.8)."""
    _, address = queue
    for width in (320, 390, 768, 1440):
        page = open_page(
            browser, address, f"{QUEUE}?lang={lang}", viewport={"width": width, "height": 844}, color_scheme=scheme
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = """[...document.querySelectorAll("button, input, a, select, summary")].filter(one => one.checkVisibility())
            .filter(one => { const box = one.getBoundingClientRect(); return box.width > 1 && (box.width < 20 || box.height < 20) })
            .map(one => one.outerHTML)"""
        assert page.evaluate(small) == []
        assert page.locator("h1").count() == page.locator("main").count() == 1
        page.context.close()


def test_referrals_are_decided_by_keyboard_and_taken_back(browser: Browser, queue: tuple[Review, str]) -> None:
    """j moves, a releases, u undoes; ? shows the list of keys."""
    review, address = queue
    page = open_page(browser, address, f"{QUEUE}?lang=en")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator(".toast")).to_contain_text("1 referral released.")
    wait_until(lambda: len(review.listed("held")) == 1)
    page.keyboard.press("u")
    expect(page.locator(".toast")).to_contain_text("taken back")
    wait_until(lambda: review.listed("held") == {AMYS, BOS})
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("tbody input:checked")).to_have_count(2)
    page.get_by_role("button", name="Reject selected").click()
    expect(page.locator(".toast")).to_contain_text("2 referrals rejected.")
    page.context.close()


def test_single_keys_can_be_switched_off(browser: Browser, queue: tuple[Review, str]) -> None:
    """For people who use speech: the choice stays (WCAG 2.1.4)."""
    review, address = queue
    page = open_page(browser, address, f"{QUEUE}?lang=en")
    page.locator(".me summary").click()
    page.get_by_label("Single-key shortcuts").uncheck()
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("a")
    assert page.locator("tr.current").count() == 0
    assert review.listed("held") == {AMYS, BOS}
    page.context.close()


def test_referrals_are_decided_without_scripts(browser: Browser, queue: tuple[Review, str]) -> None:
    """The page is a form."""
    review, address = queue
    page = open_page(browser, address, f"{QUEUE}?lang=en", java_script_enabled=False)
    page.locator(f'input[value="{AMYS}"]').check()
    page.get_by_role("button", name="Release selected").click()
    expect(page.locator(".toast")).to_contain_text("1 referral released.")
    page.get_by_role("button", name="Undo").click()
    wait_until(lambda: review.listed("held") == {AMYS, BOS})
    page.context.close()


def test_no_page_runs_a_script_that_is_not_its_own(browser: Browser, queue: tuple[Review, str]) -> None:
    """Neither in the page nor by a name in it."""
    _, address = queue
    page = open_page(browser, address, f"{QUEUE}?lang=en&done=release&ids=<script>x()</script>")
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')")
    wait_until(lambda: any("Content Security Policy" in error for error in errors))
    assert not re.fullmatch("1", page.title())
    page.context.close()
