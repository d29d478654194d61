"""Makes attempts and writes their outcomes: an attempt has ended once its line is on the log."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import assert_never

import msgspec
import structlog
from prometheus_client import Counter

from referral.clock import Clock
from referral.events.deliveries import DeliveryAttempted
from referral.events.promoter_messages import is_people_endpoint
from referral.events.rewards import RewardFulfilled
from referral.events.timestamps import to_datetime
from referral.log.errors import LogUnavailable
from referral.telemetry.metrics import counter
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.endpoint_queue import Endpoint
from reward_dispatcher.delivery.excerpts import excerpt_key
from reward_dispatcher.delivery.lanes import EndpointLane, Lanes
from reward_dispatcher.delivery.notifier import WriteDelivery
from reward_dispatcher.delivery.promoter_facts import NotFoldedYet
from reward_dispatcher.delivery.sender import Sender
from reward_dispatcher.delivery.targets import Target
from reward_dispatcher.domain.delivery_schedule import ATTEMPTS
from reward_dispatcher.domain.mail_endpoint import digest_kind_of, is_mail, is_webhook
from reward_dispatcher.domain.message_delivery import MessageDelivery

ReportFulfilled = Callable[[RewardFulfilled], Awaitable[None]]
"""Writes that a receiver has a fulfilled reward; returns once it is durable."""
_PAUSE_S = 2.0  # before a message whose attempt could not be made is due again
_MOST_EXCERPTS = 10_000  # that wait to be stored
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class Attempts:
    """The attempts that run; belongs to one event loop. `ended` is called with the endpoint whenever one has ended.

    `excerpts` collects what receivers answered, by key, until someone takes it.
    """

    def __init__(
        self,
        sender: Sender,
        write: WriteDelivery,
        report: ReportFulfilled,
        clock: Clock,
        ended: Callable[[Endpoint], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.lanes = Lanes()
        self.excerpts: dict[str, str] = {}
        self._sender = sender
        self._write = write
        self._report = report
        self._clock = clock
        self._ended = ended
        self._pause = pause
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, endpoint: Endpoint, lane: EndpointLane, target: Target, delivery: MessageDelivery) -> None:
        """Begins an attempt. Ask the lane for a place before."""
        self.lanes.start(lane, delivery.id, time.monotonic())
        self._spawn(endpoint, delivery, self._attempt(endpoint, lane, target, delivery))

    def miss(self, endpoint: Endpoint, delivery: MessageDelivery) -> None:
        """Begins to record that a message is not sent, since its endpoint is disabled or removed."""
        self._spawn(endpoint, delivery, self._record(endpoint, delivery, AttemptResult("missed")))

    async def _attempt(self, endpoint: Endpoint, lane: EndpointLane, target: Target, delivery: MessageDelivery) -> None:
        began = time.monotonic()
        try:
            result = await self._sender.attempt(target, delivery, proven=lane.lane == "fast")
        finally:
            self.lanes.finish(lane, delivery.id)
            self._ended(endpoint)
        if result.outcome not in ("unsent", "missed", "unconfirmed"):
            succeeded = result.outcome == "accepted"
            self.lanes.record(lane, succeeded=succeeded, seconds=time.monotonic() - began)
        await self._record(endpoint, delivery, result)

    async def _record(self, endpoint: Endpoint, delivery: MessageDelivery, result: AttemptResult) -> None:
        """Writes the outcome of an attempt. What follows from it elsewhere is written before: then a crash repeats it."""
        _count(delivery, result)
        if result.outcome == "accepted" and isinstance(delivery.content, RewardFulfilled) and not delivery.test:
            await self._report(delivery.content)
        if result.excerpt and len(self.excerpts) < _MOST_EXCERPTS:
            self.excerpts[excerpt_key(delivery.webhook, delivery.id)] = result.excerpt
        line = DeliveryAttempted(
            occurred_at=to_datetime(self._clock.now_ms()),
            program=delivery.content.program,
            webhook=delivery.webhook,
            message=delivery.id,
            number=delivery.attempts + 1,
            outcome=result.outcome,
            failure=result.failure,
            status=result.status,
            retry_after_s=result.retry_after_s,
            channel=result.channel,
        )
        endpoint.on_the_way[delivery.id] = await self._write(delivery.webhook, _encode(line))

    def _spawn(self, endpoint: Endpoint, delivery: MessageDelivery, work: Coroutine[object, object, None]) -> None:
        endpoint.on_the_way[delivery.id] = None
        task = asyncio.get_running_loop().create_task(self._carry_out(endpoint, delivery, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(
        self, endpoint: Endpoint, delivery: MessageDelivery, work: Coroutine[object, object, None]
    ) -> None:
        """Ends the work on a message in any case: unless its line is written, it is due as before."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the message stays due
            await self._wait_after(error, delivery)
        finally:
            if endpoint.on_the_way.get(delivery.id) is None:
                endpoint.on_the_way.pop(delivery.id, None)
            self._ended(endpoint)

    async def _wait_after(self, error: Exception, delivery: MessageDelivery) -> None:
        """That it is not known yet who a beneficiary is, is no fault of the receiver, and uses up no attempt."""
        names = {"webhook": delivery.webhook, "message": delivery.id, "reason": f"{type(error).__name__}: {error}"}
        if isinstance(error, LogUnavailable | NotFoldedYet):
            log.warning("message waits", **names)
        else:
            log.error("attempt ended in an error", **names)
        await self._pause(_PAUSE_S)


def _count(delivery: MessageDelivery, result: AttemptResult) -> None:
    """Counts an attempt; of messages to people, of WeChat and of digests also those that were missed."""
    ending = _ending(delivery, result)
    if is_people_endpoint(delivery.webhook):
        counter("promoter_messages").labels(result.channel or "none", ending).inc()
    elif ending != "missed" or not (is_webhook(delivery.webhook) or is_mail(delivery.webhook)):
        _attempt_counter(delivery.webhook).labels(ending).inc()


def _attempt_counter(endpoint: str) -> Counter:
    if is_mail(endpoint):
        return counter("mails")
    if digest_kind_of(endpoint) is not None:
        return counter("growth_digests")
    return counter("webhook_deliveries" if is_webhook(endpoint) else "wechat_messages")


def _ending(delivery: MessageDelivery, result: AttemptResult) -> str:
    """How an attempt ended: delivered, retried if more follow, failed if none does."""
    match result.outcome:
        case "accepted":
            return "delivered"
        case "missed" | "unconfirmed":
            return result.outcome
        case "gone":
            return "failed"
        case "failed" | "unsent":
            is_last = delivery.attempts + 1 - delivery.before_round >= ATTEMPTS
            return "failed" if is_last else "retried"
        case _:
            assert_never(result.outcome)
