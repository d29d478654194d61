"""People and rewards of the console in a real browser: layout, keyboard, sorting, search, bulk actions, use without scripts."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from referral.config import Settings
from tests.support.app_server import serve_app
from tests.support.browser import launch_browser, operator_context
from tests.support.builders.participants import PROGRAM
from tests.support.systems.console_story import AMYS, PEOPLE, STAFF, Consoles, serve_consoles

pytestmark = [pytest.mark.browser, pytest.mark.integration]
LONG_NAME = "Anastasia-Wilhelmina von Hohenstein-Sigmaringen 小鹿的护肤笔记"
SMALL = """[...document.querySelectorAll("button, input, a, select, summary")]
    .filter(one => one.checkVisibility({ visibilityProperty: true }))
    .filter(one => { const box = one.getBoundingClientRect(); return box.width > 1 && (box.width < 20 || box.height < 20) })
    .map(one => one.outerHTML)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


@pytest.fixture
def served(settings: Settings, environ: dict[str, str]) -> Iterator[tuple[Consoles, str, str]]:
    """The consoles, and the addresses of link-issuer and reward-dispatcher."""
    with (
        serve_consoles(settings, environ) as consoles,
        serve_app(consoles.issuer.app) as people,
        serve_app(consoles.rewards) as rewards,
    ):
        yield consoles, people, rewards


def open_page(browser: Browser, address: str, path: str, **more: object) -> Page:
    """Returns a page of an admin."""
    context = operator_context(browser, address, STAFF["ad"], **{"viewport": {"width": 1280, "height": 900}, **more})
    page = context.new_page()
    page.goto(address + path)
    return page


def test_people_and_rewards_fit_any_screen(browser: Browser, served: tuple[Consoles, str, str]) -> None:
    """No sideways scrolling with a long name, in both languages and schemes; one h1; controls have a name and are large enough."""
    consoles, people, rewards = served
    long = {
        "decision": "correct",
        "display_name": LONG_NAME,
        "has_public": "1",
    }
    assert consoles.send(f"{AMYS}?program={PROGRAM}", long)[0] == 303
    views = (
        (people, f"{AMYS}?program={PROGRAM}"),
        (people, PEOPLE),
        (rewards, "/console/rewards?state=manual"),
        (rewards, "/console/rewards/all?state=manual&decision=revoke"),
    )
    for width, lang, scheme in (
        (390, "en", "light"),
        (320, "zh-CN", "dark"),
        (768, "zh-CN", "light"),
        (1280, "en", "dark"),
    ):
        for address, path in views:
            url = f"{path}{'&' if '?' in path else '?'}lang={lang}"
            page = open_page(browser, address, url, viewport={"width": width, "height": 844}, color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, url
            assert page.evaluate(SMALL) == [], url
            assert page.locator("h1").count() == page.locator("main").count() == 1
            nameless = (
                "input:not([type=hidden]):not([aria-label]):not([id]):not(label input), button:empty:not([aria-label])"
            )
            assert page.locator(nameless).count() == 0, url
            page.context.close()


def test_a_person_is_found_by_keyboard_and_tables_are_sorted(
    browser: Browser, served: tuple[Consoles, str, str]
) -> None:
    """`/` leads to the search; a heading is a button whose order is announced; unsorted again are the others."""
    _, people, _ = served
    page = open_page(browser, people, "/console?lang=en")
    page.keyboard.press("/")
    page.keyboard.type("@amy")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Amy")
    assert "amy" not in page.url
    table = page.locator("table", has_text="History and actions")
    states = table.locator("tbody tr td:nth-child(2)")
    before = states.all_inner_texts()
    heading = table.get_by_role("columnheader", name="State")
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    ascending = states.all_inner_texts()
    assert sorted(ascending) == sorted(before)
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert states.all_inner_texts() == ascending[::-1]
    table.get_by_role("columnheader", name="When").get_by_role("button").click()
    expect(heading).not_to_have_attribute("aria-sort", re.compile("."))
    page.context.close()


def test_everything_works_without_scripts(browser: Browser, served: tuple[Consoles, str, str]) -> None:
    """Search, the story's forms, and one action on all that wait, with its way back."""
    _, people, rewards = served
    page = open_page(browser, people, "/console?lang=en", java_script_enabled=False)
    page.get_by_label("Find a person").fill("xhs:amy")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Amy")
    page.get_by_text("Correct…").click()
    page.get_by_label("Name at the platform").fill("小艾")
    page.get_by_role("button", name="Correct", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Corrected.")
    expect(page.locator("main")).to_contain_text("小艾")
    page.context.close()
    page = open_page(browser, rewards, "/console/rewards?state=manual&lang=en", java_script_enabled=False)
    page.get_by_role("link", name="Revoke all 2…").click()
    expect(page.locator("main")).to_contain_text("Together worth")
    page.get_by_role("button", name="Revoke: 2 rewards").click()
    expect(page.locator(".toast")).to_contain_text("2 rewards changed.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("2 rewards changed.")
    page.context.close()
