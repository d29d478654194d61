"""The use of rewards and balances, in `referral.rewards`: requests, holds and uses, what is given back, and what pays for debt.

The ledger fold decides on requests in the order of the log, so one redemption of a reward wins, whatever process crashes.
"""

from typing import Annotated, Literal

from msgspec import Meta

from referral.events.line import Id, RewardEvent, Timestamp
from referral.events.money import Unit, Value

RefusalReason = Literal[
    "already_redeemed",
    "not_redeemable",
    "revoked",
    "expired",
    "unknown",
    "held_for_order",
    "insufficient",
    "not_divisible",
    "not_held",
    "not_redeemed",
    "already_refunded",
    "not_returned",
    "too_many_refunds",
    "too_many_uses",
    "too_many_lots",
]
RedemptionChange = Literal["capture", "release", "reverse", "refund", "reinstate"]
"""What happens to a redemption afterwards: a hold is captured or released; a use is reversed, given back in proportion to a refund
of its order, or taken again because the order is valid after all."""
ReleaseReason = Literal["released", "expired", "revoked"]
ReturnReason = Literal["reversed", "refunded"]
MAX_LOTS = 64
"""Lots that one redemption of a balance takes from."""
UsedAmount = Annotated[int, Meta(ge=1, le=10**15, description="in the unit's smallest part, e.g. fen for CNY")]


class RedemptionRequested(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="redemption.requested"):
    """A request to use a reward, or a balance, for an order. `request` identifies it, so that it can be repeated.

    `unit` is that of a credit. `of_balance`: all credit of the unit is used, the soonest to expire first; `id` is then the
    balance's. `amount` left out: all that is left of the reward. `until`: the value is only held, at most until then.
    """

    order: Id
    request: Id
    amount: UsedAmount | None = None
    unit: Unit | None = None
    of_balance: bool = False
    until: Timestamp | None = None


class RewardRedeemed(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.redeemed"):
    """The reward was used for this order: once, or for a part of its value. The lots of one use have the same request."""

    order: Id
    request: Id
    value: Annotated[Value | None, Meta(description="of a credit or a code of a fixed amount: how much was used")] = (
        None
    )


class RedemptionRefused(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="redemption.refused"):
    """The request was refused; `order` is the order that the reward was used for, if any."""

    request: Id
    reason: RefusalReason
    order: Id | None = None


class RedemptionHeld(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="redemption.held"):
    """The reward, or so much of it, is reserved for this order until it is captured or released, at most until `until`."""

    order: Id
    request: Id
    until: Timestamp
    value: Value | None = None


class RedemptionReleased(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="redemption.released"):
    """A hold, or the part of it that was not captured, ended without a use."""

    order: Id
    request: Id
    reason: ReleaseReason
    value: Value | None = None


class RedemptionReturned(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="redemption.returned"):
    """A use, or so much of it, was given back: it was reversed, or the order was refunded or cancelled."""

    order: Id
    request: Id
    reason: ReturnReason
    value: Value | None = None


class RedemptionChangeRequested(
    RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="redemption.change_requested"
):
    """A request to change a redemption. `rewards` are all that it took from, in order.

    Of a refund: its id (each counts once), how much of the order it is and what was paid for the order, both in one minor unit.
    """

    request: Id
    redemption: Id
    change: RedemptionChange
    rewards: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=MAX_LOTS)]
    amount: UsedAmount | None = None
    refund: Id | None = None
    part: UsedAmount | None = None
    whole: UsedAmount | None = None


class OffsetRequested(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="balance.offset_requested"):
    """The reward changed so that debt and credit of its beneficiary may have to be set off against each other."""


class ChargeReviewRequested(
    RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="budget.charge_review_requested"
):
    """A revoked reward's use was given back or taken again, so what its budgets are charged may have to change."""


class RewardOffset(RewardEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reward.offset"):
    """The credit `id` pays for what was used of the reward `debtor` and taken back since; `given_back`: it gets that back."""

    debtor: Id
    value: Value
    given_back: bool = False
