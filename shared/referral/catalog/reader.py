"""Reads the catalog topic into a view, from one thread: a fold's own loop, or the follower's."""

import time

import msgspec
import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from referral.catalog.view import Catalog
from referral.config import Settings
from referral.events.entities import CatalogEntity
from referral.log.connection import create_consumer
from referral.log.errors import LogUnavailable
from referral.topics import CATALOG

_decode = msgspec.json.Decoder(CatalogEntity).decode
log = structlog.get_logger()


class CatalogReader:
    """Follows the catalog topic from its beginning. Opens its connection at the first read."""

    def __init__(self, settings: Settings, view: Catalog) -> None:
        self.view = view
        self._settings = settings
        self._partition = TopicPartition(settings.topic_prefix + CATALOG.name, 0)
        self._consumer: KafkaConsumer | None = None
        self._asker: KafkaConsumer | None = None
        self.read_to_end_at = float("-inf")  # monotonic time of the last look at the end, once reached

    def poll(self, timeout: float = 0) -> int:
        """Takes in what has come, waiting up to `timeout` seconds for it. Gives the number of records."""
        batches = self._connected().poll(timeout_ms=round(timeout * 1000), max_records=5000)
        records = [record for batch in batches.values() for record in batch]
        for record in records:
            self._take(record)
        return len(records)

    def read_to_end(self, timeout: float) -> None:
        """Returns when all that was acked before the call is in the view. Raises LogUnavailable."""
        asked_at = time.monotonic()
        deadline = asked_at + timeout
        try:
            end = self._end(timeout)
            while self._position(deadline) < end:
                self.poll(max(0.0, min(0.1, deadline - time.monotonic())))
        except Exception as error:
            raise LogUnavailable("the catalog", self._settings.kafka, f"{type(error).__name__}: {error}") from error
        self.read_to_end_at = asked_at

    def age(self) -> float:
        """Seconds since the view was last known to be complete."""
        return time.monotonic() - self.read_to_end_at

    def close(self) -> None:
        """Ends the connections."""
        for client in (self._consumer, self._asker):
            if client is not None:
                client.close(autocommit=False, timeout_ms=1000)

    def _end(self, timeout: float) -> int:
        """The next offset, asked on a connection of its own: a broker answers a connection's requests one after the other.

        On the one that fetches the question would wait until there is news (measured: 72 ms to read to the end, now 24).
        """
        if self._asker is None:
            self._asker = create_consumer(self._settings, connect_timeout_ms=0)
        return int(self._asker.end_offsets([self._partition], timeout_ms=round(timeout * 1000))[self._partition])

    def _position(self, deadline: float) -> int:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("time is up")
        return int(self._connected().position(self._partition, timeout_ms=round(left * 1000)) or 0)

    def _connected(self) -> KafkaConsumer:
        if self._consumer is None:
            self._consumer = create_consumer(self._settings, connect_timeout_ms=0)
            self._consumer.assign([self._partition])
            self._consumer.seek_to_beginning(self._partition)
        return self._consumer

    def _take(self, record: ConsumerRecord) -> None:
        if record.value is None:
            return
        try:
            self.view.apply(_decode(record.value))
        except msgspec.MsgspecError as error:
            log.error("catalog record skipped", offset=record.offset, error=str(error))
