"""The collector: lines of many requests travel in one record, and one acknowledgement releases all who wait.

While a record is on its way, lines gather for the next (group commit, as databases flush their journals); with nothing on its
way a line leaves at once, so company costs at most `REFERRAL_COLLECT_MS`. Lines that nobody waits for (clicks) gather longer.
"""

import math
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from threading import Condition, Thread

from kafka import KafkaProducer
from prometheus_client import Counter

from referral.clock import Clock, clock_from
from referral.config import Settings
from referral.log.ack import PendingAck
from referral.log.connection import create_producer, discard
from referral.log.errors import Overloaded
from referral.log.records import chunks, join
from referral.telemetry.metrics import counter
from referral.topics import Topic, partition_of

_UNHURRIED_S = 0.025
_GRACE_S = 0.5  # beyond the time-out, within which a producer should have given a record up
_SURELY_IN_BOUNDS = 50  # lines: events have 8 KiB at most


@dataclass(slots=True)
class _Record:
    """Lines of one partition that will travel together."""

    topic: str
    partition: int
    lines: list[bytes] = field(default_factory=list)
    ticket: PendingAck = field(default_factory=PendingAck)
    born: float = field(default_factory=time.monotonic)
    sent: float = 0.0
    resolved: bool = False


class Publisher:
    """Takes lines from any thread and sends them from one. Opens its connection with the first line, after any fork."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or clock_from(settings.clock)
        self._patience = settings.collect_ms / 1000
        self._timeout = settings.ack_timeout_ms / 1000
        self._changed = Condition()
        self._gathering: dict[tuple[str, int], _Record] = {}
        self._ready: list[_Record] = []
        self._lines_in_flight = 0
        self._records_in_flight = 0
        self._hurry_by = float("inf")
        self._awaited = False
        self._asleep = False
        self._closing = False
        self._thread: Thread | None = None
        self._producer: KafkaProducer | None = None
        self._failed: KafkaProducer | None = None  # the last one that gave a record up
        self._under_way: deque[_Record] = deque()  # what the present one was given and has not answered for

    def submit(self, topic: Topic, key: str, line: bytes) -> PendingAck:
        """Sends a line in company. Raises Overloaded when too many lines wait already."""
        with self._changed:
            self._admit(1)
            record = self._gather(topic, key, line)
            self._hurry_by = min(self._hurry_by, record.born + self._patience)
            self._awaited = True
            self._wake()
            return record.ticket

    def offer(self, topic: Topic, key: str, line: bytes) -> bool:
        """Sends a line that nobody waits for; never blocks. False when it had to be dropped."""
        with self._changed:
            if self._closing or self._lines_in_flight >= self._settings.max_in_flight:
                counter("collector_dropped").labels(topic.name).inc()
                return False
            self._lines_in_flight += 1
            record = self._gather(topic, key, line)
            self._hurry_by = min(self._hurry_by, record.born + _UNHURRIED_S)
            self._wake()
        return True

    def submit_many(self, topic: Topic, keyed_lines: Iterable[tuple[str, bytes]]) -> PendingAck:
        """Sends lines as one record a partition. Raises Overloaded when too many lines wait already."""
        records = self._records(topic, keyed_lines)
        ticket = PendingAck(len(records))
        for record in records:
            record.ticket = ticket
        with self._changed:
            self._admit(sum(len(record.lines) for record in records))
            self._ready.extend(records)
            self._wake()
        return ticket

    def in_flight(self) -> int:
        """Lines that wait for the log's acknowledgement."""
        return self._lines_in_flight

    def close(self) -> None:
        """Sends what waits, then ends. Lines handed in later are refused."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join(self._timeout + 1)
        if self._producer:
            self._producer.close(timeout=self._timeout)

    def _records(self, topic: Topic, keyed_lines: Iterable[tuple[str, bytes]]) -> list[_Record]:
        count = topic.partitions or self._settings.partitions
        by_partition: dict[int, list[bytes]] = {}
        for key, line in keyed_lines:
            by_partition.setdefault(partition_of(key, count), []).append(line)
        return [
            _Record(topic.name, partition, list(lines))
            for partition, all_lines in by_partition.items()
            for lines in chunks(all_lines)
        ]

    def _admit(self, lines: int) -> None:
        if self._closing:
            raise Overloaded("this process is stopping")
        if self._lines_in_flight + lines > self._settings.max_in_flight:
            raise Overloaded(f"{self._lines_in_flight} lines wait for the log already")
        self._lines_in_flight += lines

    def _gather(self, topic: Topic, key: str, line: bytes) -> _Record:
        place = topic.name, partition_of(key, topic.partitions or self._settings.partitions)
        record = self._gathering.get(place)
        if record is None:
            record = self._gathering[place] = _Record(*place)
        record.lines.append(line)
        return record

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._run, name="collector", daemon=True)
            self._thread.start()
        if self._asleep:
            self._changed.notify()

    def _run(self) -> None:
        while records := self._take():
            for record in records:
                self._send(record)

    def _take(self) -> list[_Record]:
        """Waits until lines should leave, and takes them; an empty list when closing."""
        with self._changed:
            while not self._due():
                if self._closing and not self._gathering:
                    return []
                self._asleep = True
                self._changed.wait(self._pause())
                self._asleep = False
            records = self._ready
            for record in self._gathering.values():
                records.extend(_in_bounds(record))
            self._ready, self._gathering, self._hurry_by = [], {}, float("inf")
            self._awaited = False
            self._records_in_flight += len(records)
            return records

    def _due(self) -> bool:
        if self._ready or (self._closing and self._gathering):
            return True
        if not self._gathering:
            return False
        return self._hurry_by <= time.monotonic() or (self._records_in_flight == 0 and self._awaited)

    def _pause(self) -> float | None:
        if not self._gathering:
            return None
        return max(0.0, self._hurry_by - time.monotonic())

    def _send(self, record: _Record) -> None:
        if time.monotonic() - record.born > self._timeout:
            self._resolve(record, "the log was away too long; nothing was sent")
            return
        self._replace_stuck()
        try:
            producing = self._open_producer()
            future = producing.send(
                self._settings.topic_prefix + record.topic,
                value=join(record.lines),
                partition=record.partition,
                timestamp_ms=self._clock.now_ms(),
            )
        except Exception as error:  # noqa: BLE001 - whatever a send meets, its waiters must hear of it and the rest must go on
            self._resolve(record, f"{type(error).__name__}: {error}")
            return
        record.sent = time.monotonic()
        self._under_way.append(record)
        future.add_callback(lambda _: self._resolve(record, None))
        future.add_errback(lambda error: self._give_up(record, producing, error))

    def _give_up(self, record: _Record, producing: KafkaProducer, error: Exception) -> None:
        self._failed = producing
        self._resolve(record, f"{type(error).__name__}: {error}")

    def _replace_stuck(self) -> None:
        """Lets go of a producer that gave a record up, or says nothing of one for too long: it may never send again."""
        while self._under_way and self._under_way[0].resolved:
            self._under_way.popleft()
        oldest = self._under_way[0].sent if self._under_way else math.inf
        stuck = self._failed is self._producer or time.monotonic() - oldest > self._timeout + _GRACE_S
        if self._producer is not None and stuck:
            failed, self._producer = self._producer, None
            discard(failed)
            while self._under_way:
                self._resolve(self._under_way.popleft(), "the connection to the log was lost amid it")

    def _open_producer(self) -> KafkaProducer:
        if self._producer is None:
            self._producer = create_producer(self._settings, delivery_timeout_ms=self._settings.ack_timeout_ms)
        return self._producer

    def _resolve(self, record: _Record, error: str | None) -> None:
        with self._changed:
            if record.resolved:
                return
            record.resolved = True
            self._lines_in_flight -= len(record.lines)
            self._records_in_flight -= 1
            if self._asleep:
                self._changed.notify()
        lines, records = _counters(record.topic, "failed" if error else "acked")
        lines.inc(len(record.lines))
        records.inc()
        record.ticket.resolve(error)


@cache
def _counters(topic: str, outcome: str) -> tuple[Counter, Counter]:
    """Lines and records of a topic with this outcome."""
    return counter("collector_lines").labels(topic, outcome), counter("collector_records").labels(topic, outcome)


def _in_bounds(record: _Record) -> list[_Record]:
    """The record, or several that share its ticket where it outgrew one."""
    if len(record.lines) <= _SURELY_IN_BOUNDS:
        return [record]
    groups = list(chunks(record.lines))
    record.ticket.add_records(len(groups) - 1)
    return [_Record(record.topic, record.partition, list(lines), record.ticket, record.born) for lines in groups]
