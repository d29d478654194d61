"""Records of the log read when somebody asks: one by its offset, or those from a moment on. For explaining, not for folding.

A look takes one fetch of a few kilobytes. Clients are few, and lent to one caller at a time; one that failed is not lent again.
"""

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Protocol

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from referral.config import Settings
from referral.log.connection import create_consumer
from referral.log.source import Record
from referral.topics import Topic

_CLIENTS = 4
_PATIENCE_MS = 2000
_FETCH_BYTES = 128 * 1024


class LogUnavailable(Exception):
    """The log did not answer in time; says what was asked of it."""


class LogReader(Protocol):
    """What explaining needs of the log."""

    def record_at(self, topic: Topic, partition: int, offset: int) -> Record | None:
        """The record at an offset; None where the log has none there, or no longer. Raises LogAway."""

    def records_since(self, topic: Topic, partition: int, moment_ms: int) -> Iterator[Record]:
        """The records from the first that was appended at or after a moment, up to the end as it is now. Raises LogAway."""


class KafkaLogReader:
    """The log on the broker. For one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.topic_prefix
        self._consumer: KafkaConsumer = create_consumer(settings, patience_ms=0, fetch_bytes=_FETCH_BYTES)

    def record_at(self, topic: Topic, partition: int, offset: int) -> Record | None:
        """The record at an offset. Where that is gone, the client starts at what is left, which is another one."""
        record = next(self._from(self._place(topic, partition), offset), None) if offset >= 0 else None
        return record if record is not None and record.offset == offset else None

    def records_since(self, topic: Topic, partition: int, moment_ms: int) -> Iterator[Record]:
        """The records from a moment on."""
        place = self._place(topic, partition)
        found = self._consumer.offsets_for_times({place: moment_ms}, timeout_ms=_PATIENCE_MS)[place]
        if found is not None:
            yield from self._from(place, found.offset)

    def close(self) -> None:
        """Leaves."""
        with contextlib.suppress(KafkaError):
            self._consumer.close(autocommit=False, timeout_ms=500)

    def _place(self, topic: Topic, partition: int) -> TopicPartition:
        return TopicPartition(self._prefix + topic.name, partition)

    def _from(self, place: TopicPartition, offset: int) -> Iterator[Record]:
        """Records from `offset` on, up to the end as it was when they were fetched. Asks for the end only where nothing comes."""
        self._consumer.assign([place])
        self._consumer.seek(place, offset)
        deadline = time.monotonic() + _PATIENCE_MS / 1000
        while True:
            records = self._consumer.poll(timeout_ms=100).get(place, ())
            for record in records:
                yield Record(record.offset, record.timestamp, record.value or b"")
            if self._is_at_end(place, asking=not records):
                return
            if records:
                deadline = time.monotonic() + _PATIENCE_MS / 1000
            elif time.monotonic() > deadline:
                raise LogUnavailable(
                    f"{place.topic}, partition {place.partition}, gave nothing from offset {offset} on"
                )

    def _is_at_end(self, place: TopicPartition, *, asking: bool) -> bool:
        ends = self._consumer.end_offsets([place], timeout_ms=_PATIENCE_MS) if asking else {}
        end = ends.get(place, self._consumer.highwater(place))
        return end is not None and self._consumer.position(place) >= end


class LogReaderPool:
    """The clients of a process, for any number of threads. Opens each when it is first needed, after any fork."""

    def __init__(self, settings: Settings, clients: int = _CLIENTS) -> None:
        self._settings = settings
        self._free: LifoQueue[KafkaLogReader | None] = LifoQueue()
        for _ in range(clients):
            self._free.put(None)

    @contextmanager
    def borrow(self) -> Iterator[LogReader]:
        """A client of one's own while the block lasts. Raises LogAway, also where all are in use for two seconds."""
        try:
            client = self._free.get(timeout=_PATIENCE_MS / 1000)
        except Empty:
            raise LogUnavailable("everybody who may read it on demand is reading") from None
        try:
            client = client or KafkaLogReader(self._settings)
            yield client
        except BaseException as error:
            if client is not None:
                client.close()
                client = None
            if isinstance(error, KafkaError):
                raise LogUnavailable(str(error)) from error
            raise
        finally:
            self._free.put(client)

    def close(self) -> None:
        """Closes the clients that nobody uses."""
        with contextlib.suppress(Empty):
            while True:
                client = self._free.get_nowait()
                if client is not None:
                    client.close()
