"""Sends what is due at the endpoints of this worker's partitions, as the state of the fold `deliveries` has it.

Every attempt is a line of the log before the message may be sent again. So a worker that is killed repeats at most the attempts
that ran, and an empty Redis loses nothing: nothing of a partition is sent until its fold is as far as it was seen before, or as the
log was when the partition was assigned. Sent twice, a message has the same id.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.telemetry.metrics import gauge
from reward_dispatcher.delivery.attempts import Attempts
from reward_dispatcher.delivery.due_reader import DueMessages, DueReader
from reward_dispatcher.delivery.endpoint_queue import Endpoint, EndpointQueue
from reward_dispatcher.delivery.lanes import EndpointLane
from reward_dispatcher.delivery.targets import PeopleTarget, Target, find_target
from reward_dispatcher.domain.mail_endpoint import is_webhook
from reward_dispatcher.domain.message_delivery import MessageDelivery

_Result = TypeVar("_Result")
_SURVEY_S = 5.0  # between two looks at all endpoints, in case a line was not noticed
_IDLE_S = 0.25
_ROUND_S = 0.004  # between two rounds, so that a round serves several endpoints
_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.01, 0.25  # while the fold is behind
_ERROR_PAUSE_S = 1.0
_MOST_ENDPOINTS = 256  # in a round
log = structlog.get_logger()


class DeliveryLoop:
    """Belongs to one event loop. `ends` returns the ends of the topic's partitions; it blocks, and raises kafka's errors.

    `attempts_of` returns the attempts, given what to call whenever one has ended. `opens_ms` returns from when on messages to the
    people of a program may be sent (ms).
    """

    def __init__(
        self,
        reader: DueReader,
        ends: Callable[[], dict[int, int]],
        catalog: Catalog,
        attempts_of: Callable[[Callable[[Endpoint], None]], Attempts],
        clock: Clock,
        opens_ms: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self._opens_ms = opens_ms
        self._reader = reader
        self._ends = ends
        self._catalog = catalog
        self.attempts = attempts_of(self._look_again)
        self._lanes = self.attempts.lanes
        self._clock = clock
        self._threads = ThreadPoolExecutor(1, "due")  # one round reads at a time
        self._queue = EndpointQueue()
        self._assigned: frozenset[int] = frozenset()
        self._folded_from: dict[int, int] = {}  # by partition: what the fold must have reached before anything is sent
        self._changed = asyncio.Event()
        self._pause_s = _IDLE_S
        self._survey_at = 0.0
        self._slow_at = 0.0
        self.rounds = 0

    def assign(self, partitions: Iterable[int]) -> None:
        """The partitions of this worker from now on. What it knew of others is forgotten."""
        self._assigned = frozenset(partitions)
        for partition in self._folded_from.keys() - self._assigned:
            del self._folded_from[partition]
            gauge("webhook_oldest_undelivered_seconds").labels(str(partition)).set(0)
        for webhook, endpoint in list(self._queue.endpoints.items()):
            if endpoint.partition not in self._assigned:
                self._queue.drop(webhook)
        self._survey_at = 0.0
        self._changed.set()

    def notice(self, webhook: str, partition: int, offset: int) -> None:
        """A line at this offset may have made something due at an endpoint."""
        if partition in self._assigned:
            endpoint = self._queue.find(webhook, partition)
            endpoint.folded_from = max(endpoint.folded_from, offset)
            self._look_again(endpoint)

    async def run(self) -> None:
        """Sends until it is cancelled; waits while Kafka or Redis is unavailable."""
        while True:
            self.rounds += 1
            try:
                await self._round()
            except Exception as error:  # noqa: BLE001 - whatever a client raises: the loop goes on
                log.warning("deliveries wait", reason=f"{type(error).__name__}: {error}")
                await asyncio.sleep(_ERROR_PAUSE_S)
            await self._wait()

    async def _wait(self) -> None:
        await asyncio.sleep(_ROUND_S)
        try:
            await asyncio.wait_for(self._changed.wait(), self._pause_s)
        except TimeoutError:
            return
        self._changed.clear()

    async def _round(self) -> None:
        await self._prepare()
        if time.monotonic() >= self._survey_at:
            await self._survey()
        self._move_slow()
        now_ms = self._clock.now_ms()
        chosen = self._choose(self._queue.waiting(now_ms))
        if not chosen:
            self._pause_s = _IDLE_S
            return
        progress = await self._look(chosen, now_ms)
        self._pause_s = _FIRST_PAUSE_S if progress else min(self._pause_s * 1.5, _MOST_PAUSE_S)

    def _move_slow(self) -> None:
        """Several times a second: endpoints that do not answer leave the lane of those that do."""
        now_s = time.monotonic()
        if now_s < self._slow_at:
            return
        self._slow_at = now_s + _IDLE_S
        for endpoint in self._queue.endpoints.values():
            if endpoint.lane is not None and endpoint.lane.started:
                self._lanes.move_if_slow(endpoint.lane, now_s)

    async def _prepare(self) -> None:
        """Learns how far the folds of new partitions must be: what was written before belongs to what is due."""
        if missing := self._assigned - self._folded_from.keys():
            ends = await self._in_thread(self._ends)
            for partition in missing & self._assigned:
                self._folded_from[partition] = ends[partition] - 1

    async def _survey(self) -> None:
        """Looks at every endpoint for which messages wait, and forgets the others.

        Of a line that was just noticed the fold may know nothing yet: its endpoint is to be looked at anyway, and stays.
        """
        partitions = sorted(self._assigned)
        active = await self._in_thread(lambda: self._reader.active(partitions))
        self._survey_at = time.monotonic() + _SURVEY_S
        present = {webhook: partition for partition, webhooks in active.items() for webhook in webhooks}
        for webhook, partition in present.items():
            if partition in self._assigned:
                self._queue.look_now(self._queue.find(webhook, partition))
        for webhook, endpoint in list(self._queue.endpoints.items()):
            if webhook not in present and not endpoint.on_the_way and not self._queue.is_waiting(endpoint):
                self._queue.drop(webhook)
        self._measure()

    def _measure(self) -> None:
        """Reports the age of the oldest message of each partition that waits for an endpoint that is not disabled."""
        now_ms, oldest = self._clock.now_ms(), dict[int, float]()
        for endpoint in self._queue.endpoints.values():
            if endpoint.oldest_ms is not None and not endpoint.disabled and is_webhook(endpoint.webhook):
                oldest[endpoint.partition] = min(oldest.get(endpoint.partition, now_ms), endpoint.oldest_ms)
        for partition in self._assigned:
            age_ms = max(0.0, now_ms - oldest.get(partition, now_ms))
            gauge("webhook_oldest_undelivered_seconds").labels(str(partition)).set(age_ms / 1000)

    def _choose(self, waiting: list[Endpoint]) -> dict[int, dict[str, int]]:
        """The endpoints to look at, by partition, with how many messages to read of each."""
        chosen: dict[int, dict[str, int]] = {}
        for endpoint in waiting:
            if sum(map(len, chosen.values())) >= _MOST_ENDPOINTS:
                break
            if endpoint.partition in self._folded_from and self._is_useful(endpoint):
                room = min(endpoint.room(), self._room(endpoint))
                chosen.setdefault(endpoint.partition, {})[endpoint.webhook] = len(endpoint.on_the_way) + room
                self._queue.take(endpoint)
        return chosen

    def _is_useful(self, endpoint: Endpoint) -> bool:
        """Whether a look can lead to something: an attempt may start, or attempts are written and may be folded."""
        if endpoint.lane is None or endpoint.disabled or (endpoint.room() and self._lanes.may_start(endpoint.lane)):
            return True
        return any(offset is not None for offset in endpoint.on_the_way.values())

    def _room(self, endpoint: Endpoint) -> int:
        """How many attempts may start. Without one having been looked at, whether it is disabled is not known."""
        if endpoint.lane is None:
            return 1
        return endpoint.room() if endpoint.disabled else self._lanes.room(endpoint.lane)

    async def _look(self, chosen: dict[int, dict[str, int]], now_ms: int) -> bool:
        """Reads what is due and starts attempts. Returns whether anything was new."""
        replies = await self._in_thread(lambda: self._reader.due(chosen, now_ms))
        progress = False
        for partition, (folded, found) in replies.items():
            if partition not in self._folded_from:
                continue  # it was reassigned meanwhile
            current = folded >= self._folded_from[partition]
            if current:
                self._folded_from[partition] = folded
            for webhook, due in found.items():
                endpoint = self._queue.endpoints.get(webhook)
                if endpoint is not None:
                    progress |= current and self._take(endpoint, folded, due, chosen[partition][webhook])
                    if not current:
                        self._queue.look_now(endpoint)
        return progress

    def _take(self, endpoint: Endpoint, folded: int, due: DueMessages, most: int) -> bool:
        """Starts what may start of an endpoint; returns whether anything did."""
        behind = endpoint.take_progress(folded)
        endpoint.oldest_ms, endpoint.disabled = due.oldest_ms, due.health.disabled is not None
        if endpoint.lane is None:
            endpoint.lane = EndpointLane.of(due.health)
        target = find_target(self._catalog, endpoint.webhook)
        if target is None:  # the catalog is behind; the next survey looks again
            return False
        new = [one for one in due.messages if one.id not in endpoint.on_the_way]
        opens_ms = self._opens_ms(new[0].content.program) if new and isinstance(target, PeopleTarget) else 0
        if opens_ms > self._clock.now_ms():  # quiet hours
            self._queue.look_at(endpoint, opens_ms)
            return False
        if endpoint.disabled or target.removed:
            for delivery in new:
                self.attempts.miss(endpoint, delivery)
            started = len(new)
        else:
            started = self._start(endpoint, endpoint.lane, target, new)
        if behind or started < len(new) or len(due.messages) >= most:
            self._queue.look_now(endpoint)
        else:
            self._queue.look_at(endpoint, due.next_due_ms)
        return started > 0

    def _start(self, endpoint: Endpoint, lane: EndpointLane, target: Target, new: list[MessageDelivery]) -> int:
        """Starts as many attempts as there are places for; returns their number."""
        for number, delivery in enumerate(new):
            if not self._lanes.may_start(lane):
                return number
            self.attempts.start(endpoint, lane, target, delivery)
        return len(new)

    def _look_again(self, endpoint: Endpoint) -> None:
        self._queue.look_now(endpoint)
        self._changed.set()

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
