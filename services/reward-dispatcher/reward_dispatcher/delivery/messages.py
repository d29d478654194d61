"""What receivers are notified of: lines of the log as Standard Webhooks messages. https://www.standardwebhooks.com"""

from typing import Literal, NamedTuple, assert_never, get_args

import msgspec

from referral.events.budgets import (
    BudgetAllotted,
    BudgetContinued,
    BudgetReached,
    BudgetRecalled,
    BudgetReleaseRequested,
    BudgetRequested,
    BudgetReturned,
)
from referral.events.deliveries import (
    ChannelClosed,
    ChannelOpened,
    DeliveryAttempted,
    DeliveryFact,
    DeliveryReplayed,
    DeliveryScheduled,
    DeliveryStarted,
    EndpointDisabled,
    EndpointEnabled,
    EndpointFull,
    EndpointWarned,
    MessageContent,
    MessageRequested,
    WechatConsentGiven,
    WechatConsentsEnded,
    WechatLeft,
    WechatOpened,
    WechatSceneCreated,
)
from referral.events.ids import derive_id
from referral.events.line import type_tag
from referral.events.order_codes import OrderCodeRefused, OrderCodeSought, OrderCodeTaken, OrderReported
from referral.events.redemptions import (
    ChargeReviewRequested,
    OffsetRequested,
    RedemptionChangeRequested,
    RedemptionHeld,
    RedemptionRefused,
    RedemptionReleased,
    RedemptionRequested,
    RedemptionReturned,
    RewardOffset,
    RewardRedeemed,
)
from referral.events.rewards import (
    ClawbackOpened,
    CodeIssued,
    RewardActionRefused,
    RewardActionRequested,
    RewardAdjusted,
    RewardApproved,
    RewardDelivered,
    RewardExpired,
    RewardFact,
    RewardFulfilled,
    RewardGranted,
    RewardHeld,
    RewardReleased,
    RewardRestored,
    RewardRevoked,
    RewardStopped,
)
from referral.topics import DELIVERIES, REWARDS, Topic

WebhookEventType = Literal[
    "reward.fulfilled",
    "reward.redeemed",
    "reward.revoked",
    "budget.reached",
    "endpoint.warned",
    "endpoint.full",
    "endpoint.disabled",
    "promoter.message",
]
WEBHOOK_EVENT_TYPES: tuple[WebhookEventType, ...] = get_args(WebhookEventType)
_PREFIXES = tuple(f'{{"type":"{name}"'.encode() for name in WEBHOOK_EVENT_TYPES)

_decode_reward = msgspec.json.Decoder(RewardFact).decode
_decode_delivery = msgspec.json.Decoder(DeliveryFact).decode


class LinePosition(NamedTuple):
    """Position of a line on the log; `topic` is its short name."""

    topic: str
    partition: int
    offset: int
    line: int


def message_id(content: MessageContent, position: LinePosition) -> str:
    """Returns the id of a message, the same each time it is sent, so that a receiver can detect a duplicate.

    Derived from the line's cause, which a repeated output line shares; from its position if it has no cause.
    """
    return derive_id("msg", *map(str, content.cause if content.cause[0] else position))


def message_type(content: MessageContent) -> str:
    """Returns the type that the receiver sees, one of WEBHOOK_EVENT_TYPES."""
    return type_tag(content)


def message_of(raw: bytes, topic: Topic) -> MessageContent | None:
    """Returns the line if receivers are notified of it, or None if it stays internal.

    Raises msgspec.MsgspecError if a line of such a type breaks its contract.
    """
    if not raw.startswith(_PREFIXES):
        return None
    if topic is REWARDS:
        return reward_message(_decode_reward(raw))
    return endpoint_message(_decode_delivery(raw)) if topic is DELIVERIES else None


def reward_message(line: RewardFact) -> MessageContent | None:
    """Returns the line of a reward or a budget if receivers are notified of it."""
    match line:
        case RewardFulfilled() | RewardRedeemed() | RewardRevoked() | BudgetReached():
            return line
        case (
            RewardGranted()
            | RewardAdjusted()
            | RewardStopped()
            | RewardHeld()
            | RewardApproved()
            | RewardDelivered()
            | RewardExpired()
            | ClawbackOpened()
            | RedemptionRequested()
            | RedemptionRefused()
            | RedemptionHeld()
            | RedemptionReleased()
            | RedemptionReturned()
            | RedemptionChangeRequested()
            | OffsetRequested()
            | ChargeReviewRequested()
            | RewardOffset()
            | RewardActionRequested()
            | RewardActionRefused()
            | RewardReleased()
            | RewardRestored()
            | CodeIssued()
            | BudgetRequested()
            | BudgetAllotted()
            | BudgetRecalled()
            | BudgetReturned()
            | BudgetReleaseRequested()
            | BudgetContinued()
            | OrderReported()
            | OrderCodeSought()
            | OrderCodeTaken()
            | OrderCodeRefused()
        ):
            return None
        case _:
            assert_never(line)


def endpoint_message(line: DeliveryFact) -> MessageContent | None:
    """Returns the line about an endpoint if the program's other endpoints are notified of it: what no operator did."""
    match line:
        case EndpointWarned() | EndpointFull():
            return line
        case EndpointDisabled():
            return line if line.reason in ("gone", "failing") else None
        case (
            EndpointEnabled()
            | DeliveryScheduled()
            | DeliveryStarted()
            | DeliveryAttempted()
            | DeliveryReplayed()
            | MessageRequested()
            | ChannelClosed()
            | ChannelOpened()
            | WechatConsentGiven()
            | WechatConsentsEnded()
        ):
            return None
        case WechatOpened() | WechatLeft() | WechatSceneCreated():
            return None
        case _:
            assert_never(line)
