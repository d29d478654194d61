"""What happens to a redemption afterwards: a hold is captured or released; a use is reversed, refunded or taken again.

A use that is taken again although its value was used in the meantime exceeds the reward: what has a value is owed then (`balance`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.entitlement.orders import MAX_REFUNDS
from referral.events.money import share_of
from referral.events.redemptions import (
    RedemptionChange,
    RedemptionChangeRequested,
    RedemptionRefused,
    RedemptionReleased,
    RedemptionReturned,
    RefusalReason,
    ReleaseReason,
    ReturnReason,
)
from referral.events.rewards import KeyedReward
from referral.events.timestamps import to_ms
from reward_dispatcher.domain.account import Account, OrderRefund, Use
from reward_dispatcher.domain.balance import is_divisible, settle
from reward_dispatcher.domain.redemption import Redemption, Taking, redeemed_line, use_header, value_of


class ChangeResult(Struct, frozen=True, array_like=True, tag="change"):
    """The result of a request to change a redemption: how much was captured, released or given back (1: the whole reward)."""

    request: str
    redemption: str
    change: RedemptionChange
    outcome: Literal["done"] | RefusalReason
    amount: int
    decided_ms: int


@dataclass(frozen=True, slots=True)
class ChangeDecision:
    """The accounts that changed, the redemption from now on (None: unchanged), the result to store, and the output lines."""

    accounts: tuple[Account, ...]
    redemption: Redemption | None
    result: ChangeResult
    lines: tuple[KeyedReward, ...]


@dataclass(frozen=True, slots=True)
class _UseChange:
    """A use of a reward before and after (None: it is gone); `amount` is what was captured, released or given back."""

    before: Account
    use: Use
    after: Use | None
    amount: int


def change_redemption(
    redemption: Redemption | None, accounts: Sequence[Account], line: RedemptionChangeRequested
) -> ChangeDecision:
    """Decides on a request that has no result yet; `accounts` are those that the redemption took from, in this order."""
    changes = _changes(redemption, accounts, line)
    if not isinstance(changes, list) or redemption is None:
        return _refuse(line, changes if isinstance(changes, str) else "unknown")
    now_ms, amount = to_ms(line.occurred_at), sum(change.amount for change in changes)
    after = tuple(settle(_with_use(change), now_ms) for change in changes)
    lines = tuple(one for change in changes for one in _lines(change, line))
    result = ChangeResult(line.request, line.redemption, line.change, "done", amount, now_ms)
    return ChangeDecision(after, _redemption_after(redemption, changes, line), result, lines)


def end_holds(
    account: Account, at: datetime, reason: ReleaseReason, *, all_of_them: bool
) -> tuple[Account, list[KeyedReward]]:
    """Ends the holds of a reward whose time is over, or all of them. Returns the account, and a line about each."""
    now_ms = to_ms(at)
    ended = [use for use in account.uses if use.until_ms is not None and (all_of_them or use.until_ms <= now_ms)]
    if not ended:
        return account, []
    remaining = replace(account, uses=tuple(use for use in account.uses if use not in ended))
    lines: list[KeyedReward] = [released_line(account, use, at, reason, use.amount) for use in ended]
    return settle(remaining, now_ms), lines


def released_line(account: Account, use: Use, at: datetime, reason: ReleaseReason, amount: int) -> RedemptionReleased:
    """Returns the line about a hold, or a part of it, that ended without a use."""
    return RedemptionReleased(
        **use_header(account, at, use.order, use.request), reason=reason, value=value_of(account, amount)
    )


def returned_line(account: Account, use: Use, at: datetime, reason: ReturnReason, amount: int) -> RedemptionReturned:
    """Returns the line about a use, or a part of it, that was given back."""
    return RedemptionReturned(
        **use_header(account, at, use.order, use.request), reason=reason, value=value_of(account, amount)
    )


def _changes(
    redemption: Redemption | None, accounts: Sequence[Account], line: RedemptionChangeRequested
) -> list[_UseChange] | RefusalReason:
    if redemption is None:
        return "unknown"
    uses = [(account, use) for account in accounts for use in account.uses if use.request == line.redemption]
    match line.change:
        case "capture":
            return _capture(uses, line)
        case "release":
            holds = _active_holds(uses, to_ms(line.occurred_at))
            return [_UseChange(account, use, None, use.amount) for account, use in holds] or "not_held"
        case "reverse":
            return _reverse(uses)
        case "refund":
            return _refund(uses, line)
        case "reinstate":
            return _reinstate(uses)
        case _:
            assert_never(line.change)


def _refund(uses: list[tuple[Account, Use]], line: RedemptionChangeRequested) -> list[_UseChange] | RefusalReason:
    """Gives back in proportion, once for each refund. A reward without a value comes back once the whole order is refunded."""
    taken = [(account, use) for account, use in uses if use.until_ms is None]
    if not taken or line.refund is None or line.part is None or line.whole is None:
        return "not_redeemed"
    if any(one.id == line.refund for _, use in taken for one in use.refunds):
        return "already_refunded"
    most = MAX_REFUNDS - (line.part < line.whole)
    if any(len(use.refunds) >= most for _, use in taken):
        return "too_many_refunds"
    refund = OrderRefund(line.refund, line.part, line.whole)
    with_refund = [(account, replace(use, refunds=(*use.refunds, refund))) for account, use in taken]
    shares = _refund_shares(with_refund, refund.whole)
    return [
        _UseChange(account, use, replace(after, returned=use.returned + share), share)
        for (account, use), (_, after), share in zip(taken, with_refund, shares, strict=True)
    ]


def _refund_shares(uses: Sequence[tuple[Account, Use]], whole: int) -> list[int]:
    """How much comes back of each use, in minor units, now that its refunds have the newest one.

    What comes back of the order's credit is rounded once, as a percentage of the order is, and its parts add up to that: each use
    gives back its share rounded down, and the units that are left come from the first uses that have any. A use never takes
    back what it gave.
    """
    part = min(whole, max(sum(one.part for one in use.refunds) for _, use in uses))
    divisible = [use for account, use in uses if is_divisible(account)]
    due = share_of(sum(use.amount for use in divisible), part, whole) - sum(use.returned for use in divisible)
    shares = []
    for account, use in uses:
        if is_divisible(account):
            share = max(0, min(use.amount * part // whole - use.returned, due))
            due -= share
        else:
            share = use.amount - use.returned if part == whole else 0
        shares.append(share)
    for index, (account, use) in enumerate(uses):
        if is_divisible(account):
            extra = max(0, min(due, use.amount - use.returned - shares[index]))
            shares[index] += extra
            due -= extra
    return shares


def _reinstate(uses: list[tuple[Account, Use]]) -> list[_UseChange] | RefusalReason:
    """Takes again what was given back, and makes the refunds void, also those that have given nothing back yet."""
    returned = [(account, use) for account, use in uses if use.returned or use.refunds]
    return [
        _UseChange(account, use, replace(use, returned=0, refunds=()), use.returned) for account, use in returned
    ] or "not_returned"


def _capture(uses: list[tuple[Account, Use]], line: RedemptionChangeRequested) -> list[_UseChange] | RefusalReason:
    now_ms = to_ms(line.occurred_at)
    holds = _active_holds(uses, now_ms)
    if not holds:
        return "not_held"
    if any(account.status not in ("fulfilled", "delivered") for account, _ in holds):
        return "not_redeemable"
    if line.amount is not None and not is_divisible(holds[0][0]):
        return "not_divisible"
    total = sum(use.amount for _, use in holds)
    wanted = total if line.amount is None else line.amount
    return _capture_parts(holds, wanted, now_ms) if wanted <= total else "insufficient"


def _capture_parts(holds: list[tuple[Account, Use]], wanted: int, now_ms: int) -> list[_UseChange]:
    """Captures the holds in their order, until the amount is reached; the rest of them is released."""
    changes = []
    for account, use in holds:
        amount = min(wanted, use.amount)
        captured = replace(use, amount=amount, at_ms=now_ms, until_ms=None) if amount else None
        changes.append(_UseChange(account, use, captured, amount))
        wanted -= amount
    return changes


def _reverse(uses: list[tuple[Account, Use]]) -> list[_UseChange] | RefusalReason:
    taken = [(account, use) for account, use in uses if use.until_ms is None and use.returned < use.amount]
    return [
        _UseChange(account, use, replace(use, returned=use.amount), use.amount - use.returned) for account, use in taken
    ] or "not_redeemed"


def _active_holds(uses: list[tuple[Account, Use]], now_ms: int) -> list[tuple[Account, Use]]:
    return [(account, use) for account, use in uses if use.until_ms is not None and use.until_ms > now_ms]


def _with_use(change: _UseChange) -> Account:
    uses = (change.after if use == change.use else use for use in change.before.uses)
    return replace(change.before, uses=tuple(use for use in uses if use is not None))


def _lines(change: _UseChange, line: RedemptionChangeRequested) -> list[KeyedReward]:
    account, use, at = change.before, change.use, line.occurred_at
    match line.change:
        case "capture":
            captured: list[KeyedReward] = (
                [redeemed_line(account, line, use.order, use.request, change.amount)] if change.amount else []
            )
            rest = use.amount - change.amount
            return captured + ([released_line(account, use, at, "released", rest)] if rest else [])
        case "release":
            return [released_line(account, use, at, "released", change.amount)]
        case "reverse":
            return [returned_line(account, use, at, "reversed", change.amount)]
        case "refund":
            return [returned_line(account, use, at, "refunded", change.amount)] if change.amount else []
        case "reinstate":
            return [redeemed_line(account, line, use.order, use.request, change.amount)] if change.amount else []
        case _:
            assert_never(line.change)


def _redemption_after(
    redemption: Redemption, changes: list[_UseChange], line: RedemptionChangeRequested
) -> Redemption | None:
    if line.change != "capture":
        return None
    takings = tuple(Taking(change.before.id, change.amount) for change in changes if change.amount)
    return replace(redemption, outcome="redeemed", takings=takings)


def _refuse(line: RedemptionChangeRequested, reason: RefusalReason) -> ChangeDecision:
    refused = RedemptionRefused(
        occurred_at=line.occurred_at,
        program=line.program,
        id=line.id,
        beneficiary=line.beneficiary,
        request=line.request,
        reason=reason,
    )
    result = ChangeResult(line.request, line.redemption, line.change, reason, 0, to_ms(line.occurred_at))
    return ChangeDecision((), None, result, (refused,))
