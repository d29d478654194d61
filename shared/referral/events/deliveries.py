"""Deliveries of messages to webhook endpoints, in `referral.deliveries`, keyed by endpoint (the webhook's id).

What is due when, and how an endpoint is, follows from these lines alone. A message is stored as the line that it is about: that
identifies no person, and its code is sealed. The body is built for each attempt.
"""

from typing import Annotated, Literal

from msgspec import Meta

from referral.events.budgets import BudgetReached
from referral.events.line import ClockTicked, Derived, Id, Timestamp
from referral.events.redemptions import RewardRedeemed
from referral.events.rewards import RewardFulfilled, RewardRevoked

AttemptOutcome = Literal["accepted", "failed", "gone", "unsent", "missed"]
AttemptFailure = Literal["status", "timeout", "connection", "address", "unreadable"]
DisabledReason = Literal["operator", "gone", "failing", "removed"]
ReplayReason = Literal["replay", "recover", "missing"]
WarningPercent = Literal[50, 70, 90]
EndpointLimit = Literal["waiting", "undelivered"]
MAX_RETRY_AFTER_S = 2 * 24 * 3600


class EndpointEvent(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to an endpoint."""

    webhook: Id


class EndpointWarned(EndpointEvent, frozen=True, kw_only=True, tag="endpoint.warned"):
    """Every attempt has failed for so much of the time after which the endpoint is disabled."""

    percent: WarningPercent
    failing_since: Timestamp


class EndpointDisabled(EndpointEvent, frozen=True, kw_only=True, tag="endpoint.disabled"):
    """Nothing is sent to the endpoint from here on: an operator disabled or removed it, it answered 410, or it only failed."""

    reason: DisabledReason


class EndpointFull(EndpointEvent, frozen=True, kw_only=True, tag="endpoint.full"):
    """The endpoint has reached a limit. `waiting`: so many messages wait that further ones are missed, and sent on request only.

    `undelivered`: so many have failed or were missed that further ones are not kept; only the log has them.
    """

    limit: EndpointLimit


class EndpointEnabled(EndpointEvent, frozen=True, kw_only=True, tag="endpoint.enabled"):
    """An operator enabled the endpoint again. What it missed is sent after a request only."""


MessageContent = (
    RewardFulfilled | RewardRedeemed | RewardRevoked | BudgetReached | EndpointWarned | EndpointFull | EndpointDisabled
)
"""The lines that are messages. The type of a message is the type of its line."""


class MessageEvent(EndpointEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to a message to an endpoint. `message` is the id that the receiver sees, the same for all."""

    message: Id


class DeliveryScheduled(MessageEvent, frozen=True, kw_only=True, omit_defaults=True, tag="delivery.scheduled"):
    """The endpoint is to receive a message. A second line for the same message changes nothing."""

    content: MessageContent
    test: Annotated[bool, Meta(description="sent on request, about a reward that does not exist")] = False


class DeliveryAttempted(MessageEvent, frozen=True, kw_only=True, omit_defaults=True, tag="delivery.attempted"):
    """An attempt has ended. `missed`: none was made, since the endpoint is disabled; `unsent`: the body could not be built."""

    number: Annotated[
        int, Meta(ge=1, description="1 for the first attempt of the message, also counted across replays")
    ]
    outcome: AttemptOutcome
    failure: AttemptFailure | None = None
    status: Annotated[int, Meta(ge=100, le=999)] | None = None
    retry_after_s: (
        Annotated[int, Meta(ge=0, le=MAX_RETRY_AFTER_S, description="as the receiver asked, seconds")] | None
    ) = None


class DeliveryReplayed(MessageEvent, frozen=True, kw_only=True, tag="delivery.replayed"):
    """The message is to be sent again, from the first step of the schedule on: one message, all that failed, or all missed."""

    reason: ReplayReason


DeliveryFact = (
    EndpointWarned
    | EndpointFull
    | EndpointDisabled
    | EndpointEnabled
    | DeliveryScheduled
    | DeliveryAttempted
    | DeliveryReplayed
)
DeliveryLine = DeliveryFact | ClockTicked


def delivery_key(line: DeliveryFact) -> str:
    """The key of the endpoint."""
    return line.webhook
