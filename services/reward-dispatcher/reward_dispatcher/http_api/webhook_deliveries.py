"""The deliveries to a webhook: listed, sent again, tested, counted. What was asked for is a line of `deliveries`."""

from datetime import datetime

from referral.events.deliveries import DeliveryScheduled, ReplayReason
from referral.events.entities import Webhook
from referral.events.ids import random_id
from referral.events.timestamps import to_datetime, to_ms
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem
from referral.http.responses import response
from reward_dispatcher.delivery.example_content import example_content
from reward_dispatcher.delivery.excerpts import excerpt_key, read_excerpts
from reward_dispatcher.delivery.messages import WebhookEventType
from reward_dispatcher.delivery_store import STATUSES, ListEntry
from reward_dispatcher.domain.endpoint_health import MAX_WAITING
from reward_dispatcher.domain.message_delivery import DeliveryStatus
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.webhook_access import require_webhook
from reward_dispatcher.http_api.webhook_lines import replay_messages, schedule_test
from reward_dispatcher.http_api.webhook_requests import (
    DeliveriesQuery,
    RecoverQuery,
    ReplayMissingQuery,
    TestMessageRequest,
)
from reward_dispatcher.http_api.webhook_responses import (
    DeliveriesResponse,
    ScheduledMessageResponse,
    ScheduledMessagesResponse,
    WebhookStatsResponse,
    delivery_response,
    stats_response,
)

blueprint = Blueprint("webhook deliveries", __name__)
_MOST_REPLAYED = 10_000


@blueprint.get("/v1/webhooks/<webhook_id>/deliveries")
@requires("rewards:write")
@blueprint.arguments(DeliveriesQuery, location="query")
@response(DeliveriesResponse)
@blueprint.alt_response(404, description="Unknown webhook.")
def list_deliveries(query: dict[str, object], webhook_id: str) -> DeliveriesResponse:
    """The messages to a webhook, newest first: those that wait, delivered ones of 3 days, failed and missed ones of 30 days."""
    return deliveries_response(require_webhook(webhook_id), query["status"], query["cursor"], int(str(query["limit"])))


@blueprint.post("/v1/webhooks/<webhook_id>/deliveries/<message>/replay")
@requires("rewards:write")
@idempotent
@response(ScheduledMessageResponse, 202, description="The request is durable.")
@blueprint.alt_response(404, description="Unknown webhook or message.")
@blueprint.alt_response(409, description="The webhook is disabled, or 10,000 messages wait.")
def replay(webhook_id: str, message: str) -> ScheduledMessageResponse:
    """Sends a message again, with its id, a body of now and today's secrets; a message that waits is sent now."""
    webhook = _require_enabled(webhook_id)
    if dependencies().deliveries.message(webhook.id, message) is None:
        detail = (
            f"Unknown message {message!r}. GET /v1/webhooks/{webhook.id}/deliveries lists those that can be sent again."
        )
        raise Problem(404, "unknown_message", detail)
    replay_messages(webhook, [message], "replay")
    return ScheduledMessageResponse(message)


@blueprint.post("/v1/webhooks/<webhook_id>/recover")
@requires("rewards:write")
@idempotent
@blueprint.arguments(RecoverQuery, location="query")
@response(ScheduledMessagesResponse, 202, description="The request is durable.")
@blueprint.alt_response(404, description="Unknown webhook.")
@blueprint.alt_response(409, description="The webhook is disabled, or 10,000 messages wait.")
def recover(query: dict[str, datetime], webhook_id: str) -> ScheduledMessagesResponse:
    """Sends all messages again that failed since a time, at most 10,000 at once."""
    return replay_all(_require_enabled(webhook_id), "failed", to_ms(query["since"]), "recover")


@blueprint.post("/v1/webhooks/<webhook_id>/replay-missing")
@requires("rewards:write")
@idempotent
@blueprint.arguments(ReplayMissingQuery, location="query")
@response(ScheduledMessagesResponse, 202, description="The request is durable.")
@blueprint.alt_response(404, description="Unknown webhook.")
@blueprint.alt_response(409, description="The webhook is disabled, or 10,000 messages wait.")
def replay_missing(query: dict[str, datetime | None], webhook_id: str) -> ScheduledMessagesResponse:
    """Sends all messages that were missed while the webhook was disabled or 10,000 waited, at most 10,000 at once."""
    since = query["since"]
    return replay_all(_require_enabled(webhook_id), "missed", to_ms(since) if since else 0, "missing")


