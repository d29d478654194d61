"""Debt is set off against credit at the cost of those that take part, not of all rewards that a person has."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from reward_dispatcher.domain import balance
from reward_dispatcher.domain.account import Account, Use
from reward_dispatcher.domain.account_transitions import apply_grant
from reward_dispatcher.domain.balance import Offset, set_off
from tests.support.builders.participants import day
from tests.support.builders.reward_dispatcher import credit, fixed_code

NOW_MS = round(day(9).timestamp() * 1000)


def _credits(count: int) -> Sequence[Account]:
    lines = (
        replace(credit(f"rwd_{number}", 100), occurred_at=day(1) + timedelta(seconds=number)) for number in range(count)
    )
    granted = (apply_grant(None, line, lambda *_: "CODE") for line in lines)
    return [one.account for one in granted if one is not None]


def test_credit_without_debt_is_not_compared_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A promoter may have thousands: each order of a friend adds one."""
    looks = []
    monkeypatch.setattr(balance, "debt", lambda account: looks.append(account) or 0)
    assert set_off(_credits(1000), NOW_MS) == ([], [])
    assert len(looks) == 1000


def test_a_debt_among_much_credit_is_paid_with_what_is_spent_first() -> None:
    """And with no more than it needs."""
    granted = apply_grant(None, fixed_code("rwd_code", 1000), lambda *_: "CODE")
    assert granted is not None
    used = replace(granted.account, clawback=True, status="redeemed", uses=(Use("rdm_1", "o1", 150, NOW_MS),))
    _, offsets = set_off([*_credits(300), used], NOW_MS)
    assert offsets == [Offset("rwd_0", "rwd_code", 100), Offset("rwd_1", "rwd_code", 50)]
