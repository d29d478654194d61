"""Sends a message to a receiver until it takes it, or gives it up after a bounded number of attempts."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpcore
import structlog
from redis.exceptions import RedisError

from referral.events.entities import Webhook
from referral.telemetry.metrics import counter
from reward_dispatcher.delivery.dead_letters import DeadLetterStore
from reward_dispatcher.delivery.endpoint import EndpointState
from reward_dispatcher.delivery.messages import Message, signed_headers

ATTEMPTS = 6
TIMEOUT_S = 10.0
FIRST_PAUSE_S = 0.5
GONE = 410  # Standard Webhooks: the receiver wants no more

Post = Callable[[str, dict[str, str], bytes, float], Awaitable[int]]
log = structlog.get_logger()


class Sender:
    """Delivers at least once; belongs to one event loop. `pause` and `chance` (0 to 1) make the back-off."""

    def __init__(
        self,
        post: Post,
        dead_letters: DeadLetterStore,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._post = post
        self._dead_letters = dead_letters
        self._pause = pause
        self._jitter = jitter
        self._endpoints: dict[str, EndpointState] = {}

    def endpoint(self, webhook: str) -> EndpointState:
        """The state of a receiver."""
        return self._endpoints.setdefault(webhook, EndpointState())

    async def deliver(self, webhook: Webhook, message: Message) -> bool:
        """Delivers, or sets aside. True when the receiver took it. The room for it was taken by `Endpoint.admit`."""
        endpoint = self.endpoint(webhook.id)
        try:
            reason = await self._attempt_repeatedly(webhook, message, endpoint)
        finally:
            await endpoint.release()
        if reason is not None:
            await self.store_dead_letter(webhook, message, reason)
            return False
        counter("webhook_deliveries").labels("delivered").inc()
        return True

    async def store_dead_letter(self, webhook: Webhook, message: Message, reason: str) -> None:
        """Gives a delivery up, countably. Where it cannot even be kept, the process's log says which: its line is on the log.

        By ids only: the body may hold a code that can be spent, and whose it is.
        """
        counter("webhook_deliveries").labels("failed").inc()
        try:
            await self._dead_letters.add(webhook.id, message, reason)
        except RedisError as error:
            log.error(
                "dead delivery not kept",
                webhook=webhook.id,
                message=message.id,
                type=message.type,
                program=message.line.program,
                reward=message.line.id,
                reason=reason,
                error=type(error).__name__,
            )

    async def _attempt_repeatedly(self, webhook: Webhook, message: Message, endpoint: EndpointState) -> str | None:
        """None once delivered, else why the last attempt failed."""
        reason: str | None = None
        for number in range(ATTEMPTS):
            if number:
                counter("webhook_deliveries").labels("retried").inc()
                await self._pause(self._back_off(number))
            reason, final = await self._attempt(webhook, message)
            await endpoint.record_attempt(succeeded=reason is None)
            if reason is None or final:
                break
        return reason

    def _back_off(self, number: int) -> float:
        """Doubling pauses, each cut to between half and all of itself, so that many deliveries do not return as one."""
        return FIRST_PAUSE_S * 2.0 ** (number - 1) * (0.5 + self._jitter() / 2)

    async def _attempt(self, webhook: Webhook, message: Message) -> tuple[str | None, bool]:
        """Why it failed (None: it did not), and whether trying again is pointless."""
        try:
            # The receiver compares with its own time of day, so this is the world's time even in a simulation.
            status = await self._post(
                webhook.url, signed_headers(webhook, message, datetime.now(UTC)), message.body, TIMEOUT_S
            )
        except (
            OSError,
            TimeoutError,
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
        ) as error:
            return f"{type(error).__name__}: {error}", False
        return (None if 200 <= status < 300 else f"answered {status}"), status == GONE
