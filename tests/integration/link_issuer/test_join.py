"""The join page: one step gives code and link; only the browser whose own claim was proven gets to the wallet."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from referral.config import Settings
from referral.events.people import WalletAccess
from referral.people.join_proofs import find_claim
from tests.support.operators import SAME_ORIGIN
from tests.support.systems.link_issuer import PROGRAM, RULES, LinkIssuer, serve_link_issuer

pytestmark = pytest.mark.integration
PAGE = f"/j/{PROGRAM}"
JOIN = {
    "join": {"channels": ["xiaohongshu"], "consent": {"en": "I agree <b>here</b>."}},
    "channels": ["wechat", "xiaohongshu"],
}


@pytest.fixture
def issuer(settings: Settings) -> Iterator[LinkIssuer]:
    """Link-issuer with a program that has a join page."""
    with serve_link_issuer(settings) as system:
        assert system.apply(RULES | JOIN).status_code in (200, 201)
        yield system


def _join(browser: FlaskClient, handle: str, **more: str) -> str:
    """Returns the page that follows."""
    sent = browser.post(PAGE, data={"handle": handle, "consent": "1", **more}, headers=SAME_ORIGIN)
    assert sent.status_code == 303, sent.text
    return browser.get(sent.headers["Location"] + "?lang=en").text


def _proof(page: str) -> str:
    found = re.search(r"JOIN-[0-9A-Z]{5}-[0-9A-Z]{5}", page)
    assert found is not None
    return found[0]


def _prove(issuer: LinkIssuer, external_id: str, code: str) -> None:
    """Writes what the desk writes once an operator has confirmed the code of this person."""
    context = issuer.app.extensions["referral"]
    person = context.pseudonyms.person_id(PROGRAM, external_id)
    claim = find_claim(context.pseudonyms, PROGRAM, person, code)
    assert claim is not None
    now = datetime.now(UTC) + timedelta(milliseconds=1)
    record = WalletAccess(id=person, program=PROGRAM, recorded_at=now, links_from=now, claims=(claim,))
    writer = context.people_writer()
    writer.write([record])
    context.follower.read_to_end(30)


def test_one_step_gives_code_link_and_poster_and_the_wallet_after_proof(issuer: LinkIssuer) -> None:
    """The same handle again is the same participant."""
    browser = issuer.app.test_client()
    assert "I agree &lt;b&gt;here&lt;/b&gt;." in browser.get(f"{PAGE}?lang=en").text
    page = _join(browser, " @Amy  Chen ")
    person = issuer.request("GET", f"/v1/programs/{PROGRAM}/participants/xhs:amy_chen").get_json()
    assert person["display_name"] == "Amy Chen"
    assert person["code"] in page
    assert "Open my rewards" not in page
    assert browser.post(f"{PAGE}/wallet", headers=SAME_ORIGIN).status_code == 403
    _prove(issuer, "xhs:amy_chen", _proof(page))
    assert "Open my rewards" in browser.get(f"{PAGE}?lang=en").text
    opened = browser.post(f"{PAGE}/wallet", headers=SAME_ORIGIN)
    assert opened.status_code == 303
    assert "/w/" in opened.headers["Location"]
    assert browser.post(f"{PAGE}/leave", headers=SAME_ORIGIN).status_code == 303
    assert 'name="handle"' in browser.get(PAGE).text


def test_nobody_gets_to_another_ones_wallet_by_typing_their_handle(issuer: LinkIssuer) -> None:
    """Neither of a participant whom a platform enrolled, by id or mention, nor of one who joined and has proven."""
    issuer.enrol({"external_id": "xhs:u42", "display_name": "Mei", "mention": "@mei"})
    owner, thief = issuer.app.test_client(), issuer.app.test_client()
    mine, theirs = _proof(_join(owner, "mei")), _proof(_join(thief, "MEI"))
    assert mine != theirs
    _prove(issuer, "xhs:u42", mine)
    assert "Open my rewards" in owner.get(f"{PAGE}?lang=en").text
    assert "Open my rewards" not in thief.get(f"{PAGE}?lang=en").text
    assert thief.post(f"{PAGE}/wallet", headers=SAME_ORIGIN).status_code == 403
    _prove(issuer, "xhs:u42", theirs)  # whoever proves last has it: the account itself said the code
    assert owner.post(f"{PAGE}/wallet", headers=SAME_ORIGIN).status_code == 403


@pytest.mark.parametrize("handle", ["", "   ", "a" * 41, "wechat:openid", "psn：x", "\u200b", "\u202eymA"])
def test_what_is_no_handle_is_refused_on_the_page(issuer: LinkIssuer, handle: str) -> None:
    """In words, and nobody is enrolled."""
    sent = issuer.app.test_client().post(
        f"{PAGE}?lang=en", data={"handle": handle, "consent": "1"}, headers=SAME_ORIGIN
    )
    assert sent.status_code == 422
    assert "Write your name as the platform shows it" in sent.text


def test_consent_origin_and_limits(issuer: LinkIssuer) -> None:
    """Without consent nothing is stored; another site cannot join; one network joins at most 20 times in an hour."""
    browser = issuer.app.test_client()
    assert browser.post(PAGE, data={"handle": "amy"}, headers=SAME_ORIGIN).status_code == 422
    assert issuer.request("GET", f"/v1/programs/{PROGRAM}/participants/xhs:amy").status_code == 404
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post(PAGE, data={"handle": "amy", "consent": "1"}, headers=foreign).status_code == 403
    assert browser.get("/j/prg_none").status_code == 404
    form = {"handle": "amy", "consent": "1"}
    statuses = [browser.post(PAGE, data=form, headers=SAME_ORIGIN).status_code for _ in range(21)]
    assert statuses == [303] * 20 + [429]


def test_a_network_over_its_limit_does_not_use_up_that_of_the_program(
    issuer: LinkIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused counts for the network alone: others can still join."""
    monkeypatch.setattr("link_issuer.join_rate_limit.MAX_PER_PROGRAM", 22)
    browser, form = issuer.app.test_client(), {"handle": "amy", "consent": "1"}
    statuses = {browser.post(PAGE, data=form, headers=SAME_ORIGIN).status_code for _ in range(30)}
    assert statuses == {303, 429}
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    others = [browser.post(PAGE, data=form, headers=SAME_ORIGIN, **elsewhere).status_code for _ in range(3)]
    assert others == [303, 303, 429], "the program has a limit of its own"


def test_a_program_without_the_section_has_no_join_page(issuer: LinkIssuer) -> None:
    """It is opened by the program file alone."""
    issuer.apply(RULES | {"id": "prg_closed"})
    assert issuer.app.test_client().get("/j/prg_closed").status_code == 404
