"""Signed tokens: what was signed is read back, and nothing else is read at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.events.facts import ClickToken
from referral.tokens import InvalidTokenError, TokenSigner

SIGNER = TokenSigner("the key of this installation, long enough")
OTHER = TokenSigner("the key of another installation, as long.")

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
def test_a_click_token_gives_back_what_was_signed(click: ClickToken) -> None:
    """Whatever a redirect puts in, ingest and the attribute fold take out."""
    token = SIGNER.sign_click(click)
    assert SIGNER.read_click(token) == click
    assert SIGNER.peek_click(token) == click


@given(clicks, st.data())
def test_a_token_changed_anywhere_is_refused(click: ClickToken, data: st.DataObject) -> None:
    """Nobody can change a character of a token and have it believed."""
    token = SIGNER.sign_click(click)
    place = data.draw(st.integers(0, len(token) - 2))  # the last character carries bits that base 64 ignores
    other = data.draw(st.sampled_from([one for one in "Aa0-_.z" if one != token[place]]))
    with pytest.raises(InvalidTokenError):
        SIGNER.read_click(token[:place] + other + token[place + 1 :])


@given(st.text(max_size=200))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    """Any text at all is refused as malformed or forged, never with another error."""
    for read in (SIGNER.read_click, lambda token: SIGNER.read_expiring("wallet", token, 0)):
        with pytest.raises(InvalidTokenError, match=r"malformed|forged"):
            read(text)


def test_another_installations_token_is_forged() -> None:
    """A token signed with another key is worth nothing here."""
    with pytest.raises(InvalidTokenError, match="forged"):
        SIGNER.read_click(OTHER.sign_click(CLICK))


@pytest.mark.parametrize(("made_for", "read_as"), [("guide", "wallet"), ("wallet", "guide")])
def test_a_token_of_one_purpose_is_no_token_of_another(made_for: str, read_as: str) -> None:
    """A guide's download link does not open a wallet, nor the other way round."""
    token = SIGNER.sign_expiring(made_for, "rwd_1", 2_000)  # type: ignore[arg-type]
    with pytest.raises(InvalidTokenError, match="forged"):
        SIGNER.read_expiring(read_as, token, 1_000)  # type: ignore[arg-type]


def test_a_click_token_opens_neither_guide_nor_wallet() -> None:
    """A click token is in every shared address, so it must open nothing."""
    token = SIGNER.sign_click(CLICK)
    for purpose in ("guide", "wallet"):
        with pytest.raises(InvalidTokenError, match="forged"):
            SIGNER.read_expiring(purpose, token, 0)  # type: ignore[arg-type]


def test_a_token_ends_at_its_moment_by_the_callers_clock() -> None:
    """Good until the millisecond before its end; from then on expired."""
    token = SIGNER.sign_expiring("guide", "rwd_1", 2_000)
    assert SIGNER.read_expiring("guide", token, 1_999) == "rwd_1"
    with pytest.raises(InvalidTokenError, match="expired"):
        SIGNER.read_expiring("guide", token, 2_000)
