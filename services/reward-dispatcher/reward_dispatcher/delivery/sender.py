"""Sends a message to a receiver until the receiver accepts it, with a bounded number of attempts."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, assert_never

import structlog

from referral.events.entities import Webhook
from referral.events.timestamps import to_ms
from referral.key_ring import KeyRing
from referral.telemetry.metrics import counter
from reward_dispatcher.delivery.dead_letters import DeadLetterStore
from reward_dispatcher.delivery.endpoint import EndpointState
from reward_dispatcher.delivery.messages import Message, signed_headers
from reward_dispatcher.webhook_secret import webhook_secret
from reward_dispatcher.webhook_status import EndpointReport

ATTEMPTS = 6
TIMEOUT_S = 10.0
FIRST_PAUSE_S = 0.5
_MAX_REASON = 512  # characters of an error that are stored
_GONE = 410  # Standard Webhooks: the receiver does not want further messages

DeliveryOutcome = Literal["delivered", "retried", "failed"]  # label of the metric `webhook_deliveries`
Post = Callable[[str, dict[str, str], bytes, float], Awaitable[int]]  # url, headers, body, timeout (s) → status
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """How an attempt ended: `failed` may be tried again, `refused` must not. `reason`: why it was not accepted."""

    outcome: Literal["accepted", "failed", "refused"]
    reason: str = ""


class Sender:
    """Delivers at least once; belongs to one event loop.

    `ring` opens the secrets of webhooks, `pause` waits seconds, `jitter` returns a number from 0 to 1.
    """

    def __init__(
        self,
        post: Post,
        ring: KeyRing,
        dead_letters: DeadLetterStore,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._post = post
        self._ring = ring
        self._dead_letters = dead_letters
        self._pause = pause
        self._jitter = jitter
        self.attempts = 0
        self._endpoints: dict[str, EndpointState] = {}

    def endpoint(self, webhook: str) -> EndpointState:
        """Returns the state of a receiver."""
        return self._endpoints.setdefault(webhook, EndpointState())

    def reports(self, now_ms: int) -> dict[str, EndpointReport]:
        """Returns what has to be reported of the receivers now, by webhook."""
        found = {webhook: endpoint.report(now_ms) for webhook, endpoint in self._endpoints.items()}
        return {webhook: report for webhook, report in found.items() if report is not None}

    async def deliver(self, webhook: Webhook, message: Message) -> bool:
        """Delivers a message or stores a dead letter. Returns whether it was delivered. Call `EndpointState.admit` first."""
        endpoint = self.endpoint(webhook.id)
        try:
            failure = await self._attempt_repeatedly(webhook, message, endpoint)
        finally:
            await endpoint.release()
        if failure is not None:
            await self.store_dead_letter(webhook, message, failure)
            return False
        _count("delivered")
        return True

    async def store_dead_letter(self, webhook: Webhook, message: Message, reason: str) -> None:
        """Counts a failed delivery and stores it. If that fails it is logged instead.

        The log entry has ids only, because the body may contain a valid code and a person's id. Its line is on the Kafka log.
        """
        _count("failed")
        try:
            await self._dead_letters.add(webhook.id, message, reason)
        except Exception as error:  # noqa: BLE001 - the delivery has ended; what is left of it is this log entry
            log.error(
                "dead letter not stored",
                webhook=webhook.id,
                message=message.id,
                type=message.type,
                program=message.line.program,
                reward=message.line.id,
                reason=reason,
                error=type(error).__name__,
            )

    async def _attempt_repeatedly(self, webhook: Webhook, message: Message, endpoint: EndpointState) -> str | None:
        """Returns None once the message is accepted, otherwise why the last attempt failed."""
        reason = ""
        for number in range(ATTEMPTS):
            if number:
                _count("retried")
                await self._pause(self._back_off_s(number))
            result = await self._attempt(webhook, message)
            self.attempts += 1
            failure = None if result.outcome == "accepted" else result.reason
            await endpoint.record_attempt(to_ms(datetime.now(UTC)), failure)
            match result.outcome:
                case "accepted":
                    return None
                case "refused":
                    return result.reason
                case "failed":
                    reason = result.reason
                case _:
                    assert_never(result.outcome)
        return reason

    def _back_off_s(self, number: int) -> float:
        """Doubles with each attempt, times a random factor from 0.5 to 1 that spreads deliveries which failed together."""
        return FIRST_PAUSE_S * 2.0 ** (number - 1) * (0.5 + self._jitter() / 2)

    async def _attempt(self, webhook: Webhook, message: Message) -> AttemptResult:
        if message.problem is not None:
            return AttemptResult("refused", message.problem)
        try:
            # The receiver compares the timestamp with its own clock, so it is the real time even in a simulation.
            headers = signed_headers(webhook_secret(self._ring, webhook), message, datetime.now(UTC))
            status = await self._post(webhook.url, headers, message.body, TIMEOUT_S)
        except Exception as error:  # noqa: BLE001 - whatever the client raises: the message was not accepted
            return AttemptResult("failed", f"{type(error).__name__}: {error}"[:_MAX_REASON])
        if 200 <= status < 300:
            return AttemptResult("accepted")
        return AttemptResult("refused" if status == _GONE else "failed", f"status {status}")


def _count(outcome: DeliveryOutcome) -> None:
    counter("webhook_deliveries").labels(outcome).inc()
