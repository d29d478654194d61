"""Signed tokens: a signed token is read back, and any other text is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.events.facts import ClickToken
from referral.key_ring import KeyRing
from referral.tokens import REMOVED_KEY, InvalidTokenError, TokenSigner

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
    for read in (SIGNER.read_click, lambda token: SIGNER.read_expiring("wallet", token, 0)):
        with pytest.raises(InvalidTokenError, match=rf"malformed|forged|{REMOVED_KEY}"):
            read(text)


def test_another_installations_token_is_forged() -> None:
    """A token signed with another key is invalid here."""
    with pytest.raises(InvalidTokenError, match="forged"):
        SIGNER.read_click(OTHER.sign_click(CLICK))


@pytest.mark.parametrize(("made_for", "read_as"), [("guide", "wallet"), ("wallet", "guide")])
def test_a_token_of_one_purpose_is_invalid_for_another(made_for: str, read_as: str) -> None:
    """A guide's download link does not open a wallet, and vice versa."""
    token = SIGNER.sign_expiring(made_for, "rwd_1", 2_000)  # type: ignore[arg-type]
    with pytest.raises(InvalidTokenError, match="forged"):
        SIGNER.read_expiring(read_as, token, 1_000)  # type: ignore[arg-type]


def test_a_click_token_opens_neither_guide_nor_wallet() -> None:
    """A click token is in every shared URL, so it must give access to nothing."""
    token = SIGNER.sign_click(CLICK)
    for purpose in ("guide", "wallet"):
        with pytest.raises(InvalidTokenError, match="forged"):
            SIGNER.read_expiring(purpose, token, 0)  # type: ignore[arg-type]


def test_a_token_expires_at_its_time_by_the_callers_clock() -> None:
    """Valid until the millisecond before; then expired."""
    token = SIGNER.sign_expiring("guide", "rwd_1", 2_000)
    assert SIGNER.read_expiring("guide", token, 1_999) == "rwd_1"
    with pytest.raises(InvalidTokenError, match="expired"):
        SIGNER.read_expiring("guide", token, 2_000)
