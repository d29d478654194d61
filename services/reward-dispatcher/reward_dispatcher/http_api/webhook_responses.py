"""Response bodies about webhooks, and how they follow from the catalog and the state of the fold `deliveries`."""

from typing import Annotated, assert_never

from msgspec import Meta, Struct

from referral.encryption import DecryptionFailed
from referral.events.budgets import BudgetReached
from referral.events.deliveries import (
    AttemptFailure,
    DisabledReason,
    EndpointDisabled,
    EndpointFull,
    EndpointLimit,
    EndpointWarned,
    GrowthDigest,
    MessageContent,
    PromoterMessage,
    WechatReplyPromised,
)
from referral.events.entities import Webhook
from referral.events.redemptions import RewardRedeemed
from referral.events.rewards import RewardFulfilled, RewardRevoked
from referral.events.timestamps import DAY_MS, to_datetime
from referral.http.context import context
from referral.http.paging import Page
from referral.http.responses import Timestamp
from reward_dispatcher.delivery.messages import message_type
from reward_dispatcher.domain.endpoint_health import DISABLED_AFTER_MS, DayFigures, EndpointHealth
from reward_dispatcher.domain.message_delivery import DeliveryStatus, MessageDelivery
from reward_dispatcher.http_api.responses import optional_datetime
from reward_dispatcher.webhook_secrets import OVERLAP_MS, newest_secret_pair


class WebhookResponse(Struct):
    """A webhook, and how its deliveries go."""

    id: Annotated[str, Meta(examples=["whk_0123456789abcdef"])]
    program: str
    url: str
    events: Annotated[list[str], Meta(description="empty: all of them")]
    description: str
    registered_at: Annotated[Timestamp, Meta(description="it gets what was recorded from then on")]
    public_key: Annotated[
        str | None, Meta(description="whpk_…, verifies `v1a` signatures; null if this system cannot read its key")
    ]
    enabled: bool
    disabled_reason: Annotated[
        DisabledReason | None,
        Meta(description="operator; gone: it answered 410; failing: five days of only failures"),
    ]
    disabled_at: Timestamp | None
    last_success_at: Annotated[Timestamp | None, Meta(description="when it last accepted a message")]
    last_failure_at: Annotated[Timestamp | None, Meta(description="when an attempt last failed")]
    last_failure: Annotated[AttemptFailure | None, Meta(description="why that attempt failed")]
    last_failure_status: Annotated[int | None, Meta(description="the status it was answered with")]
    failing_since: Annotated[Timestamp | None, Meta(description="the first failure after the last success")]
    disabled_from: Annotated[
        Timestamp | None, Meta(description="when a further failure disables it, unless an attempt succeeds before")
    ]
    waiting: Annotated[int, Meta(description="messages that wait for an attempt, at most 10,000")]
    full: Annotated[
        EndpointLimit | None,
        Meta(
            description="the limit that it has reached, until it responds and has room: waiting (further messages are missed),"
            " undelivered (further ones are not kept)"
        ),
    ]
    has_contact: Annotated[bool, Meta(description="whether warnings are sent to an e-mail address")]


class WebhookCreatedResponse(WebhookResponse):
    """A new webhook with its secret, which is shown only here."""

    secret: Annotated[str, Meta(description="whsec_…, for verifying `v1` signatures (standardwebhooks.com)")]


class WebhookSecretResponse(Struct):
    """The new secrets of a webhook; the secret is shown only here."""

    id: str
    secret: Annotated[str, Meta(description="whsec_…, verifies `v1` signatures")]
    public_key: Annotated[str, Meta(description="whpk_…, verifies `v1a` signatures")]
    former_valid_until: Annotated[
        Timestamp, Meta(description="until then messages are also signed with the former pair")
    ]


class WebhooksResponse(Page[WebhookResponse]):
    """A program's webhooks."""


class ScheduledMessageResponse(Struct):
    """A message that is sent now."""

    message: Annotated[str, Meta(description="its `webhook-id`", examples=["msg_0123456789abcdef"])]


class ScheduledMessagesResponse(Struct):
    """Messages that are sent again now."""

    scheduled: int
    more: Annotated[bool, Meta(description="whether there are more: send the same request again once these have ended")]


class DeliveryResponse(Struct):
    """The delivery of a message."""

    message: Annotated[str, Meta(description="its `webhook-id`", examples=["msg_0123456789abcdef"])]
    type: str
    about: Annotated[str, Meta(description="the reward, the budget or the webhook that it is about")]
    test: bool
    status: Annotated[
        DeliveryStatus,
        Meta(description="waiting; delivered; failed: no attempt follows; missed: it was disabled, or 10,000 waited"),
    ]
    scheduled_at: Timestamp
    attempts: Annotated[int, Meta(description="so far, also those before a replay")]
    next_attempt_at: Timestamp | None
    ended_at: Timestamp | None
    last_status: Annotated[int | None, Meta(description="the status that the last attempt was answered with")]
    last_failure: Annotated[AttemptFailure | None, Meta(description="why the last attempt failed")]
    excerpt: Annotated[
        str | None,
        Meta(
            description="the beginning of the answer or error of the last failed attempt, at most 200 characters, for 3 days"
        ),
    ]


