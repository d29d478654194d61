"""Watches a consumer from a thread and a connection of its own, and ends the process if the consumer is stalled.

The consumer's own view of its lag is no measure: one that fetches nothing also learns nothing of what it misses.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import structlog
from kafka import KafkaConsumer, TopicPartition

from referral.config import Settings
from referral.log.connection import create_consumer
from referral.log.progress_watch import RESTART_STATUS, Backlog, ProgressWatch
from referral.log.stacks import task_stacks, thread_stacks
from referral.telemetry.metrics import gauge
from referral.topics import Topic

_TIMEOUT_MS = 5_000
log = structlog.get_logger()

Positions = Mapping[int, int]
"""By partition of the topic: the offset of the first record that is not finished."""
Measure = Callable[[Mapping[int, int]], Mapping[str, Backlog] | None]
"""From the ends of the partitions (the offset of the next record of each) to what waits; None if it cannot be known now."""


class TopicEnds:
    """The ends of a topic's partitions, and where a group has committed; reconnects after an error."""

    def __init__(self, settings: Settings, topic: Topic, group: str | None = None) -> None:
        self._settings = settings
        self._topic = settings.topic_prefix + topic.name
        self._group = settings.topic_prefix + group if group else None
        self._consumer: KafkaConsumer | None = None

    def read(self) -> dict[int, int]:
        """Returns the ends. Raises kafka's errors."""
        consumer = self._connected()
        partitions = self._partitions(consumer)
        return {one.partition: end for one, end in consumer.end_offsets(partitions, timeout_ms=_TIMEOUT_MS).items()}

    def committed(self) -> dict[int, int]:
        """Returns where the group goes on in each partition: what it committed, otherwise the first record."""
        consumer = self._connected()
        partitions = self._partitions(consumer)
        firsts = consumer.beginning_offsets(partitions, timeout_ms=_TIMEOUT_MS)
        found = {one: consumer.committed(one, timeout_ms=_TIMEOUT_MS) for one in partitions}
        return {one.partition: firsts[one] if found[one] is None else found[one] for one in partitions}

    def close(self) -> None:
        """Closes the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=1000)

    def _connected(self) -> KafkaConsumer:
        if self._consumer is None:
            self._consumer = create_consumer(self._settings, group=self._group, connect_timeout_ms=_TIMEOUT_MS)
        return self._consumer

    def _partitions(self, consumer: KafkaConsumer) -> list[TopicPartition]:
        return [
            TopicPartition(self._topic, number) for number in sorted(consumer.partitions_for_topic(self._topic) or ())
        ]


class ProgressMonitor:
    """A thread that measures a consumer's backlog several times within `REFERRAL_STALL_SECONDS`.

    `loops` returns the event loops of a consumer that has any: their tasks are logged before the process ends.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        ends: TopicEnds,
        measure: Measure,
        loops: Callable[[], list[asyncio.AbstractEventLoop]] = list,
    ) -> None:
        self._name = name
        self._loops = loops
        self._limit_s = settings.stall_seconds
        self._watch = ProgressWatch(settings.stall_seconds)
        self._ends = ends
        self._measure = measure
        self._stopping = threading.Event()

    def not_ready_reason(self) -> str | None:
        """The readiness check."""
        return self._watch.not_ready_reason()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measures while the block runs."""
        thread = threading.Thread(target=self._run, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(min(10.0, self._limit_s / 6)):
            self._watch.observe(time.monotonic(), self._backlogs())
            gauge("consumer_stalled_seconds").labels(self._name).set(self._watch.stalled_s)
            if (reason := self._watch.restart_reason()) is not None:
                self._restart(reason)

    def _backlogs(self) -> Mapping[str, Backlog] | None:
        try:
            return self._measure(self._ends.read())
        except Exception as error:  # noqa: BLE001 - whatever the client raises; without Kafka a restart would not help
            log.info("progress not measured", consumer=self._name, reason=f"{type(error).__name__}: {error}")
            self._ends.close()
            return None

    def _restart(self, reason: str) -> None:
        """Ends the process at once: a consumer that is stuck does not stop in order. Nothing that it has not finished is lost."""
        remedy = (
            "the process exits so that its supervisor starts it again; if this repeats, see the alert ConsumerStalled"
        )
        log.critical("consumer stalled", consumer=self._name, reason=reason, remedy=remedy, stacks=self._stacks())
        os._exit(RESTART_STATUS)

    def _stacks(self) -> list[str]:
        """Where the process is stuck. Whatever fails here, the process must end."""
        try:
            return thread_stacks() + [line for loop in self._loops() for line in task_stacks(loop)]
        except Exception as error:  # noqa: BLE001 - other threads go on meanwhile
            return [f"not known: {type(error).__name__}: {error}"]


def unassigned(ends: Mapping[int, int]) -> dict[str, Backlog]:
    """What waits for a consumer without an assignment: it does nothing about any record."""
    return {"unassigned": Backlog(max(1, sum(ends.values())), "unassigned")}


def waiting_records(ends: Mapping[int, int], positions: Positions) -> dict[int, int]:
    """Returns how many records wait in each partition that has a position."""
    return {number: max(0, ends[number] - position) for number, position in positions.items() if number in ends}
