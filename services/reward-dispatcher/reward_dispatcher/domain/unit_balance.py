"""A person's balance in a unit, as the person and shops see it: what is free, held and owed, and in words."""

from collections.abc import Sequence
from typing import NamedTuple

from referral.events.money import Value, in_main_unit
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import debt, free, held, lots_of, set_off


class BalanceLot(NamedTuple):
    """A credit: how much of it is free and held, and when it expires (ms)."""

    reward: str
    free: int
    held: int
    expires_ms: int | None


class UnitBalance(NamedTuple):
    """A balance in minor units of a currency, or in points; its lots in the order in which they are spent."""

    unit: str
    free: int
    held: int
    debt: int
    lots: list[BalanceLot]


def unit_balances(accounts: Sequence[Account], now_ms: int) -> list[UnitBalance]:
    """Returns the balances of the accounts that take part in them, by unit. Debt that credit can pay counts as paid."""
    units = sorted({account.value.unit for account in accounts if account.value is not None})
    return [_balance(unit, lots_of(accounts, unit), now_ms) for unit in units]


def balance_in_words(balance: UnitBalance) -> str:
    """Returns the balance as a sentence."""
    if balance.debt:
        owed = _in_words(balance.debt, balance.unit)
        return f"{owed} was used and taken back since: the next credit pays it"
    held = f", {_in_words(balance.held, balance.unit)} held for orders" if balance.held else ""
    return f"{_in_words(balance.free, balance.unit)} to spend{held}"


def _balance(unit: str, accounts: Sequence[Account], now_ms: int) -> UnitBalance:
    changed, _ = set_off(accounts, now_ms)
    now = {account.id: account for account in (*accounts, *changed)}
    lots = [
        BalanceLot(one.id, free(one, now_ms), held(one, now_ms), one.expires_ms)
        for one in now.values()
        if one.kind == "credit" and (free(one, now_ms) or held(one, now_ms))
    ]
    owed = sum(debt(account) for account in now.values())
    return UnitBalance(unit, sum(lot.free for lot in lots), sum(lot.held for lot in lots), owed, lots)


def _in_words(amount: int, unit: str) -> str:
    return f"{in_main_unit(Value(amount, unit)):,f} {unit}"
