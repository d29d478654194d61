"""Publishes the lines of a service: lines of many requests share a record, and one acknowledgement completes all of them.

While a record is in flight, lines gather for the next (group commit, as databases flush their journals). If nothing is in
flight a line is sent at once, so gathering delays it by at most `REFERRAL_COLLECT_MS`. Lines that no request waits for
(clicks) gather longer.
"""

import math
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from threading import Condition, Thread
from typing import NamedTuple

from kafka import KafkaProducer
from kafka.future import Future
from prometheus_client import Counter

from referral.clock import Clock, clock_from
from referral.config import Settings
from referral.events.keys import KeyedLine
from referral.log.ack import PendingAck
from referral.log.errors import Overloaded
from referral.log.producer_connection import OutgoingBatch, OutgoingRecord, ProducerConnection
from referral.log.records import chunks, join
from referral.telemetry.metrics import counter
from referral.topics import PEOPLE, Topic, partition_of

_OFFER_LINGER_S = 0.025
_GRACE_S = 0.5  # beyond the ack time-out, within which the producer should have failed a record
_ALWAYS_FIT_LINES = 50  # events are at most 8 KiB


class KeyedRecord(NamedTuple):
    """A record of `people`, which is compacted by `key`; `person` decides the partition."""

    person: str
    key: bytes
    value: bytes


@dataclass(slots=True)
class _Record:
    """Lines of one partition that are sent together: as one record, or with `keys` as a record each."""

    topic: str
    partition: int
    lines: list[bytes] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    ack: PendingAck = field(default_factory=PendingAck)
    created_at: float = field(default_factory=time.monotonic)
    sent_at: float = 0.0
    resolved: bool = False


