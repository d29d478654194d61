"""Using a reward, once. The first request in the log wins; the same request again gets the same result."""

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from referral.events.rewards import RedemptionRefused, RedemptionRequested, RefusalReason, RewardRedeemed
from referral.events.timestamps import to_ms
from reward_dispatcher.domain.account import USABLE, Account, Status

_REFUSALS: dict[Status, RefusalReason] = {"redeemed": "already_redeemed", "revoked": "revoked", "expired": "expired"}


class Redemption(Struct, frozen=True, array_like=True, tag="redemption"):
    """What a request led to. `used_for` is the order that has the reward: the request's own where it succeeded."""

    request: str
    reward: str
    order: str
    outcome: Literal["redeemed"] | RefusalReason
    used_for: str | None
    decided_ms: int


@dataclass(frozen=True, slots=True)
class RedemptionDecision:
    """The account where it changed, the result to keep, and the news."""

    account: Account | None
    redemption: Redemption
    line: RewardRedeemed | RedemptionRefused | None


def redeem(account: Account | None, line: RedemptionRequested) -> RedemptionDecision:
    """Decides a request that has no result yet."""
    if account is not None and account.request == line.request:
        return RedemptionDecision(None, _result(line, "redeemed", account.order), None)
    refusal = refusal_reason(account, to_ms(line.occurred_at))
    if account is None or refusal is not None:
        return _refuse(account, line, refusal or "unknown")
    return _accept(account, line)


def refusal_reason(account: Account | None, now_ms: int) -> RefusalReason | None:
    """Why this reward cannot be used now; None where it can."""
    if account is None:
        return "unknown"
    if account.status in USABLE and account.expires_ms is not None and account.expires_ms <= now_ms:
        return "expired"
    return None if account.status in USABLE else _REFUSALS.get(account.status, "not_redeemable")


def _accept(account: Account, line: RedemptionRequested) -> RedemptionDecision:
    at_ms = to_ms(line.occurred_at)
    used = replace(
        account, status="redeemed", order=line.order, request=line.request, redeemed_ms=at_ms, changed_ms=at_ms
    )
    news = RewardRedeemed(
        occurred_at=line.occurred_at,
        program=line.program,
        id=line.id,
        beneficiary=line.beneficiary,
        order=line.order,
        request=line.request,
    )
    return RedemptionDecision(used, _result(line, "redeemed", line.order), news)


def _refuse(account: Account | None, line: RedemptionRequested, reason: RefusalReason) -> RedemptionDecision:
    used_for = account.order if account else None
    news = RedemptionRefused(
        occurred_at=line.occurred_at,
        program=line.program,
        id=line.id,
        beneficiary=line.beneficiary,
        request=line.request,
        reason=reason,
        order=used_for,
    )
    return RedemptionDecision(None, _result(line, reason, used_for), news)


def _result(
    line: RedemptionRequested, outcome: Literal["redeemed"] | RefusalReason, used_for: str | None
) -> Redemption:
    return Redemption(line.request, line.id, line.order, outcome, used_for, to_ms(line.occurred_at))
