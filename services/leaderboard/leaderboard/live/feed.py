"""Follows the log for live streams: one consumer a process, which exists only while someone watches."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import structlog
from kafka import KafkaConsumer, TopicPartition

from leaderboard.domain.live_changes import LiveChange, LiveChanges, Position, resume
from leaderboard.live.line_changes import changes_of
from referral.config import Settings
from referral.log.connection import create_consumer
from referral.log.fetched_records import FetchedRecord, return_fetched_records
from referral.log.topic_admin import partition_count
from referral.topics import ATTRIBUTIONS, CONVERSIONS

TOPICS = (ATTRIBUTIONS, CONVERSIONS)
IDLE_S = 60.0
"""The consumer is closed so long after the last one who watched has gone."""
MAX_CATCH_UP = 50_000
"""After an outage with more records than that, streams send `reset` and go on at the end of the log."""
_POLL_MS = 1_000
_CONNECT_MS = 1_000
_REQUEST_MS = 5_000
_RETRY_S = 1.0
_FETCH_BYTES = 256 * 1024
log = structlog.get_logger()


class LiveFeed:
    """The newest changes of all programs. Thread-safe; `watch` starts its thread, which ends when no one watches."""

    def __init__(self, settings: Settings, on_change: Callable[[set[str]], None] = lambda _: None) -> None:
        """`on_change` is called by the feed's thread with the programs that changed."""
        self._settings = settings
        self.on_change = on_change
        self._sources = [
            TopicPartition(settings.topic_prefix + topic.name, number)
            for topic in TOPICS
            for number in range(partition_count(topic, settings))
        ]
        self._changed = threading.Condition()
        self._changes: LiveChanges | None = None
        self._thread: threading.Thread | None = None
        self._watched_at = 0.0
        self._is_failing = False  # the last attempt to connect failed
        self._stopping = threading.Event()

    def watch(self) -> None:
        """Records that someone watches, from now on for IDLE_S."""
        with self._changed:
            self._watched_at = time.monotonic()
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="live feed", daemon=True)
                self._thread.start()

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Whether the feed knows the end of the log, now or within a time; at once if it cannot read it now."""
        with self._changed:
            self._changed.wait_for(lambda: self._changes is not None or self._is_failing, timeout_s)
            return self._changes is not None

    @property
    def is_running(self) -> bool:
        """Whether it reads the log."""
        with self._changed:
            return self._thread is not None

    @property
    def position(self) -> Position | None:
        """Up to where the log was read; None before the feed knows its end."""
        with self._changed:
            return self._changes.position if self._changes else None

    def since(self, program: str, position: Position | None) -> tuple[LiveChange | None, Position | None]:
        """Returns what changed after a position, and up to where.

        The change is None if it is not known: then the figures have to be read again. Before the feed is ready, the position is
        None as well.
        """
        with self._changed:
            if self._changes is None:
                return None, None
            known = self._changes.since(program, position) if position is not None else None
            return known, self._changes.position

    def close(self) -> None:
        """Ends the thread."""
        self._stopping.set()
        thread = self._thread
        if thread is not None:
            thread.join(2 * _POLL_MS / 1000)

    def _run(self) -> None:
        while self._goes_on():
            consumer = None
            try:
                consumer = self._connect()
                self._set_failing(is_failing=False)
                while self._goes_on():
                    self._apply(consumer.poll(timeout_ms=_POLL_MS))
            except Exception as error:  # noqa: BLE001 - whatever Kafka's client raises; the thread must outlive an outage
                log.warning("live feed is waiting", reason=f"{type(error).__name__}: {error}")
                self._set_failing(is_failing=True)
                self._stopping.wait(_RETRY_S)
            finally:
                if consumer is not None:
                    consumer.close(autocommit=False, timeout_ms=500)

    def _set_failing(self, *, is_failing: bool) -> None:
        with self._changed:
            self._is_failing = is_failing
            self._changed.notify_all()

    def _goes_on(self) -> bool:
        """Whether someone watches; otherwise forgets everything, since nothing is read from now on."""
        with self._changed:
            if not self._stopping.is_set() and time.monotonic() - self._watched_at < IDLE_S:
                return True
            self._thread, self._changes, self._is_failing = None, None, False
            return False

    def _connect(self) -> KafkaConsumer:
        consumer = return_fetched_records(
            create_consumer(self._settings, connect_timeout_ms=_CONNECT_MS, fetch_bytes=_FETCH_BYTES)
        )
        consumer.assign(self._sources)
        ends = self._offsets(consumer.end_offsets(self._sources, timeout_ms=_REQUEST_MS))
        beginnings = self._offsets(consumer.beginning_offsets(self._sources, timeout_ms=_REQUEST_MS))
        for source, offset in zip(self._sources, self._resume(beginnings, ends), strict=True):
            consumer.seek(source, offset)
        return consumer

    def _offsets(self, offsets: Mapping[TopicPartition, int]) -> list[int]:
        return [int(offsets[source]) for source in self._sources]

    def _resume(self, beginnings: Sequence[int], ends: Sequence[int]) -> list[int]:
        """Where to go on: where reading stopped, or at the end of the log if that is too far away or gone."""
        with self._changed:
            if self._changes is not None:
                starts = resume(self._changes.position, beginnings, ends, MAX_CATCH_UP)
                if starts is not None:
                    return starts
            self._changes = LiveChanges([end - 1 for end in ends])
            self._changed.notify_all()
        self.on_change(set())
        return list(ends)

    def _apply(self, polled: Mapping[TopicPartition, Sequence[FetchedRecord]]) -> None:
        records = [
            (self._sources.index(source), one.offset, changes_of(one.value or b""))
            for source, fetched in polled.items()
            for one in fetched
        ]
        with self._changed:
            if self._changes is None:
                return
            for source, offset, changes in records:
                self._changes.add(source, offset, changes)
        programs = {program for _, _, changes in records for program in changes}
        if programs:
            self.on_change(programs)