class Publisher:
    """Accepts lines from any thread and sends them from one. Opens its connection with the first line, after any fork."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._linger_s = settings.collect_ms / 1000
        self._ack_timeout_s = settings.ack_timeout_ms / 1000
        self._changed = Condition()
        self._gathering: dict[tuple[str, int], _Record] = {}
        self._ready: list[_Record] = []
        self._lines_in_flight = 0
        self._records_in_flight = 0
        self._send_by = float("inf")
        self._awaited = False
        self._asleep = False
        self._closing = False
        self._thread: Thread | None = None
        self._connection = ProducerConnection(settings, clock or clock_from(settings.clock), settings.ack_timeout_ms)
        self._failed: KafkaProducer | None = None  # the last one that failed a record
        self._unresolved: deque[_Record] = deque()  # sent by the current producer; resolved ones are removed late

    def publish(self, topic: Topic, lines: Sequence[KeyedLine], people: Sequence[KeyedRecord] = ()) -> None:
        """Returns once Kafka has acknowledged every line, and every record of `people`. This is how services write to the log.

        A single line shares a record with those of other requests; several are sent as one record per partition. Raises
        Overloaded if none was accepted, and NotDurable after `REFERRAL_ACK_TIMEOUT_MS`: then some may have arrived.
        """
        if people:
            self._publish_with_people(topic, lines, people)
            return
        ack = self.submit(topic, *lines[0]) if len(lines) == 1 else self.submit_many(topic, lines)
        ack.wait(self._ack_timeout_s)

    def _publish_with_people(self, topic: Topic, lines: Sequence[KeyedLine], people: Sequence[KeyedRecord]) -> None:
        """People's records go first; they share batches with those of other requests."""
        deadline = time.monotonic() + self._ack_timeout_s
        batches = self._records(topic, lines) if len(lines) > 1 else []
        with self._changed:
            self._reserve(len(lines) + len(people))
            gathered = [self._gather_keyed(one) for one in people]
            if batches:
                self._ready.extend(batches)
            else:
                gathered += [self._gather(topic, *line) for line in lines]
            self._send_by = min([self._send_by, *(record.created_at + self._linger_s for record in gathered)])
            self._awaited = True
            self._wake()
        for ack in {id(record.ack): record.ack for record in (*gathered, *batches)}.values():
            ack.wait(max(0.0, deadline - time.monotonic()))

    def submit(self, topic: Topic, key: str, line: bytes) -> PendingAck:
        """Sends a line in a shared record, without waiting. Raises Overloaded if too many lines are in flight."""
        with self._changed:
            self._reserve(1)
            record = self._gather(topic, key, line)
            self._send_by = min(self._send_by, record.created_at + self._linger_s)
            self._awaited = True
            self._wake()
            return record.ack

    def submit_many(self, topic: Topic, lines: Iterable[KeyedLine]) -> PendingAck:
        """Sends lines as one record per partition, without waiting. Raises Overloaded if too many lines are in flight."""
        records = self._records(topic, lines)
        ack = PendingAck(len(records))
        for record in records:
            record.ack = ack
        with self._changed:
            self._reserve(sum(len(record.lines) for record in records))
            self._ready.extend(records)
            self._wake()
        return ack

    def offer(self, topic: Topic, key: str, line: bytes) -> bool:
        """Sends a line without awaiting its acknowledgement; never blocks. False if it was dropped (and counted)."""
        with self._changed:
            if self._closing or self._lines_in_flight >= self._settings.max_in_flight:
                counter("publisher_dropped").labels(topic.name).inc()
                return False
            self._lines_in_flight += 1
            record = self._gather(topic, key, line)
            self._send_by = min(self._send_by, record.created_at + _OFFER_LINGER_S)
            self._wake()
        return True

    def in_flight(self) -> int:
        """How many lines await acknowledgement."""
        return self._lines_in_flight

    def close(self) -> None:
        """Sends the lines that were accepted, then closes the connection. Later lines are refused."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join(self._ack_timeout_s + 1)
        self._connection.close(self._ack_timeout_s)

    def _records(self, topic: Topic, lines: Iterable[KeyedLine]) -> list[_Record]:
        count = topic.partitions or self._settings.partitions
        by_partition: dict[int, list[bytes]] = {}
        for key, line in lines:
            by_partition.setdefault(partition_of(key, count), []).append(line)
        return [
            _Record(topic.name, partition, list(together))
            for partition, queued in by_partition.items()
            for together in chunks(queued)
        ]

    def _reserve(self, lines: int) -> None:
        if self._closing:
            raise Overloaded("this process is stopping")
        if self._lines_in_flight + lines > self._settings.max_in_flight:
            raise Overloaded(f"{self._lines_in_flight} lines already await acknowledgement")
        self._lines_in_flight += lines

    def _gather(self, topic: Topic, key: str, line: bytes) -> _Record:
        target = topic.name, partition_of(key, topic.partitions or self._settings.partitions)
        record = self._gathering.get(target)
        if record is None:
            record = self._gathering[target] = _Record(*target)
        record.lines.append(line)
        return record

    def _gather_keyed(self, one: KeyedRecord) -> _Record:
        record = self._gather(PEOPLE, one.person, one.value)
        record.keys.append(one.key)
        return record

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._run, name="publisher", daemon=True)
            self._thread.start()
        if self._asleep:
            self._changed.notify()

    def _run(self) -> None:
        while records := self._take():
            for record in records:
                self._send(record)

    def _take(self) -> list[_Record]:
        """Waits until records are due and returns them; an empty list ends the thread."""
        with self._changed:
            while not self._is_due():
                if self._closing and not self._gathering:
                    return []
                self._asleep = True
                self._changed.wait(self._seconds_until_due())
                self._asleep = False
            records = self._ready
            for record in self._gathering.values():
                records.extend(_split(record))
            self._ready, self._gathering, self._send_by = [], {}, float("inf")
            self._awaited = False
            self._records_in_flight += len(records)
            return records

    def _is_due(self) -> bool:
        if self._ready or (self._closing and self._gathering):
            return True
        if not self._gathering:
            return False
        return self._send_by <= time.monotonic() or (self._records_in_flight == 0 and self._awaited)

    def _seconds_until_due(self) -> float | None:
        if not self._gathering:
            return None
        return max(0.0, self._send_by - time.monotonic())

    def _send(self, record: _Record) -> None:
        if time.monotonic() - record.created_at > self._ack_timeout_s:
            self._resolve(record, "Kafka was unavailable for too long; nothing was sent")
            return
        self._replace_stuck_producer()
        try:
            future = self._hand_over(record)
        except Exception as error:  # noqa: BLE001 - whatever a send raises, its waiters get it and the next record goes on
            self._resolve(record, f"{type(error).__name__}: {error}")
            return
        producer = self._connection.current
        record.sent_at = time.monotonic()
        self._unresolved.append(record)
        future.add_callback(lambda _: self._resolve(record, None))
        future.add_errback(lambda error: self._fail(record, producer, error))

    def _hand_over(self, record: _Record) -> Future:
        """Hands the lines to the producer: as one record, or as one for each key."""
        if record.keys:
            keyed = list(zip(record.keys, record.lines, strict=True))
            return self._connection.send_batch(OutgoingBatch(record.topic, record.partition, keyed))
        return self._connection.send(OutgoingRecord(record.topic, record.partition, join(record.lines)))

    def _fail(self, record: _Record, producer: KafkaProducer, error: Exception) -> None:
        self._failed = producer
        self._resolve(record, f"{type(error).__name__}: {error}")

    def _replace_stuck_producer(self) -> None:
        """Discards a producer that failed a record, or has not resolved one in time: it may never send again."""
        while self._unresolved and self._unresolved[0].resolved:
            self._unresolved.popleft()
        oldest = self._unresolved[0].sent_at if self._unresolved else math.inf
        current = self._connection.current
        stuck = self._failed is current or time.monotonic() - oldest > self._ack_timeout_s + _GRACE_S
        if current is not None and stuck:
            self._connection.discard()
            while self._unresolved:
                self._resolve(self._unresolved.popleft(), "connection to Kafka lost while sending")

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
        record.ack.resolve(error)


@cache
def _counters(topic: str, outcome: str) -> tuple[Counter, Counter]:
    """The counters of a topic's lines and records with this outcome."""
    return counter("publisher_lines").labels(topic, outcome), counter("publisher_records").labels(topic, outcome)


def _split(record: _Record) -> list[_Record]:
    """The record, or several that share its acknowledgement if its lines do not fit in one."""
    if len(record.lines) <= _ALWAYS_FIT_LINES:
        return [record]
    groups, keys = list(chunks(record.lines)), iter(record.keys)
    record.ack.add_records(len(groups) - 1)
    return [
        _Record(
            record.topic, record.partition, list(lines), list(islice(keys, len(lines))), record.ack, record.created_at
        )
        for lines in groups
    ]
