"""The share sheet of the wallet: for the person whose wallet is open, for each channel of the program, as its policy allows."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from link_issuer.http_api.app import app as make_app
from link_issuer.programs.yaml_form import read_yaml
from referral.catalog.memory_follower import MemoryFollower
from referral.events.entities import ProgramVersion
from referral.events.timestamps import DAY_MS
from referral.program_file.check import check_program_file
from referral.tokens import TokenSigner, WalletToken
from tests.support.builders.participants import AMY, PROFILES, START
from tests.support.settings import GLOW_FILE, UNREACHABLE

ENGLISH = {"Accept-Language": "en", "Accept": "text/html"}


@pytest.fixture
def app() -> Iterator[Flask]:
    """The service with the example program and Amy; its broker is unreachable."""
    program = check_program_file(read_yaml(GLOW_FILE.read_text("utf-8")).content).program
    assert program is not None
    version = ProgramVersion(recorded_at=START, program=program, version=1, effective_from=START)
    app = make_app(UNREACHABLE, MemoryFollower([version, AMY], PROFILES))
    yield app
    app.extensions["referral"].close()


def _browser(app: Flask, person: str = AMY.id) -> FlaskClient:
    now_ms = app.extensions["referral"].clock.now_ms()
    token = WalletToken("wlk_1", AMY.program, person, now_ms, now_ms + DAY_MS, now_ms + DAY_MS)
    browser = app.test_client()
    browser.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    signer = TokenSigner(app.extensions["referral"].key_ring)
    browser.set_cookie("wallet", signer.sign_wallet("wallet-open", token), path="/w")
    return browser


@pytest.mark.parametrize(("channel", "has_link"), [("wechat", True), ("xiaohongshu", False)])
def test_each_channel_has_what_its_policy_allows(app: Flask, channel: str, has_link: bool) -> None:
    """A link and its QR code, or the code alone; the caption is there to copy in either case."""
    answer = _browser(app).get(f"/w/share?lang=en&channel={channel}", headers=ENGLISH)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "AMY88" in answer.text
    assert ("QR code of the link" in answer.text) is has_link
    assert ("allows no links here" in answer.text) is not has_link
    assert 'aria-current="true"' in answer.text


def test_what_the_wallet_shares_with_one_tap_has_the_link_where_a_channel_allows_one(app: Flask) -> None:
    """The sheet itself opens with the program's first channel; chats take links, so the wallet asks for the first with one."""
    browser = _browser(app)
    first, linked = (browser.get(f"/w/share?lang=en{more}", headers=ENGLISH).text for more in ("", "&with=link"))
    assert "allows no links here" in first
    assert "allows no links here" not in linked
    assert 'data-picture="/s/AMY88/poster.png?lang=en&amp;channel=wechat' in linked


def test_without_an_open_wallet_there_is_no_share_sheet(app: Flask) -> None:
    """Nor for a person who is not enrolled, or with a link in place of a session."""
    assert app.test_client().get("/w/share", headers=ENGLISH).status_code == 401
    assert _browser(app, "psn_0123456789abcdef").get("/w/share", headers=ENGLISH).status_code == 404
    own_page = {"Sec-Fetch-Site": "same-origin", **ENGLISH}
    assert app.test_client().post("/w/preferences", data={"messages": "1"}, headers=own_page).status_code == 401


def test_preferences_of_another_site_are_refused(app: Flask) -> None:
    """Before anything is read or written."""
    foreign = {"Sec-Fetch-Site": "cross-site", **ENGLISH}
    assert _browser(app).post("/w/preferences", data={}, headers=foreign).status_code == 403
