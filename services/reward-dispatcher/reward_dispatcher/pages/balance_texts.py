"""A person's balances as their wallet shows them: what can be spent, what is held, what ends soon, and debt, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass

from referral.events.timestamps import DAY_MS
from referral.pages.amounts import amount_text
from referral.pages.languages import gettext
from reward_dispatcher.domain.unit_balance import BalanceLot, UnitBalance
from reward_dispatcher.pages.date_texts import day_text
from reward_dispatcher.pages.tickets import Moment

SOON_DAYS = 30
MOST_ENDS = 3


@dataclass(frozen=True, slots=True)
class BalanceView:
    """A balance in one unit: the amount that can be spent, and sentences about what is held, what ends soon and what is owed."""

    amount: str
    notes: list[str]


def balance_views(balances: Sequence[UnitBalance], at: Moment) -> list[BalanceView]:
    """Returns the balances that have something in them, or owe something."""
    return [
        BalanceView(amount_text(one.free, one.unit), list(_notes(one, at)))
        for one in balances
        if one.free or one.held or one.debt
    ]


def _notes(balance: UnitBalance, at: Moment) -> list[str]:
    notes = [
        gettext("Use %(amount)s by %(day)s", amount=amount_text(amount, balance.unit), day=day)
        for day, amount in _ends(balance.lots, at)
    ]
    if balance.held:
        notes.append(gettext("%(amount)s more is held for an order", amount=amount_text(balance.held, balance.unit)))
    if balance.debt:
        owed = amount_text(balance.debt, balance.unit)
        notes.append(
            gettext("%(amount)s was used and then taken back. Your next credit pays it; you owe no money.", amount=owed)
        )
    return notes


def _ends(lots: Sequence[BalanceLot], at: Moment) -> list[tuple[str, int]]:
    """The days of the next month on which credit ends, the first of them, and how much ends on each."""
    by_day: dict[str, int] = {}
    for lot in lots:
        if lot.free and lot.expires_ms is not None and lot.expires_ms <= at.now_ms + SOON_DAYS * DAY_MS:
            day = day_text(lot.expires_ms, at.zone, at.now_ms)
            by_day[day] = by_day.get(day, 0) + lot.free
    return list(by_day.items())[:MOST_ENDS]