@blueprint.post("/v1/webhooks/<webhook_id>/test")
@requires("rewards:write")
@idempotent
@blueprint.arguments(TestMessageRequest)
@response(ScheduledMessageResponse, 202, description="The request is durable.")
@blueprint.alt_response(404, description="Unknown webhook.")
@blueprint.alt_response(409, description="The webhook is disabled, or 10,000 messages wait.")
def send_test(body: dict[str, str], webhook_id: str) -> ScheduledMessageResponse:
    """Sends a message about something that does not exist, of any type; `data.test` is true."""
    return send_test_message(_require_enabled(webhook_id), body["type"])  # type: ignore[arg-type] # one by its schema


@blueprint.get("/v1/webhooks/<webhook_id>/stats")
@requires("rewards:write")
@response(WebhookStatsResponse)
@blueprint.alt_response(404, description="Unknown webhook.")
def stats(webhook_id: str) -> WebhookStatsResponse:
    """The figures of a webhook of the last 30 days."""
    webhook = require_webhook(webhook_id)
    [health] = dependencies().deliveries.healths([webhook.id])
    return stats_response(webhook.id, health)


def deliveries_response(webhook: Webhook, status: object, cursor: object, limit: int) -> DeliveriesResponse:
    """A page of the deliveries to a webhook, those of all statuses without one. Raises Problem 400 for an invalid cursor."""
    name = f"{webhook.id}/{status or ''}"
    statuses: tuple[DeliveryStatus, ...] = tuple(one for one in STATUSES if status in (None, one))
    position = decode_position(cursor, name)
    after = ListEntry(*position) if position else None
    found, last = dependencies().deliveries.page(webhook.id, statuses, after, limit)
    excerpts = read_excerpts(context().redis, [excerpt_key(webhook.id, one.id) for one in found])
    next_cursor = encode_position(name, last.score, last.member) if last else None
    return DeliveriesResponse(list(map(delivery_response, found, excerpts)), next_cursor)


def send_test_message(webhook: Webhook, message_type: WebhookEventType) -> ScheduledMessageResponse:
    """Sends an example message of a type. Raises NotDurable and Overloaded."""
    now, message = to_datetime(context().clock.now_ms()), random_id("msg")
    content = example_content(message_type, webhook.program, now)
    schedule_test(
        DeliveryScheduled(
            occurred_at=now, program=webhook.program, webhook=webhook.id, message=message, content=content, test=True
        )
    )
    return ScheduledMessageResponse(message)


def replay_all(
    webhook: Webhook, status: DeliveryStatus, since_ms: int, reason: ReplayReason
) -> ScheduledMessagesResponse:
    """Sends messages of a status again that were scheduled since a time, if they have a place. Raises NotDurable and Overloaded."""
    [health] = dependencies().deliveries.healths([webhook.id])
    most = min(_MOST_REPLAYED, max(0, MAX_WAITING - health.waiting))
    messages, more = dependencies().deliveries.ids_since(webhook.id, status, since_ms, most)
    replay_messages(webhook, messages, reason)
    return ScheduledMessagesResponse(len(messages), more)


def _require_enabled(webhook_id: str) -> Webhook:
    return require_enabled(require_webhook(webhook_id))


def require_enabled(webhook: Webhook) -> Webhook:
    """Returns the webhook. Raises Problem 409 if it is disabled, or if so many messages wait that no further one has a place."""
    [health] = dependencies().deliveries.healths([webhook.id])
    if health.disabled is not None:
        detail = (
            f"Webhook {webhook.id} is disabled ({health.disabled}): nothing is sent to it. Enable it first: PATCH"
            f" /v1/webhooks/{webhook.id} with enabled: true."
        )
        raise Problem(409, "webhook_disabled", detail)
    if health.waiting >= MAX_WAITING:
        detail = (
            f"{health.waiting} messages wait for webhook {webhook.id}, which is the limit. Send the request again once its"
            " receiver has accepted some of them."
        )
        raise Problem(409, "webhook_full", detail)
    return webhook
