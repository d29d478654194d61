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
from reward_dispatcher.delivery.dead_letters import DeadLetters
from reward_dispatcher.delivery.endpoint import Endpoint
from reward_dispatcher.delivery.messages import Message, headers

ATTEMPTS = 6
WITHIN_S = 10.0
FIRST_PAUSE_S = 0.5
GONE = 410  # Standard Webhooks: the receiver wants no more

Post = Callable[[str, dict[str, str], bytes, float], Awaitable[int]]
log = structlog.get_logger()


class Sender:
    """Delivers at least once; belongs to one event loop. `pause` and `chance` (0 to 1) make the back-off."""

    def __init__(
        self,
        post: Post,
        dead: DeadLetters,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._post = post
        self._dead = dead
        self._pause = pause
        self._chance = chance
        self._endpoints: dict[str, Endpoint] = {}

    def endpoint(self, webhook: str) -> Endpoint:
        """The state of a receiver."""
        return self._endpoints.setdefault(webhook, Endpoint())

    async def deliver(self, hook: Webhook, told: Message) -> bool:
        """Delivers, or sets aside. True when the receiver took it. The room for it was taken by `Endpoint.admit`."""
        endpoint = self.endpoint(hook.id)
        try:
            reason = await self._attempts(hook, told, endpoint)
        finally:
            await endpoint.leave()
        if reason is not None:
            await self.set_aside(hook, told, reason)
            return False
        counter("webhook_deliveries").labels("delivered").inc()
        return True

    async def set_aside(self, hook: Webhook, told: Message, reason: str) -> None:
        """Gives a delivery up, countably. Where it cannot even be kept, the process's log says which: its line is on the log.

        By ids only: the body may hold a code that can be spent, and whose it is.
        """
        counter("webhook_deliveries").labels("failed").inc()
        try:
            await self._dead.add(hook.id, told, reason)
        except RedisError as error:
            log.error(
                "dead delivery not kept",
                webhook=hook.id,
                message=told.id,
                type=told.type,
                program=told.line.program,
                reward=told.line.id,
                reason=reason,
                error=type(error).__name__,
            )

    async def _attempts(self, hook: Webhook, told: Message, endpoint: Endpoint) -> str | None:
        """None once delivered, else why the last attempt failed."""
        reason: str | None = None
        for number in range(ATTEMPTS):
            if number:
                counter("webhook_deliveries").labels("retried").inc()
                await self._pause(self._back_off(number))
            reason, final = await self._attempt(hook, told)
            await endpoint.attempted(succeeded=reason is None)
            if reason is None or final:
                break
        return reason

    def _back_off(self, number: int) -> float:
        """Doubling pauses, each cut to between half and all of itself, so that many deliveries do not return as one."""
        return FIRST_PAUSE_S * 2.0 ** (number - 1) * (0.5 + self._chance() / 2)

    async def _attempt(self, hook: Webhook, told: Message) -> tuple[str | None, bool]:
        """Why it failed (None: it did not), and whether trying again is pointless."""
        try:
            # The receiver compares with its own time of day, so this is the world's time even in a simulation.
            status = await self._post(hook.url, headers(hook, told, datetime.now(UTC)), told.body, WITHIN_S)
        except (
            OSError,
            TimeoutError,
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
        ) as error:
            return f"{type(error).__name__}: {error}", False
        return (None if 200 <= status < 300 else f"answered {status}"), status == GONE
