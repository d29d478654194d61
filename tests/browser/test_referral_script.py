"""referral.js in a real browser: from the click over two domains to the sign-up."""

import gzip
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, request
from msgspec.structs import replace
from playwright.sync_api import Browser, Page

from link_issuer.http_api.app import app as make_app
from link_issuer.http_api.integration.script_api import SCRIPT
from link_issuer.programs.yaml_form import read_yaml
from referral.catalog.memory_follower import MemoryFollower
from referral.events.entities import Participant, ProgramVersion
from referral.events.people import Profile
from referral.program_file.check import check_program_file
from referral.tokens import TokenSigner
from tests.support.app_server import serve_app
from tests.support.browser import launch_browser, open_page
from tests.support.settings import GLOW_FILE, UNREACHABLE

pytestmark = pytest.mark.browser
MADE = datetime(2026, 1, 1, tzinfo=UTC)
AMY = Participant(recorded_at=MADE, id="psn_0000000000000001", program="prg_glow", code="AMY88")
MAX_BYTES = 3 * 1024
BANNER = (
    """<p data-referral-banner hidden><b data-referral-text="invites"></b>: <i data-referral-text="gift"></i></p>"""
)
SIGN_UP = """<form id="sign-up" method="post" action="/sign-up" data-referral><input name="email"><button>Sign up</button></form>"""


class Site:
    """A brand's landing page and shop, on two domains; `sign_ups` are the forms that were sent."""

    def __init__(self) -> None:
        self.sign_ups: list[dict[str, str]] = []
        self.carts: list[object] = []
        self.script = ""
        self.options = ""
        self.app = Flask("site")
        self.app.add_url_rule("/landing", view_func=self._landing)
        self.app.add_url_rule("/shop", view_func=self._shop)
        self.app.add_url_rule("/sign-up", view_func=self._sign_up, methods=["POST"])
        self.app.add_url_rule("/cart/update.js", view_func=self._cart, methods=["POST"])

    def page(self, body: str) -> str:
        """The page with the script."""
        script = f'<script src="{self.script}" data-domains="shop.test" {self.options} defer></script>'
        return f'<!doctype html><html lang="en"><head><title>x</title>{script}</head><body>{body}</body></html>'

    def _landing(self) -> str:
        port = urlsplit(request.host_url).port
        return self.page(f'{BANNER}<a id="shop" href="http://www.shop.test:{port}/shop?a=1">Shop</a>')

    def _shop(self) -> str:
        return self.page(SIGN_UP)

    def _sign_up(self) -> str:
        self.sign_ups.append(request.form.to_dict())
        return self.page("<h1>Welcome</h1>")

    def _cart(self) -> str:
        self.carts.append(request.get_json())
        return "{}"


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The address of link-issuer, whose program leads to the landing page."""
    program = check_program_file(read_yaml(GLOW_FILE.read_text("utf-8")).content).program
    assert program is not None
    program = replace(program, target_url="https://landing.test/landing")
    version = ProgramVersion(recorded_at=MADE, program=program, version=1, effective_from=MADE)
    profile = Profile(recorded_at=MADE, id=AMY.id, program=program.id, external_id="xhs:amy", display_name="Amy")
    app = make_app(UNREACHABLE, MemoryFollower([version, AMY], [profile]))
    with serve_app(app) as address:
        yield address
    app.extensions["referral"].close()


@pytest.fixture
def site(service: str) -> Iterator[tuple[Site, str]]:
    """The site, and the port at which each of its domains answers."""
    site = Site()
    site.script = f"{service}/referral.js"
    with serve_app(site.app) as address:
        yield site, address.rpartition(":")[2]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that finds the domains of the test on this machine."""
    with launch_browser("--host-resolver-rules=MAP *.test 127.0.0.1") as browser:
        yield browser


def _click(browser: Browser, service: str) -> str:
    """The click token of a visitor who opened Amy's link."""
    context = browser.new_context()
    answer = context.request.get(f"{service}/AMY88", max_redirects=0)
    assert answer.status == 302
    context.close()
    return parse_qs(urlsplit(answer.headers["location"]).query)["rt"][0]


