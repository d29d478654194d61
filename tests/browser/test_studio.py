"""The studio in a real browser: both views in step, mistakes beside fields, no scripts, layout, contrast, both languages."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from referral.config import Settings
from tests.support.app_server import serve_app
from tests.support.axe import violations
from tests.support.browser import launch_browser, operator_context
from tests.support.operators import operator
from tests.support.records import write_records
from tests.support.systems.link_issuer import RULES, LinkIssuer, serve_link_issuer

pytestmark = [pytest.mark.browser, pytest.mark.integration]
ANN = operator("ann")
STUDIO = "/console/studio"
PAGES = (
    STUDIO,
    f"{STUDIO}?view=yaml",
    f"{STUDIO}/new",
    f"{STUDIO}/versions",
    f"{STUDIO}/versions/1",
    f"{STUDIO}/replay",
    f"{STUDIO}/preview",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


@pytest.fixture
def issuer(settings: Settings) -> Iterator[tuple[LinkIssuer, str]]:
    """Link-issuer with a program and an operator, and its address."""
    with serve_link_issuer(settings) as system, serve_app(system.app) as address:
        write_records(settings, [ANN])
        assert system.apply(RULES).status_code == 201
        system.context.follower.read_to_end(30)
        yield system, address


def open_page(browser: Browser, address: str, path: str, **more: object) -> Page:
    """Returns a page of the console."""
    page = operator_context(browser, address, ANN, **more).new_page()
    page.goto(address + path)
    return page


@pytest.mark.parametrize(
    ("lang", "scheme", "width"), [("en", "light", 390), ("en", "dark", 1600), ("zh-CN", "dark", 390)]
)
def test_the_pages_fit_any_screen_and_are_accessible(
    browser: Browser, issuer: tuple[LinkIssuer, str], lang: str, scheme: str, width: int
) -> None:
    """No sideways scrolling from phone to desk, and no violation of WCAG 2.2 AA that a program finds."""
    _, address = issuer
    page = open_page(browser, address, STUDIO, color_scheme=scheme)
    for path in PAGES:
        page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={lang}")
        page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        assert page.locator("h1").count() == 1
        for one in (390, 1600, width):
            page.set_viewport_size({"width": one, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= one, (path, one)
        assert violations(page) == [], path
    page.context.close()


def test_both_views_are_in_step(browser: Browser, issuer: tuple[LinkIssuer, str]) -> None:
    """What is typed in one appears in the other, with mistakes beside the field, and is there after a reload."""
    _, address = issuer
    page = open_page(browser, address, f"{STUDIO}?lang=en", viewport={"width": 1600, "height": 900})
    field, text = page.locator('[id="f:/holding_days"]'), page.locator("#yaml")
    field.fill("999")
    expect(page.locator('[id="m:/holding_days"] .bad')).to_contain_text("from 0 to 365")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[data-count]")).to_contain_text("1 mistake")
    assert "holding_days: 999" in text.input_value()
    text.fill(text.input_value().replace("holding_days: 999", "# two days\nholding_days: 2"))
    expect(field).to_have_value("2")
    expect(page.locator("[data-count]")).to_contain_text("No mistakes")
    field.fill("4")
    expect(text).to_have_value(re.compile("# two days\nholding_days: 4"))
    page.reload()
    expect(field).to_have_value("4")
    page.context.close()


def test_a_version_is_applied_and_taken_back(browser: Browser, issuer: tuple[LinkIssuer, str]) -> None:
    """With a reason; undo is one tap."""
    system, address = issuer
    page = open_page(browser, address, f"{STUDIO}?lang=en")
    page.locator('[id="f:/holding_days"]').fill("4")
    page.get_by_role("button", name="Apply version 2").click()
    expect(page.get_by_role("alert")).to_contain_text("in a few words why")
    page.locator("#reason").fill("returns take four days")
    page.get_by_role("button", name="Apply version 2").click()
    expect(page.locator(".toast")).to_contain_text("Version 2 is applied.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("Version 3 is applied.")
    system.context.follower.read_to_end(30)
    assert [one.program.holding_days for one in system.context.catalog.versions("prg_x")] == [0, 4, 0]
    page.context.close()


def test_it_works_without_scripts(browser: Browser, issuer: tuple[LinkIssuer, str]) -> None:
    """One view at a time; Check shows what is wrong, and items are added and removed."""
    _, address = issuer
    page = open_page(browser, address, f"{STUDIO}?lang=en", java_script_enabled=False)
    expect(page.locator("#yaml")).to_be_hidden()
    page.locator('[id="f:/holding_days"]').fill("999")
    page.get_by_role("button", name="Check").last.click()
    expect(page.locator('[id="m:/holding_days"]')).to_contain_text("from 0 to 365")
    page.locator('[id="f:/holding_days"]').fill("3")
    page.get_by_role("button", name="Add Rewards").click()
    expect(page.locator('[id="m:/rewards/0/kind"]')).to_contain_text("required")
    page.get_by_role("button", name="YAML").click()
    expect(page.locator("#yaml")).to_be_visible()
    assert "holding_days: 3" in page.locator("#yaml").input_value()
    page.context.close()
