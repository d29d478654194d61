"""Deliveries of messages, in `referral.deliveries`, keyed by endpoint: the id of a webhook, or `wechat:` and a program.

What is due when, and how an endpoint is, follows from these lines alone. A message is stored as the line that it is about: that
identifies no person, and its code is sealed. The body is built for each attempt.
"""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from referral.events.budgets import BudgetReached
from referral.events.line import ClockTicked, Derived, Id, PersonId, Timestamp
from referral.events.promoter_messages import MAX_ITEMS, ChannelName, MessageItem
from referral.events.redemptions import RewardRedeemed
from referral.events.rewards import RewardFulfilled, RewardRevoked
from referral.events.wechat_rules import WechatTemplateId

AttemptOutcome = Literal["accepted", "failed", "gone", "unsent", "missed", "unconfirmed"]
AttemptFailure = Literal["status", "timeout", "connection", "address", "unreadable"]
DisabledReason = Literal["operator", "gone", "failing", "removed"]
ReplayReason = Literal["replay", "recover", "missing"]
WarningPercent = Literal[50, 70, 90]
EndpointLimit = Literal["waiting", "undelivered"]
OpeningReason = Literal["followed", "scanned", "clicked", "wrote"]
MAX_RETRY_AFTER_S = 2 * 24 * 3600


