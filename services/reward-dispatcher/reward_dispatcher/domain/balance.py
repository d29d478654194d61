"""How much of a reward is used, held, free or owed, and how debt and credit of a person are set off.

A credit and a code of a fixed amount have a value and are used in parts; any other reward counts as one and is used as a whole.
`used` and `absorbed` are what was consumed; `repaid` is what later credit has paid for what was consumed of this reward. What was
consumed beyond what the reward is entitled to (nothing, once it was revoked), and not repaid, is debt. Amounts are minor units.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from msgspec.structs import replace

from referral.events.money import Value
from reward_dispatcher.domain.account import Account, Status, Use

_LIVE = ("fulfilled", "delivered", "redeemed")
_PARTIAL_KINDS = ("credit", "discount_code")
_NEVER = float("inf")


class Offset(NamedTuple):
    """Credit of the lot that pays for the debt of another reward; negative: it gets that back."""

    lot: str
    debtor: str
    amount: int


def is_divisible(account: Account) -> bool:
    """Whether the reward has a value that can be used in parts."""
    return account.value is not None and account.kind in _PARTIAL_KINDS


def capacity(account: Account) -> int:
    """Returns how much the reward is worth; 1 if it is used as a whole."""
    return account.value.amount if account.value is not None and is_divisible(account) else 1


def total_values(accounts: Iterable[Account]) -> tuple[Value, ...]:
    """Returns what rewards are worth together, by unit; rewards without an amount are worth nothing here."""
    found: Counter[str] = Counter()
    for account in accounts:
        if account.value is not None:
            found[account.value.unit] += account.value.amount
    return tuple(Value(amount, unit) for unit, amount in sorted(found.items()))


def used(account: Account) -> int:
    """Returns how much was used and not given back."""
    return sum(use.amount - use.returned for use in account.uses if use.until_ms is None)


def held(account: Account, now_ms: int) -> int:
    """Returns how much is reserved by holds that have not ended."""
    return sum(use.amount for use in account.uses if use.until_ms is not None and use.until_ms > now_ms)


def consumed(account: Account) -> int:
    """Returns how much was used or has paid for debt."""
    return used(account) + account.absorbed


def left(account: Account) -> int:
    """Returns what is neither used nor has paid for debt; holds are part of it."""
    return max(0, capacity(account) - consumed(account))


def free(account: Account, now_ms: int) -> int:
    """Returns how much can be used now."""
    if account.status not in ("fulfilled", "delivered"):
        return 0
    if account.expires_ms is not None and account.expires_ms <= now_ms:
        return 0
    return max(0, left(account) - held(account, now_ms))


def debt(account: Account) -> int:
    """Returns what was consumed without a right to it, and is not repaid. Only what has a value can be owed."""
    return max(0, _excess(account) - account.repaid) if is_divisible(account) else 0


def surplus(account: Account) -> int:
    """Returns what was repaid and is not owed any more."""
    return max(0, account.repaid - _excess(account))


def in_balance(account: Account) -> bool:
    """Whether the reward takes part in its beneficiary's balance: as credit, as debt, or as a credit that has paid for debt."""
    if not is_divisible(account):
        return False
    if account.repaid or debt(account):
        return True
    return (
        account.kind == "credit" and account.status in _LIVE and (account.status != "redeemed" or account.absorbed > 0)
    )


def spending_order(account: Account) -> tuple[float, int, str]:
    """The key by which lots are used: the soonest to expire first, then the oldest."""
    return account.expires_ms if account.expires_ms is not None else _NEVER, account.granted_ms, account.id


def settle(account: Account, at_ms: int) -> Account:
    """Returns the account with the status that follows from its uses: closed with the last of them, open again without.

    A remainder below the smallest use closes with the last use; what is left of it cannot be used.
    """
    if account.clawback:
        return account if consumed(account) else _revoked(account, at_ms)
    if account.status == "revoked" and used(account):  # a use that was given back is taken again: it is owed again
        return _closed(replace(account, clawback=True), at_ms)
    if account.status not in _LIVE:
        return account
    if not _is_used_up(account, at_ms):
        return _reopened(account, at_ms) if account.status == "redeemed" else account
    return account if account.status == "redeemed" else _closed(account, at_ms)


