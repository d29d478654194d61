"""The delivery of one message to one endpoint: waiting for an attempt, or ended. Pure; every line can be applied twice."""

from typing import Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.events.deliveries import (
    AttemptFailure,
    DeliveryAttempted,
    DeliveryScheduled,
    MessageContent,
)
from referral.events.promoter_messages import ChannelName
from referral.events.timestamps import DAY_MS, to_ms
from reward_dispatcher.domain.delivery_schedule import next_attempt_ms

DeliveryStatus = Literal["waiting", "delivered", "failed", "missed"]
KEPT_MS: dict[DeliveryStatus, int] = {"delivered": 3 * DAY_MS, "failed": 30 * DAY_MS, "missed": 30 * DAY_MS}
"""For how long a delivery that has ended can be listed and sent again, milliseconds."""


class MessageDelivery(Struct, frozen=True, array_like=True, tag="delivery"):
    """`attempts` counts all; `before_round` those before the last replay. `due_ms` is meaningful while it waits.

    `status_code` and `failure` are those of the last attempt. `started` is the number of the attempt that was begun last: without a
    line about its end, the message may have arrived. `channel` is that of the last attempt to reach
    a promoter. Times are milliseconds since the epoch.
    """

    webhook: str
    id: str
    content: MessageContent
    created_ms: int
    due_ms: int
    status: DeliveryStatus = "waiting"
    attempts: int = 0
    before_round: int = 0
    ended_ms: int = 0
    status_code: int | None = None
    failure: AttemptFailure | None = None
    test: bool = False
    started: int = 0
    channel: ChannelName | None = None

    @property
    def may_have_arrived(self) -> bool:
        """Whether an attempt was begun whose end is not known."""
        return self.status == "waiting" and self.started == self.attempts + 1


def schedule(line: DeliveryScheduled, *, missed: bool) -> MessageDelivery:
    """Returns a new delivery, due at once, or missed: then its endpoint is disabled, or has too many that wait."""
    at_ms = to_ms(line.occurred_at)
    new = MessageDelivery(line.webhook, line.message, line.content, at_ms, at_ms, test=line.test)
    return replace(new, status="missed", ended_ms=at_ms) if missed else new


def start_attempt(delivery: MessageDelivery, number: int) -> MessageDelivery | None:
    """Returns the delivery after an attempt was begun; None if it is not the next one."""
    is_next = delivery.status == "waiting" and number == delivery.attempts + 1
    return replace(delivery, started=number) if is_next else None


def apply_attempt(delivery: MessageDelivery, line: DeliveryAttempted) -> MessageDelivery | None:
    """Returns the delivery after an attempt; None if the line changes nothing.

    Each attempt counts once: of two workers that made the same one, the first line counts. But a message that was accepted has
    been delivered, whatever its number.
    """
    expected = delivery.status == "waiting" and line.number == delivery.attempts + 1
    if not expected and (line.outcome != "accepted" or delivery.status == "delivered"):
        return None
    at_ms = to_ms(line.occurred_at)
    after = replace(
        delivery,
        attempts=max(delivery.attempts, line.number),
        status_code=line.status,
        failure=line.failure,
        channel=line.channel,
    )
    match line.outcome:
        case "accepted":
            return replace(after, status="delivered", ended_ms=at_ms)
        case "gone" | "unconfirmed":
            return replace(after, status="failed", ended_ms=at_ms)
        case "missed":
            return replace(delivery, status="missed", ended_ms=at_ms)
        case "failed" | "unsent":
            return _after_failure(after, at_ms, line.retry_after_s)
        case _:
            assert_never(line.outcome)


def _after_failure(delivery: MessageDelivery, at_ms: int, retry_after_s: int | None) -> MessageDelivery:
    failed = delivery.attempts - delivery.before_round
    due_ms = next_attempt_ms(delivery.id, failed, at_ms, retry_after_s)
    if due_ms is None:
        return replace(delivery, status="failed", ended_ms=at_ms)
    return replace(delivery, due_ms=due_ms)


def is_undelivered(delivery: MessageDelivery | None) -> bool:
    """Whether the delivery has ended without success, and can be sent again on request."""
    return delivery is not None and delivery.status in ("failed", "missed")


def replay(delivery: MessageDelivery, at_ms: int) -> MessageDelivery | None:
    """Returns the delivery due at `at_ms`, with the whole schedule before it; None if it is due by then already."""
    if delivery.status == "waiting" and delivery.due_ms <= at_ms:
        return None
    return replace(delivery, status="waiting", due_ms=at_ms, before_round=delivery.attempts, ended_ms=0)
