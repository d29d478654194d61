"""Requests to use or hold a reward or a balance, and to change a redemption. An earlier result needs no decision."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from referral.events.ids import derive_id
from referral.events.redemptions import RedemptionChange, RedemptionChangeRequested, RedemptionRequested
from referral.events.timestamps import to_datetime
from referral.http.context import context
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.domain.redemption_changes import ChangeResult
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.ledger_request import decided


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be used: a reward, or (no account) a person's credit in a unit. `unit` is None for a reward that is no credit."""

    program: str
    beneficiary: str
    id: str
    unit: str | None
    account: Account | None = None

    @property
    def name(self) -> str:
        """The target as messages name it."""
        return f"Reward {self.id}" if self.account else f"The balance in {self.unit}"


def reward_target(account: Account) -> Target:
    """Returns a reward as a target."""
    unit = account.value.unit if account.kind == "credit" and account.value else None
    return Target(account.program, account.beneficiary, account.id, unit, account)


def balance_target(program: str, person: str, unit: str) -> Target:
    """Returns a person's credit in a unit as a target."""
    return Target(program, person, derive_id("bal", program, person, unit), unit)


def request_redemption(
    target: Target, order: str, request: str, amount: int | None, until: datetime | None = None
) -> Redemption:
    """Returns the result of a request, an earlier one if it is repeated. Raises Problem 503 if it is not decided in time."""
    earlier = _stored(target, request) or _refused_without_decision(target.account, request, order)
    return earlier or decided(_line(target, order, request, amount, until), lambda: _stored(target, request))


class RefundOfOrder(NamedTuple):
    """A refund of an order: its id at the shop, and how much of what was paid for the order, in one minor unit."""

    id: str
    part: int
    whole: int


def request_change(
    redemption: Redemption,
    change: RedemptionChange,
    request: str,
    amount: int | None = None,
    refund: RefundOfOrder | None = None,
) -> ChangeResult:
    """Returns the result of a request to change a redemption. Raises Problem 503 if it is not decided in time."""
    rewards = tuple(taking.reward for taking in redemption.takings)
    line = RedemptionChangeRequested(
        occurred_at=to_datetime(context().clock.now_ms()),
        program=redemption.program,
        id=rewards[0],
        beneficiary=redemption.beneficiary,
        request=request,
        redemption=redemption.request,
        change=change,
        rewards=rewards,
        amount=amount,
        refund=refund.id if refund else None,
        part=refund.part if refund else None,
        whole=refund.whole if refund else None,
    )

    def stored() -> ChangeResult | None:
        return dependencies().store.change_result(redemption.program, redemption.beneficiary, request)

    return stored() or decided(line, stored)


def _stored(target: Target, request: str) -> Redemption | None:
    return dependencies().store.result(target.program, target.beneficiary, request)


def _refused_without_decision(account: Account | None, request: str, order: str) -> Redemption | None:
    """A reward that is used now: the request that used it has its result stored."""
    if account is None or account.status != "redeemed" or account.request == request:
        return None
    at_ms = account.redeemed_ms or account.changed_ms
    return Redemption(request, account.id, order, "already_redeemed", account.order, at_ms)


def _line(target: Target, order: str, request: str, amount: int | None, until: datetime | None) -> RedemptionRequested:
    return RedemptionRequested(
        occurred_at=to_datetime(context().clock.now_ms()),
        program=target.program,
        id=target.id,
        beneficiary=target.beneficiary,
        order=order,
        request=request,
        amount=amount,
        unit=target.unit,
        of_balance=target.account is None,
        until=until,
    )