class EndpointEvent(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to an endpoint."""

    webhook: Id


class WechatOpened(EndpointEvent, frozen=True, kw_only=True, tag="wechat.opened"):
    """A person did something at `occurred_at` after which a WeChat account may send them messages for some time."""

    person: PersonId
    by: OpeningReason


class WechatLeft(EndpointEvent, frozen=True, kw_only=True, tag="wechat.left"):
    """A person left a WeChat account: no message reaches them until they return."""

    person: PersonId


class WechatConsentGiven(EndpointEvent, frozen=True, kw_only=True, tag="wechat.consent_given"):
    """A person allowed one subscription message (订阅通知) of a template at `occurred_at`; `webhook` is their endpoint `ppl_…`.

    Each allows one message, at any later time. A second line with the same time and template changes nothing.
    """

    person: PersonId
    template: WechatTemplateId


class WechatConsentsEnded(EndpointEvent, frozen=True, kw_only=True, omit_defaults=True, tag="wechat.consents_ended"):
    """A person refuses subscription messages of a template from here on, or left the account: then `template` is None."""

    person: PersonId
    template: WechatTemplateId | None = None


class WechatSceneCreated(EndpointEvent, frozen=True, kw_only=True, omit_defaults=True, tag="wechat.scene_created"):
    """A QR code of a WeChat account whose scene is a participant's referral code. `expires_at` None: it is permanent."""

    person: PersonId
    url: Annotated[str, Meta(max_length=256, description="the content of the QR code")]
    expires_at: Timestamp | None = None


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


class PromoterMessage(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="promoter.message"):
    """A message to a promoter, about one thing or several. It is no line: `message.requested` lines lead to it."""

    person: PersonId
    items: Annotated[tuple[MessageItem, ...], Meta(min_length=1, max_length=MAX_ITEMS)]
    more: Annotated[int, Meta(ge=0, description="how many things beyond these")] = 0


class WechatReplyPromised(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="wechat.reply"):
    """Something that a WeChat account sends to a person as a customer message, because of what they did at `opened_at`.

    Which reply of the program file it is: `to` a follow, a scan, or the keyword with this index. `part`: its text or card, where it
    was not ready for the immediate reply, or the person's poster.
    """

    person: PersonId
    by: OpeningReason
    opened_at: Timestamp
    to: Literal["follow", "scan", "keyword"]
    keyword: Annotated[int, Meta(ge=0)] = 0
    part: Literal["text", "poster"]


class GrowthDigest(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="growth.digest"):
    """The digest to the growth team about these days, both included. Its text is written at the attempt."""

    first: date
    last: date


MessageContent = (
    RewardFulfilled
    | RewardRedeemed
    | RewardRevoked
    | BudgetReached
    | EndpointWarned
    | EndpointFull
    | EndpointDisabled
    | PromoterMessage
    | WechatReplyPromised
    | GrowthDigest
)
"""The lines that are messages, and messages to promoters. The type of a message is the type of its line."""


class MessageRequested(EndpointEvent, frozen=True, kw_only=True, omit_defaults=True, tag="message.requested"):
    """A promoter gets a message. The fold `deliveries` decides when, and together with what.

    `webhook` is the endpoint of the person (`people:` with program and shard). A second line with the same item changes nothing.
    """

    person: PersonId
    item: MessageItem


class ChannelClosed(EndpointEvent, frozen=True, kw_only=True, tag="channel.closed"):
    """The person's address does not take messages: from here on the channel is closed, until they give their address again."""

    person: PersonId
    channel: ChannelName
    reason: Literal["bounced", "complained"]


class ChannelOpened(EndpointEvent, frozen=True, kw_only=True, tag="channel.opened"):
    """An operator says that the person's address takes messages again: the channel is open until it refuses one once more."""

    person: PersonId
    channel: ChannelName


class MessageEvent(EndpointEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to a message to an endpoint. `message` is the id that the receiver sees, the same for all."""

    message: Id


class DeliveryScheduled(MessageEvent, frozen=True, kw_only=True, omit_defaults=True, tag="delivery.scheduled"):
    """The endpoint is to receive a message. A second line for the same message changes nothing."""

    content: MessageContent
    test: Annotated[bool, Meta(description="sent on request, about a reward that does not exist")] = False


class DeliveryStarted(MessageEvent, frozen=True, kw_only=True, omit_defaults=True, tag="delivery.started"):
    """A message to a promoter is handed over right after this line: it is never sent again unless its attempt is seen to fail.

    `items` is how many of the things that it is about the message has; what was added since is in the next one.
    """

    number: Annotated[int, Meta(ge=1, description="as in delivery.attempted")]
    channel: ChannelName
    items: Annotated[int, Meta(ge=1, le=MAX_ITEMS)]
    template: Annotated[WechatTemplateId | None, Meta(description="of whose consents this attempt uses one")] = None


class DeliveryAttempted(MessageEvent, frozen=True, kw_only=True, omit_defaults=True, tag="delivery.attempted"):
    """An attempt has ended. `missed`: none was made, since the endpoint is disabled; `unsent`: the body could not be built.

    `unconfirmed`: the process ended between `delivery.started` and the answer, so that the message may have arrived.
    """

    number: Annotated[
        int, Meta(ge=1, description="1 for the first attempt of the message, also counted across replays")
    ]
    outcome: AttemptOutcome
    failure: AttemptFailure | None = None
    status: Annotated[int, Meta(ge=100, le=999)] | None = None
    retry_after_s: (
        Annotated[int, Meta(ge=0, le=MAX_RETRY_AFTER_S, description="as the receiver asked, seconds")] | None
    ) = None
    channel: Annotated[ChannelName | None, Meta(description="of a message to a promoter")] = None


class DeliveryReplayed(MessageEvent, frozen=True, kw_only=True, tag="delivery.replayed"):
    """The message is to be sent again, from the first step of the schedule on: one message, all that failed, or all missed."""

    reason: ReplayReason


DeliveryFact = (
    EndpointWarned
    | EndpointFull
    | EndpointDisabled
    | EndpointEnabled
    | DeliveryScheduled
    | DeliveryStarted
    | DeliveryAttempted
    | DeliveryReplayed
    | MessageRequested
    | ChannelClosed
    | ChannelOpened
    | WechatOpened
    | WechatLeft
    | WechatSceneCreated
    | WechatConsentGiven
    | WechatConsentsEnded
)
DeliveryLine = DeliveryFact | ClockTicked


def wechat_endpoint(program: str) -> str:
    """The endpoint of a program's WeChat account."""
    return f"wechat:{program}"


def delivery_key(line: DeliveryFact) -> str:
    """The key of the endpoint."""
    return line.webhook
