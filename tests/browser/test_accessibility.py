"""Every page of the table has no violation that axe-core finds, in both themes and languages, on a phone and on a wide screen.

A new page is a row of its system's table.
"""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from referral.config import Settings
from referral.console.sessions import SessionSigner, start_session
from referral.events.entities import Operator
from tests.support.app_server import serve_app
from tests.support.axe import violations
from tests.support.browser import launch_browser
from tests.support.operators import RING, operator
from tests.support.records import write_records
from tests.support.systems.console_review import LIN, QUEUE, serve_review
from tests.support.systems.link_issuer import serve_link_issuer
from tests.support.systems.reward_console import STAFF, costly, gift, serve_reward_console
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.integration]
ANN = operator("ann")
REWARD_PAGES = (
    "/console/rewards",
    "/console/rewards/rwd_gift",
    "/console/rewards?person=xhs:friend1",
    "/console/rewards/pools",
    "/console/rewards/budgets",
    "/console/rewards/budgets/stopped?budget=total&unit=CNY",
    "/console/rewards/budgets/stopped",
    "/console/rewards/webhooks",
    "/console/rewards/webhooks/{webhook}",
    "/desk/redeem",
    "/console/rewards/rwd_unknown",
)
REVIEW_PAGES = (QUEUE, f"{QUEUE}?status=cleared", f"{QUEUE}?status=rejected")
ISSUER_PAGES = (
    "/console",
    "/console/sign-in",
    "/console/settings",
    "/console/settings/operators",
    "/console/settings/audit",
    "/s/unknown",
)
LOOKS = (("light", "en", 390), ("dark", "zh-CN", 390), ("light", "zh-CN", 1280), ("dark", "en", 1280))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with launch_browser() as browser:
        yield browser


def _found(browser: Browser, address: str, who: Operator, paths: tuple[str, ...]) -> dict[str, list[str]]:
    """The violations by page and look; without those that have none."""
    found: dict[str, list[str]] = {}
    for scheme, lang, width in LOOKS:
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
        token = SessionSigner(RING).write(start_session(who, int(time.time())))
        context.add_cookies([{"name": "console", "value": token, "url": address}])
        page = context.new_page()
        for path in paths:
            page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={lang}")
            if some := violations(page):
                found[f"{path} {scheme} {lang} {width}"] = some
        context.close()
    return found


def test_pages_of_rewards_and_the_staff_page(browser: Browser, settings: Settings, environ: dict[str, str]) -> None:
    """With rewards in several states, a budget that stops some, and a webhook."""
    with serve_reward_console(settings, environ, "ledger") as console, serve_app(console.app) as address:
        made = console.service.client.post(
            "/v1/webhooks", json={"program": "prg_glow", "url": "http://127.0.0.1:1/hook"}
        ).json()
        console.service.write_rewards([costly("rwd_a", 40_000), costly("rwd_b", 20_000), gift("rwd_gift")])
        wait_until(lambda: "1 reward" in console.text("/console/rewards/budgets"))
        paths = tuple(path.format(webhook=made["id"]) for path in REWARD_PAGES)
        assert _found(browser, address, STAFF["admin"], paths) == {}


def test_pages_of_held_referrals(browser: Browser, settings: Settings, environ: dict[str, str]) -> None:
    """With two referrals that are held."""
    with serve_review(settings, environ) as review, serve_app(review.tracker.app) as address:
        assert _found(browser, address, LIN, REVIEW_PAGES) == {}


def test_home_settings_and_sign_in(browser: Browser, settings: Settings) -> None:
    """And the page of an address at which there is nothing."""
    with serve_link_issuer(settings) as system, serve_app(system.app) as address:
        write_records(settings, [ANN])
        system.context.follower.read_to_end(30)
        assert _found(browser, address, ANN, ISSUER_PAGES) == {}


def test_a_mistake_is_found(browser: Browser) -> None:
    """A picture without a text, and a field without a label."""
    page = browser.new_page()
    page.set_content("<html lang='en'><title>x</title><main><h1>x</h1><img src='data:,'><input></main>")
    assert {one.partition(":")[0] for one in violations(page)} >= {"image-alt", "label"}
    page.close()
