"""Signed tokens: a signed token is read back, and any other text is refused."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.events.facts import ClickToken
from referral.key_ring import KeyRing
from referral.tokens import REMOVED_KEY, InvalidTokenError, TokenSigner, WalletToken

SIGNER = TokenSigner(KeyRing.parse("", "the key of this installation, long enough"))
OTHER = TokenSigner(KeyRing.parse("", "the key of another installation, as long."))

names = st.text(min_size=1, max_size=64)
channels = st.none() | st.sampled_from(["xiaohongshu", "wechat", "weibo", "douyin", "web"])
clicks = st.builds(
    ClickToken,
    id=names,
    program=names,
    participant=names,
    code=names,
    clicked_at_ms=st.integers(0, 2**45),
    channel=channels,
    content=st.none() | names,
    cta=st.none() | names,
)
CLICK = ClickToken(id="clk_1", program="prg_glow", participant="par_1", code="AMY88", clicked_at_ms=1_790_000_000_000)


@given(clicks)
def test_a_click_token_returns_what_was_signed(click: ClickToken) -> None:
    """Ingest and the attribute fold read what the redirect has written."""
    token = SIGNER.sign_click(click)
    assert SIGNER.read_click(token) == click
    assert SIGNER.peek_click(token) == click


@given(clicks, st.data())
def test_a_token_changed_anywhere_is_refused(click: ClickToken, data: st.DataObject) -> None:
    """A token with one changed character is invalid."""
    token = SIGNER.sign_click(click)
    index = data.draw(st.integers(0, len(token) - 2))  # the last character has bits that Base64 ignores
    other = data.draw(st.sampled_from([character for character in "Aa0-_.z" if character != token[index]]))
    with pytest.raises(InvalidTokenError):
        SIGNER.read_click(token[:index] + other + token[index + 1 :])


@given(st.text(max_size=200))
def test_arbitrary_text_is_not_a_valid_token(text: str) -> None:
    """It is refused as malformed, forged or of a removed key, never with another error."""
    for read in (SIGNER.read_click, lambda token: SIGNER.read_wallet("wallet", token, 0)):
        with pytest.raises(InvalidTokenError, match=rf"malformed|forged|{REMOVED_KEY}"):
            read(text)


def test_another_installations_token_is_forged() -> None:
    """A token signed with another key is invalid here."""
    with pytest.raises(InvalidTokenError, match="forged"):
        SIGNER.read_click(OTHER.sign_click(CLICK))


WALLET = WalletToken("wlk_1", "prg_glow", "psn_0t04dnkrn229c38f", 500, 2_000, 2_000)
MADE: dict[str, str] = {
    "click": SIGNER.sign_click(CLICK),
    "guide": SIGNER.sign_guide("rwd_1", 2_000),
    "wallet": SIGNER.sign_wallet("wallet", WALLET),
    "wallet-open": SIGNER.sign_wallet("wallet-open", WALLET),
}
READERS: dict[str, Callable[[str], object]] = {
    "click": SIGNER.read_click,
    "guide": lambda token: SIGNER.read_guide(token, 1_000),
    "wallet": lambda token: SIGNER.read_wallet("wallet", token, 1_000),
    "wallet-open": lambda token: SIGNER.read_wallet("wallet-open", token, 1_000),
}


@pytest.mark.parametrize("made_for", MADE)
@pytest.mark.parametrize("read_as", READERS)
def test_a_token_of_one_purpose_is_invalid_for_another(made_for: str, read_as: str) -> None:
    """A download link opens no wallet, a wallet's link is no session; a click token opens nothing."""
    if made_for == read_as:
        assert READERS[read_as](MADE[made_for])
        return
    with pytest.raises(InvalidTokenError, match="forged"):
        READERS[read_as](MADE[made_for])


def test_what_was_signed_for_a_wallet_is_read_back() -> None:
    """With every field."""
    assert SIGNER.read_wallet("wallet-open", MADE["wallet-open"], 1_999) == WALLET


def test_a_token_expires_at_its_time_by_the_callers_clock() -> None:
    """Valid until the millisecond before; then expired."""
    token = SIGNER.sign_guide("rwd_1", 2_000)
    assert SIGNER.read_guide(token, 1_999) == "rwd_1"
    with pytest.raises(InvalidTokenError, match="expired"):
        SIGNER.read_guide(token, 2_000)
    with pytest.raises(InvalidTokenError, match="expired"):
        SIGNER.read_wallet("wallet-open", MADE["wallet-open"], 2_000)