def set_off(accounts: Iterable[Account], now_ms: int) -> tuple[list[Account], list[Offset]]:
    """Sets off debt against credit of one unit: what was repaid and is owed no more goes back to credit, then credit pays debt.

    Returns the accounts that changed, and the offsets. The oldest debt is paid first, with the credit that expires first. Credit
    that expired gets nothing back: it could not be used any more.
    """
    known = {account.id: account for account in accounts}
    offsets = [*_give_back(known, now_ms), *_pay_debts(known, now_ms)]
    changed = dict.fromkeys(id for offset in offsets for id in (offset.lot, offset.debtor))
    return [known[id] for id in changed], offsets


def _give_back(known: dict[str, Account], now_ms: int) -> list[Offset]:
    lots = sorted((one for one in known.values() if one.absorbed), key=spending_order)
    debtors = sorted((one for one in known.values() if one.repaid), key=spending_order) if lots else []
    offsets = []
    for debtor, lot in product(_ids(debtors), _ids(lots)):
        if amount := _returnable(known[debtor], known[lot]):
            offsets.append(_apply(known, Offset(lot, debtor, -amount), now_ms))
    return offsets


def _returnable(debtor: Account, lot: Account) -> int:
    """How much of what was repaid goes back to a lot. A lot that was taken back gets back at once what was repaid for it."""
    if lot.status == "expired":
        return 0
    owed_no_more = debtor.repaid if debtor is lot and lot.clawback else surplus(debtor)
    return min(owed_no_more, lot.absorbed)


def _pay_debts(known: dict[str, Account], now_ms: int) -> list[Offset]:
    debtors = sorted((one for one in known.values() if debt(one)), key=lambda one: (one.granted_ms, one.id))
    credit = (one for one in known.values() if one.kind == "credit" and free(one, now_ms)) if debtors else ()
    offsets = []
    for debtor, lot in product(_ids(debtors), _ids(sorted(credit, key=spending_order))):
        if amount := min(debt(known[debtor]), free(known[lot], now_ms)):
            offsets.append(_apply(known, Offset(lot, debtor, amount), now_ms))
    return offsets


def _ids(accounts: Sequence[Account]) -> list[str]:
    """Their ids: the accounts change while debt is set off. Most people have many lots and no debt, so few are compared."""
    return [account.id for account in accounts]


def _apply(known: dict[str, Account], offset: Offset, now_ms: int) -> Offset:
    lot = known[offset.lot]
    known[offset.lot] = settle(replace(lot, absorbed=lot.absorbed + offset.amount), now_ms)
    debtor = known[offset.debtor]
    known[offset.debtor] = settle(replace(debtor, repaid=debtor.repaid + offset.amount), now_ms)
    return offset


def _excess(account: Account) -> int:
    """What was consumed beyond what the reward is entitled to."""
    if account.clawback or account.status == "revoked":
        return consumed(account)
    return max(0, consumed(account) - capacity(account))


def _is_used_up(account: Account, now_ms: int) -> bool:
    rest = capacity(account) - consumed(account)
    return used(account) > 0 and held(account, now_ms) == 0 and rest < max(1, account.smallest_use or 1)


def _closed(account: Account, at_ms: int) -> Account:
    """The account, used up by its last use."""
    last = max((use for use in account.uses if use.until_ms is None and use.returned < use.amount), key=_moment)
    return replace(
        account,
        status="redeemed",
        order=last.order,
        request=last.request,
        redeemed_ms=at_ms,
        changed_ms=at_ms,
    )


def _reopened(account: Account, at_ms: int) -> Account:
    """A reward that can be used again, unless an operator holds it."""
    usable: Status = "delivered" if account.delivered_ms is not None else "fulfilled"
    return replace(
        account,
        status="held" if account.on_hold else usable,
        hold_reason="operator" if account.on_hold else None,
        order=None,
        request=None,
        redeemed_ms=None,
        changed_ms=at_ms,
    )


def _revoked(account: Account, at_ms: int) -> Account:
    """A reward that was clawed back, and whose uses were all given back since."""
    return replace(_reopened(account, at_ms), status="revoked", hold_reason=None, clawback=False)


def _moment(use: Use) -> int:
    return use.at_ms


def lots_of(accounts: Iterable[Account], unit: str) -> Sequence[Account]:
    """Returns the rewards of a balance that have this unit, in the order in which they are spent."""
    found = [account for account in accounts if account.value is not None and account.value.unit == unit]
    return sorted(found, key=spending_order)
