"""Amounts: the rounding of shares."""

import itertools
from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import given
from hypothesis import strategies as st

from referral.events.money import MAX_AMOUNT, share_of

AMOUNTS = st.integers(0, MAX_AMOUNT)


@given(amount=AMOUNTS, percent=st.integers(0, 100))
def test_a_share_is_rounded_half_to_even(amount: int, percent: int) -> None:
    """As the decimal arithmetic of Python's standard library rounds it."""
    exact = Decimal(amount) * percent / 100
    assert share_of(amount, percent, 100) == exact.quantize(Decimal(1), ROUND_HALF_EVEN)


@given(amount=AMOUNTS, parts=st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_differences_of_running_shares_add_up_to_the_whole(amount: int, parts: list[int]) -> None:
    """However an amount is split, no unit is lost and none is added."""
    whole = sum(parts) or 1
    totals = [sum(parts[:count]) for count in range(len(parts) + 1)]
    shares = [
        share_of(amount, after, whole) - share_of(amount, before, whole) for before, after in itertools.pairwise(totals)
    ]
    assert all(share >= 0 for share in shares)
    assert sum(shares) == (amount if sum(parts) else 0)
