"""Shares that pages report: the token determines the participant and limits the number of shares."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.domain.share_report import MAX_PRESSES, TOKEN_LIFETIME_MS, is_expired, share_page_fact
from referral.events.facts import ShareToken
from referral.events.timestamps import DAY_MS
from referral.key_ring import KeyRing
from referral.tokens import InvalidTokenError, TokenSigner
from tests.support.builders.participants import AMY

SIGNER = TokenSigner(KeyRing.parse("", "k" * 32))


def token(issued_ms: int = 0, id_: str = "shr_1") -> ShareToken:
    """A token of Amy's page."""
    return ShareToken(id=id_, program="prg_glow", code="AMY88", issued_ms=issued_ms, channel="wechat", content="hacks")


@given(
    st.integers(0, 40 * DAY_MS),
    st.lists(st.tuples(st.integers(1, MAX_PRESSES), st.integers(0, TOKEN_LIFETIME_MS)), max_size=40),
)
def test_a_token_yields_one_fact_per_press_however_often_it_is_sent(issued: int, sent: list[tuple[int, int]]) -> None:
    """Each press is one fact of one day, which counting folds recognize: sending it twice gains nothing."""
    lines = [share_page_fact(token(issued), press, issued + late, AMY, AMY) for press, late in sent]
    assert len({line.id for line in lines}) == len({press for press, _ in sent}) <= MAX_PRESSES
    assert {line.occurred_at.date() for line in lines} <= {datetime.fromtimestamp(issued / 1000, UTC).date()}


def test_a_press_is_the_participants_own_share_and_not_evidence() -> None:
    """As a top-level field of the fact, the code would be evidence that Amy referred herself."""
    line = share_page_fact(token(), 1, 5, AMY, AMY)
    assert (line.person, line.code, line.data.code, line.data.participant) == (AMY.id, None, "AMY88", AMY.id)
    assert (line.channel, line.data.content) == ("wechat", "hacks")


def test_a_token_is_valid_for_an_hour_and_only_for_shares() -> None:
    """Tokens of other purposes or with another key are rejected."""
    assert not is_expired(token(1000), 1000 + TOKEN_LIFETIME_MS)
    assert is_expired(token(1000), 1001 + TOKEN_LIFETIME_MS)
    assert SIGNER.read_share(SIGNER.sign_share(token())) == token()
    for other in (
        SIGNER.sign_guide("AMY88", 10),
        TokenSigner(KeyRing.parse("", "x" * 32)).sign_share(token()),
    ):
        with pytest.raises(InvalidTokenError, match="forged"):
            SIGNER.read_share(other)