class DeliveriesResponse(Page[DeliveryResponse]):
    """The deliveries to a webhook, newest first."""


class DayResponse(Struct):
    """The figures of a day in UTC."""

    date: Annotated[str, Meta(examples=["2026-11-24"])]
    delivered: int
    failed_attempts: int
    failed: Annotated[int, Meta(description="messages without a further attempt")]
    missed: Annotated[int, Meta(description="messages while it was disabled, or 10,000 waited")]
    dropped: Annotated[int, Meta(description="failed and missed messages that cannot be sent again: 50,000 were kept")]


class WebhookStatsResponse(Struct):
    """The figures of a webhook of the last 30 days; a test message and a replay count as well."""

    webhook: str
    waiting: int
    delivered: int
    failed_attempts: int
    failed: int
    missed: int
    dropped: Annotated[int, Meta(description="failed and missed messages that cannot be sent again: 50,000 were kept")]
    success_rate: Annotated[float | None, Meta(description="of attempts, 0 to 1; null without one")]
    mean_seconds: Annotated[float | None, Meta(description="from scheduling to delivery; null without a delivery")]
    days: list[DayResponse]


def webhook_response(webhook: Webhook, health: EndpointHealth) -> WebhookResponse:
    """The body that describes a webhook, without its secret."""
    since = health.failing_since_ms
    return WebhookResponse(
        id=webhook.id,
        program=webhook.program,
        url=webhook.url,
        events=list(webhook.events),
        description=webhook.description,
        registered_at=webhook.registered_at,
        public_key=_public_key(webhook),
        enabled=health.disabled is None,
        disabled_reason=health.disabled,
        disabled_at=optional_datetime(health.disabled_ms),
        last_success_at=optional_datetime(health.last_success_ms),
        last_failure_at=optional_datetime(health.last_failure_ms),
        last_failure=health.last_failure,
        last_failure_status=health.last_status_code,
        failing_since=optional_datetime(since),
        disabled_from=optional_datetime(since + DISABLED_AFTER_MS if since is not None else None),
        waiting=health.waiting,
        full=health.full,
        has_contact=webhook.contact is not None,
    )


def secret_response(webhook: Webhook) -> WebhookSecretResponse:
    """The body with the newest secrets of a webhook that was rotated. Raises DecryptionFailed."""
    pair = newest_secret_pair(context().key_ring, webhook)
    rotated_at = webhook.rotated_at or webhook.registered_at
    until = to_datetime(round(rotated_at.timestamp() * 1000) + OVERLAP_MS)
    return WebhookSecretResponse(webhook.id, pair.secret, pair.public_key, until)


def delivery_response(delivery: MessageDelivery, excerpt: str | None) -> DeliveryResponse:
    """The body that describes a delivery."""
    content, waits = delivery.content, delivery.status == "waiting"
    return DeliveryResponse(
        message=delivery.id,
        type=message_type(content),
        about=_subject(content),
        test=delivery.test,
        status=delivery.status,
        scheduled_at=to_datetime(delivery.created_ms),
        attempts=delivery.attempts,
        next_attempt_at=to_datetime(delivery.due_ms) if waits else None,
        ended_at=None if waits else to_datetime(delivery.ended_ms),
        last_status=delivery.status_code,
        last_failure=delivery.failure,
        excerpt=excerpt,
    )


def _subject(content: MessageContent) -> str:
    """The id of the endpoint, budget or reward that a message is about."""
    match content:
        case EndpointWarned() | EndpointFull() | EndpointDisabled():
            return content.webhook
        case BudgetReached():
            return content.budget
        case WechatReplyPromised():
            return content.person
        case RewardFulfilled() | RewardRedeemed() | RewardRevoked():
            return content.id
        case PromoterMessage():
            return content.person
        case GrowthDigest():
            return content.program
        case _:
            assert_never(content)


def stats_response(webhook: str, health: EndpointHealth) -> WebhookStatsResponse:
    """The body with the figures of a webhook."""
    delivered = sum(day.delivered for day in health.days)
    failed_attempts = sum(day.failed_attempts for day in health.days)
    attempts = delivered + failed_attempts
    latency_ms = sum(day.latency_ms for day in health.days)
    return WebhookStatsResponse(
        webhook=webhook,
        waiting=health.waiting,
        delivered=delivered,
        failed_attempts=failed_attempts,
        failed=sum(day.failed for day in health.days),
        missed=sum(day.missed for day in health.days),
        dropped=sum(day.dropped for day in health.days),
        success_rate=delivered / attempts if attempts else None,
        mean_seconds=latency_ms / delivered / 1000 if delivered else None,
        days=[_day_response(day) for day in health.days],
    )


def _day_response(day: DayFigures) -> DayResponse:
    date = to_datetime(day.day * DAY_MS).date().isoformat()
    return DayResponse(date, day.delivered, day.failed_attempts, day.failed, day.missed, day.dropped)


def _public_key(webhook: Webhook) -> str | None:
    try:
        return newest_secret_pair(context().key_ring, webhook).public_key
    except DecryptionFailed:
        return None
