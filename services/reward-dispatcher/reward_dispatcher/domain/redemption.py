"""Redemption: the use of a reward, or of a balance, as a whole or in part; or a hold of it.

The first request in the log wins; the same request again gets the same result. `redemption_changes` has what happens afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict, assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.events.money import Value
from referral.events.redemptions import (
    MAX_LOTS,
    RedemptionHeld,
    RedemptionRefused,
    RedemptionRequested,
    RefusalReason,
    RewardRedeemed,
)
from referral.events.timestamps import to_ms
from reward_dispatcher.domain.account import Account, Use
from reward_dispatcher.domain.balance import free, held, is_divisible, settle

MAX_USES = 64
"""Uses and holds of one reward; those that were given back as a whole are forgotten first."""


class _UseHeader(TypedDict):
    occurred_at: datetime
    program: str
    id: str
    beneficiary: str
    order: str
    request: str


class Taking(Struct, frozen=True, array_like=True):
    """What a redemption took from a reward: minor units of its value, or 1 for a reward that is used as a whole."""

    reward: str
    amount: int


class Redemption(Struct, frozen=True, array_like=True, tag="redemption"):
    """The result of a request. `used_for` is the order that the reward was used for: the request's own if it succeeded.

    `takings` are empty for a refusal; `unit` is None for a reward that is used as a whole; `until_ms` is the end of a hold.
    """

    request: str
    reward: str
    order: str
    outcome: Literal["redeemed", "held"] | RefusalReason
    used_for: str | None
    decided_ms: int
    program: str = ""
    beneficiary: str = ""
    takings: tuple[Taking, ...] = ()
    unit: str | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RedemptionDecision:
    """The accounts that changed, the result to store, and the output lines."""

    accounts: tuple[Account, ...]
    redemption: Redemption
    lines: tuple[RewardRedeemed | RedemptionHeld | RedemptionRefused, ...]


def redeem(lots: Sequence[Account], line: RedemptionRequested) -> RedemptionDecision:
    """Decides on a request that has no result yet. `lots`: the reward (none if unknown), or a balance as it is spent."""
    now_ms = to_ms(line.occurred_at)
    takings = _takings(lots, line, now_ms)
    if not isinstance(takings, tuple):
        return _refuse(lots[0] if len(lots) == 1 else None, line, takings)
    by_id = {lot.id: lot for lot in lots}
    accounts = tuple(_take(by_id[taking.reward], taking, line, now_ms) for taking in takings)
    lines = tuple(_line_of(by_id[taking.reward], taking, line) for taking in takings)
    return RedemptionDecision(accounts, _success(by_id[takings[0].reward], takings, line), lines)


def refusal_reason(account: Account | None, now_ms: int) -> RefusalReason | None:  # noqa: PLR0911 - a table
    """Returns why a reward cannot be used now, or None if it can, at least in part."""
    if account is None:
        return "unknown"
    match account.status:
        case "fulfilled" | "delivered":
            if account.expires_ms is not None and account.expires_ms <= now_ms:
                return "expired"
            if free(account, now_ms):
                return None
            return "held_for_order" if held(account, now_ms) else "insufficient"
        case "held" | "approved":
            return "not_redeemable"
        case "redeemed":
            return "already_redeemed"
        case "revoked" | "expired":
            return account.status
        case _:
            assert_never(account.status)


def _takings(lots: Sequence[Account], line: RedemptionRequested, now_ms: int) -> tuple[Taking, ...] | RefusalReason:
    """What the request takes from which lot, or why it is refused."""
    if not line.of_balance:
        refusal = refusal_reason(lots[0] if lots else None, now_ms)
        if refusal is not None:
            return refusal
        if line.amount is not None and not is_divisible(lots[0]):
            return "not_divisible"
    total = sum(free(lot, now_ms) for lot in lots)
    wanted = line.amount if line.amount is not None else total
    return _spread(lots, wanted, now_ms) if 0 < wanted <= total else "insufficient"


def _spread(lots: Sequence[Account], wanted: int, now_ms: int) -> tuple[Taking, ...] | RefusalReason:
    """Takes from each lot what it has, in their order, until the amount is reached."""
    takings = []
    for lot in lots:
        amount = min(wanted, free(lot, now_ms))
        if amount:
            takings.append(Taking(lot.id, amount))
            wanted -= amount
            if not _has_room(lot):
                return "too_many_uses"
    return tuple(takings) if len(takings) <= MAX_LOTS else "too_many_lots"


def _has_room(lot: Account) -> bool:
    return len(_remembered(lot.uses)) < MAX_USES


def _remembered(uses: tuple[Use, ...]) -> tuple[Use, ...]:
    """The uses that must be remembered: beyond half of the bound, only those that were not given back."""
    return uses if len(uses) < MAX_USES // 2 else tuple(use for use in uses if use.returned < use.amount)


def _take(lot: Account, taking: Taking, line: RedemptionRequested, now_ms: int) -> Account:
    until_ms = to_ms(line.until) if line.until is not None else None
    use = Use(line.request, line.order, taking.amount, now_ms, until_ms)
    return settle(replace(lot, uses=(*_remembered(lot.uses), use)), now_ms)


def _line_of(lot: Account, taking: Taking, line: RedemptionRequested) -> RewardRedeemed | RedemptionHeld:
    if line.until is None:
        return redeemed_line(lot, line, line.order, line.request, taking.amount)
    header = use_header(lot, line.occurred_at, line.order, line.request)
    return RedemptionHeld(**header, until=line.until, value=value_of(lot, taking.amount))


def redeemed_line(lot: Account, line: Struct, order: str, request: str, amount: int) -> RewardRedeemed:
    """Returns the line about a use of a reward; `line` is the one that led to it."""
    at: datetime = line.occurred_at  # type: ignore[attr-defined] # every line of the log has it
    return RewardRedeemed(**use_header(lot, at, order, request), value=value_of(lot, amount))


def use_header(lot: Account, at: datetime, order: str, request: str) -> _UseHeader:
    """Returns the fields that every line about a use or a hold of the reward has."""
    return {
        "occurred_at": at,
        "program": lot.program,
        "id": lot.id,
        "beneficiary": lot.beneficiary,
        "order": order,
        "request": request,
    }


def value_of(lot: Account, amount: int) -> Value | None:
    """Returns an amount of a reward's value; None for a reward that is used as a whole."""
    return Value(amount, lot.value.unit) if lot.value is not None and is_divisible(lot) else None


def _success(lot: Account, takings: tuple[Taking, ...], line: RedemptionRequested) -> Redemption:
    value = value_of(lot, 0)
    return Redemption(
        line.request,
        line.id,
        line.order,
        "redeemed" if line.until is None else "held",
        line.order,
        to_ms(line.occurred_at),
        line.program,
        line.beneficiary,
        takings,
        value.unit if value else None,
        to_ms(line.until) if line.until is not None else None,
    )


def _refuse(account: Account | None, line: RedemptionRequested, reason: RefusalReason) -> RedemptionDecision:
    used_for = account.order if account else None
    refused = RedemptionRefused(
        occurred_at=line.occurred_at,
        program=line.program,
        id=line.id,
        beneficiary=line.beneficiary,
        request=line.request,
        reason=reason,
        order=used_for,
    )
    result = Redemption(line.request, line.id, line.order, reason, used_for, to_ms(line.occurred_at))
    return RedemptionDecision((), result, (refused,))
