"""Preferences of a wallet: stored like any other change of a participant, for the person whose wallet is open alone."""

import pytest

from referral.events.timestamps import DAY_MS
from referral.tokens import TokenSigner, WalletToken
from tests.support.systems.link_issuer import PROGRAM, LinkIssuer

pytestmark = pytest.mark.integration


def test_a_participant_chooses_messages_name_and_language(glow: LinkIssuer) -> None:
    """Withdrawing the consent removes the contact; the same form again changes nothing."""
    amy = glow.enrol_amy(contact="amy@mail.example", consents=["messages"])
    now_ms = glow.context.clock.now_ms()
    token = WalletToken("wlk_1", PROGRAM, amy["id"], now_ms, now_ms + DAY_MS, now_ms + DAY_MS)
    browser = glow.app.test_client()
    browser.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    signer = TokenSigner(glow.context.key_ring)
    browser.set_cookie("wallet", signer.sign_wallet("wallet-open", token), path="/w")
    for chosen, place in (("", "/w?saved=1"), ("?lang=en", "/w?saved=1&lang=en")):
        saved = browser.post(f"/w/preferences{chosen}", data={"language": "zh-CN"})
        assert (saved.status_code, saved.headers["Location"]) == (303, place)
        profile = glow.context.people.profile(amy["id"])
        assert profile is not None
        assert (profile.consents, profile.contact, profile.public, profile.language) == ((), None, False, "zh-CN")
