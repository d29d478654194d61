"""Wallet, board and share sheet in frames of a platform's own site, in a real browser."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product

import pytest
from flask import Flask
from msgspec.structs import replace
from playwright.sync_api import Browser, Page

from link_issuer.http_api.app import app as make_app
from referral.catalog.memory_follower import MemoryFollower
from referral.events.embed_rules import EmbedRules
from referral.events.entities import ProgramVersion
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.http.embedding import LIFETIME_MS
from referral.redis_client import RedisClient
from referral.tokens import EmbedScope, EmbedToken, TokenSigner
from tests.support.app_server import serve_app
from tests.support.axe import violations
from tests.support.browser import launch_browser
from tests.support.builders.link_issuer import LINK_OWNER, LINK_OWNER_PROFILE, SHARE_PROGRAM
from tests.support.builders.participants import AMY, PROGRAM, profile
from tests.support.builders.reward_dispatcher import BONUS3, FIRST20, GUIDE, reward_terms
from tests.support.settings import UNREACHABLE
from tests.support.systems.leaderboard import leaderboard_app
from tests.support.systems.wallet import example_accounts, wallet_app

pytestmark = [pytest.mark.browser, pytest.mark.integration]
SIGNER = TokenSigner(UNREACHABLE.key_ring())
HOST = """<!doctype html><title>App</title><iframe src="%s" allow="web-share; clipboard-write"></iframe>
<script>heights = []; addEventListener("message", (event) => heights.push(event.data))</script>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file; it refuses cookies of other sites."""
    with launch_browser("--test-third-party-cookie-phaseout") as browser:
        yield browser


@pytest.fixture
def host() -> Iterator[tuple[Flask, str]]:
    """A platform's site, and its port: it is another site as localhost than as 127.0.0.1."""
    app = Flask("host")
    with serve_app(app) as address:
        yield app, address.rpartition(":")[2]


def _embed(program: Program, port: str) -> Program:
    return replace(program, embed=EmbedRules(origins=(f"http://localhost:{port}",)))


def _token(scope: EmbedScope, program: str, person: str, now_ms: int) -> str:
    return SIGNER.sign_embed(EmbedToken(scope, program, person, now_ms, now_ms + LIFETIME_MS))


def _show(browser: Browser, host: tuple[Flask, str], url: str, name: str = "localhost") -> Page:
    """The site with the frame."""
    app, port = host
    app.view_functions["frame"] = lambda: HOST % url
    if "frame" not in {rule.endpoint for rule in app.url_map.iter_rules()}:
        app.url_map.add(app.url_rule_class("/", endpoint="frame"))
    page = browser.new_page()
    page.goto(f"http://{name}:{port}/")
    return page


def _problems(browser: Browser, url: str) -> dict[str, object]:
    """What axe finds on the page of a frame, and how much it is too wide, by language, theme and width; without what is well."""
    found: dict[str, object] = {}
    for lang, scheme in product(("en", "zh-CN"), ("light", "dark")):
        page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type] # light or dark
        page.goto(f"{url}?lang={lang}")
        for width in (320, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if some := [*violations(page), *([f"{wide} px too wide"] if wide else [])]:
                found[f"{lang} {scheme} {width}"] = some
        page.close()
    return found


def test_the_share_sheet_is_in_frames_of_the_listed_site_alone(browser: Browser, host: tuple[Flask, str]) -> None:
    """The site learns the height, and nothing else; another site gets an empty frame and no message."""
    program = _embed(replace(SHARE_PROGRAM, id=LINK_OWNER.program), host[1])
    made = datetime(2026, 1, 1, tzinfo=UTC)
    version = ProgramVersion(recorded_at=made, program=program, version=1, effective_from=made)
    app = make_app(UNREACHABLE, MemoryFollower([version, LINK_OWNER], [LINK_OWNER_PROFILE]))
    with serve_app(app) as address:
        url = f"{address}/s/embed/{_token('share', program.id, LINK_OWNER.id, to_ms(datetime.now(UTC)))}?lang=en"
        page = _show(browser, host, url)
        frame = page.frame_locator("iframe")
        frame.get_by_role("heading", name="Share with a friend").wait_for()
        page.wait_for_function("heights.length > 0")
        assert page.evaluate("Object.keys(heights[0]).sort()") == ["height", "type"]
        assert page.evaluate("heights[0].height") > 300
        assert page.context.cookies() == []
        page.close()
        blocked = _show(browser, host, url, "127.0.0.1")
        blocked.wait_for_load_state("networkidle")
        assert blocked.frame_locator("iframe").get_by_role("heading", name="Share with a friend").count() == 0
        assert blocked.evaluate("heights") == []
        blocked.close()
        assert _problems(browser, url.partition("?")[0]) == {}
    app.extensions["referral"].close()


def test_the_wallet_in_a_frame_shows_rewards_and_changes_nothing(
    browser: Browser, host: tuple[Flask, str], redis: RedisClient, redis_url: str
) -> None:
    """Without a cookie, a form, or a way to share beside the frame's purpose."""
    terms = reward_terms(GUIDE, FIRST20, BONUS3)
    terms = replace(terms, program=_embed(terms.program, host[1]))
    app = wallet_app(redis_url, example_accounts(), records=(terms, AMY, profile("amy", "Amy")))
    token = _token("wallet", PROGRAM, AMY.id, app.extensions["referral"].clock.now_ms())
    with serve_app(app) as address:
        page = _show(browser, host, f"{address}/w/embed/{token}?lang=en")
        frame = page.frame_locator("iframe")
        frame.get_by_role("heading", name="Hi Amy").wait_for()
        frame.get_by_text("Show the code").first.click()
        assert frame.get_by_text("GLOW2026XP", exact=True).is_visible()
        assert frame.locator("form").count() == 0
        assert frame.get_by_role("link", name="Share", exact=True).count() == 0
        assert page.context.cookies() == []
        page.close()
        assert _problems(browser, f"{address}/w/embed/{token}") == {}
    client = app.test_client()
    assert client.get(f"/w/embed/{_token('share', PROGRAM, AMY.id, 0)}").status_code == 404
    assert client.get(f"/w/embed/{_token('wallet', PROGRAM, AMY.id, 0)}").status_code == 410
    assert client.get(f"/w/{token}").status_code != 200
    app.extensions["referral"].close()


def test_the_board_is_shown_in_a_frame(
    browser: Browser, host: tuple[Flask, str], redis: RedisClient, redis_url: str
) -> None:
    """Links lead out of the frame, since the page that they lead to may not be in one."""
    terms = reward_terms(GUIDE)
    terms = replace(terms, program=_embed(terms.program, host[1]))
    app = leaderboard_app(redis_url, [terms, AMY, profile("amy", "Amy")])
    token = _token("board", PROGRAM, "", app.extensions["referral"].clock.now_ms())
    with serve_app(app) as address:
        page = _show(browser, host, f"{address}/p/embed/{token}?lang=en")
        frame = page.frame_locator("iframe")
        frame.locator("h1").wait_for()
        assert frame.locator("base").get_attribute("target") == "_blank"
        page.close()
        assert _problems(browser, f"{address}/p/embed/{token}") == {}
        assert (
            app.test_client().get(f"/p/{PROGRAM}").headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
        )
    app.extensions["referral"].close()