def _sign_up(page: Page) -> None:
    page.fill("input[name=email]", "bo@example.com")
    page.click("button")
    page.get_by_role("heading", name="Welcome").wait_for()


def test_the_script_fits_into_three_kilobytes() -> None:
    """Compressed, as it is sent."""
    assert len(gzip.compress(SCRIPT.read_bytes())) <= MAX_BYTES


def test_a_click_leads_over_two_domains_to_the_sign_up(browser: Browser, service: str, site: tuple[Site, str]) -> None:
    """The banner names inviter and gift; the shop's own cookie keeps the click; the address no longer has it."""
    brand, port = site
    token = _click(browser, service)
    page = open_page(browser, f"http://landing.test:{port}/landing?rt={token}&utm_source=x")
    banner = page.locator("[data-referral-banner]")
    banner.wait_for(state="visible")
    assert re.search(r"Amy invites you: \S+", banner.inner_text())
    assert page.url == f"http://landing.test:{port}/landing?utm_source=x"
    page.click("#shop")
    page.wait_for_url("**/shop?a=1")
    page.goto(f"http://www.shop.test:{port}/shop")  # later, by itself
    _sign_up(page)
    assert brand.sign_ups == [{"email": "bo@example.com", "rt": token, "code": ""}]
    assert TokenSigner(UNREACHABLE.key_ring()).read_click(token).code == "AMY88"
    cookies = {one["domain"]: one for one in page.context.cookies() if one["name"] == "referral"}  # type: ignore[typeddict-item]
    assert set(cookies) == {"landing.test", "www.shop.test"}
    page.context.close()


def test_without_consent_nothing_is_stored(browser: Browser, service: str, site: tuple[Site, str]) -> None:
    """The page still fills its forms; consent stores, and its withdrawal removes."""
    brand, port = site
    brand.options = 'data-consent="required"'
    page = open_page(browser, f"http://www.shop.test:{port}/shop?code=AMY88")
    assert page.context.cookies() == []
    assert page.input_value("input[name=code]") == "AMY88"
    page.evaluate("referral.consent(true)")
    assert [one["name"] for one in page.context.cookies()] == ["referral"]  # type: ignore[typeddict-item]
    page.evaluate("referral.consent(false)")
    assert page.context.cookies() == []
    page.context.close()


def test_what_is_no_code_or_token_is_left_alone(browser: Browser, site: tuple[Site, str]) -> None:
    """The code of a sign-in keeps its place; markup in an address goes nowhere; other links are not changed."""
    _, port = site
    page = open_page(browser, f"http://landing.test:{port}/landing?code=AMY88&state=x")
    assert page.evaluate("[referral.code, referral.token, location.search]") == [None, None, "?code=AMY88&state=x"]
    page.goto(f"http://landing.test:{port}/landing?rt=%22%3E%3Cb%3E&code=%3Cb%3E")
    assert page.evaluate("[referral.code, referral.token, document.cookie]") == [None, None, ""]
    page.goto(f"http://landing.test:{port}/landing?code=AMY88")
    page.evaluate("document.querySelector('#shop').href = 'http://shop.test.evil.test/'")
    page.evaluate("document.querySelector('#shop').addEventListener('click', (event) => event.preventDefault())")
    page.click("#shop")
    assert page.get_attribute("#shop", "href") == "http://shop.test.evil.test/"
    page.context.close()


def test_in_a_shopify_store_the_cart_keeps_the_referral(browser: Browser, site: tuple[Site, str]) -> None:
    """As the cart attributes that the adapter reads."""
    brand, port = site
    brand.options = "data-shopify"
    page = open_page(browser, f"http://www.shop.test:{port}/shop")
    with page.expect_response("**/cart/update.js"):
        page.goto(f"http://www.shop.test:{port}/shop?code=AMY88")
    assert brand.carts == [{"attributes": {"_rt": "", "_referral_code": "AMY88"}}]
    page.context.close()
