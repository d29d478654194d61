"""A person's balances as their wallet shows them: what can be spent, what is held, what ends soon, and debt, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from referral.events.currencies import minor_unit_digits
from referral.events.money import POINTS
from referral.events.timestamps import DAY_MS
from referral.pages.languages import gettext, ngettext
from referral.pages.reward_names import amount_text
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
        BalanceView(unit_text(one.free, one.unit), list(_notes(one, at)))
        for one in balances
        if one.free or one.held or one.debt
    ]


def unit_text(amount: int, unit: str) -> str:
    """Returns an amount of minor units of a currency, or of points, in the request's language."""
    if unit == POINTS:
        return ngettext("%(num)d point", "%(num)d points", amount)
    return amount_text(Decimal(amount).scaleb(-minor_unit_digits(unit)), unit)


def _notes(balance: UnitBalance, at: Moment) -> list[str]:
    notes = [
        gettext("Use %(amount)s by %(day)s", amount=unit_text(amount, balance.unit), day=day)
        for day, amount in _ends(balance.lots, at)
    ]
    if balance.held:
        notes.append(gettext("%(amount)s more is held for an order", amount=unit_text(balance.held, balance.unit)))
    if balance.debt:
        owed = unit_text(balance.debt, balance.unit)
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
