"""Writes lines of `deliveries` for the HTTP API, and waits for the fold where the response shows what they lead to."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from referral.events.deliveries import (
    DeliveryFact,
    DeliveryReplayed,
    DeliveryScheduled,
    DisabledReason,
    EndpointDisabled,
    EndpointEnabled,
    ReplayReason,
    delivery_key,
)
from referral.events.entities import Webhook
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import unavailable
from referral.polling import poll
from referral.topics import DELIVERIES
from reward_dispatcher.domain.endpoint_health import EndpointHealth
from reward_dispatcher.http_api.dependencies import dependencies

_DEADLINE_S = 2.0
_LINES_AT_ONCE = 500
_encode = msgspec.json.Encoder().encode


def disable_endpoint(webhook: Webhook, reason: DisabledReason) -> None:
    """Writes that nothing is sent to a webhook from here on. Raises NotDurable and Overloaded."""
    publish([EndpointDisabled(occurred_at=_now(), program=webhook.program, webhook=webhook.id, reason=reason)])


def enable_endpoint(webhook: Webhook) -> None:
    """Writes that a webhook is sent messages again. Raises NotDurable and Overloaded."""
    publish([EndpointEnabled(occurred_at=_now(), program=webhook.program, webhook=webhook.id)])


def replay_messages(webhook: Webhook, messages: Sequence[str], reason: ReplayReason) -> None:
    """Writes that messages are sent again. Raises NotDurable and Overloaded."""
    now = _now()
    publish(
        DeliveryReplayed(occurred_at=now, program=webhook.program, webhook=webhook.id, message=message, reason=reason)
        for message in messages
    )


def schedule_test(line: DeliveryScheduled) -> None:
    """Writes a test message. Raises NotDurable and Overloaded."""
    publish([line])


def publish(lines: Iterable[DeliveryFact]) -> None:
    """Writes lines, at most 500 at once."""
    remaining = iter(lines)
    while some := list(islice(remaining, _LINES_AT_ONCE)):
        dependencies().publisher.publish(DELIVERIES, [(delivery_key(line), _encode(line)) for line in some])


def await_health(webhook: str, is_so: Callable[[EndpointHealth], bool]) -> EndpointHealth:
    """Returns the endpoint once it is so. Raises Problem 503 if the fold does not get there in two seconds."""

    def read() -> EndpointHealth | None:
        [health] = dependencies().deliveries.healths([webhook])
        return health if is_so(health) else None

    health = poll(read, _DEADLINE_S)
    if health is None:
        raise unavailable("The change is on the log, but not in effect yet. Send the same request again.")
    return health


def _now() -> datetime:
    return to_datetime(context().clock.now_ms())
