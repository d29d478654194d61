"""Redemption: the use of a reward, once. The first request in the log wins; the same request again gets the same result."""

from dataclasses import dataclass
from typing import Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.events.rewards import RedemptionRefused, RedemptionRequested, RefusalReason, RewardRedeemed
from referral.events.timestamps import to_ms
from reward_dispatcher.domain.account import Account


class Redemption(Struct, frozen=True, array_like=True, tag="redemption"):
    """The result of a request. `used_for` is the order that the reward was used for: the request's own if it succeeded."""

    request: str
    reward: str
    order: str
    outcome: Literal["redeemed"] | RefusalReason
    used_for: str | None
    decided_ms: int


@dataclass(frozen=True, slots=True)
class RedemptionDecision:
    """The account if it changed, the result to store, and the output line."""

    account: Account | None
    redemption: Redemption
    line: RewardRedeemed | RedemptionRefused | None


def redeem(account: Account | None, line: RedemptionRequested) -> RedemptionDecision:
    """Decides on a request that has no result yet."""
    if account is not None and account.request == line.request:
        return RedemptionDecision(None, _result(line, "redeemed", account.order), None)
    refusal = refusal_reason(account, to_ms(line.occurred_at))
    if account is None or refusal is not None:
        return _refuse(account, line, refusal or "unknown")
    return _accept(account, line)


def refusal_reason(account: Account | None, now_ms: int) -> RefusalReason | None:
    """Returns why a reward cannot be used now, or None if it can."""
    if account is None:
        return "unknown"
    match account.status:
        case "fulfilled" | "delivered":
            return "expired" if account.expires_ms is not None and account.expires_ms <= now_ms else None
        case "held" | "approved":
            return "not_redeemable"
        case "redeemed":
            return "already_redeemed"
        case "revoked" | "expired":
            return account.status
        case _:
            assert_never(account.status)


def _accept(account: Account, line: RedemptionRequested) -> RedemptionDecision:
    at_ms = to_ms(line.occurred_at)
    used = replace(
        account, status="redeemed", order=line.order, request=line.request, redeemed_ms=at_ms, changed_ms=at_ms
    )
    redeemed = RewardRedeemed(
        occurred_at=line.occurred_at,
        program=line.program,
        id=line.id,
        beneficiary=line.beneficiary,
        order=line.order,
        request=line.request,
    )
    return RedemptionDecision(used, _result(line, "redeemed", line.order), redeemed)


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
    return RedemptionDecision(None, _result(line, reason, used_for), refused)


def _result(
    line: RedemptionRequested, outcome: Literal["redeemed"] | RefusalReason, used_for: str | None
) -> Redemption:
    return Redemption(line.request, line.id, line.order, outcome, used_for, to_ms(line.occurred_at))
