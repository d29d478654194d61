"""Writes entities to the catalog and waits until they are durable."""

from collections.abc import Sequence
from threading import Lock

import msgspec
from kafka import KafkaProducer

from referral.clock import Clock
from referral.config import Settings
from referral.events.entities import CatalogEntity, entity_key
from referral.log.connection import create_producer, discard
from referral.log.errors import NotDurable
from referral.topics import CATALOG

_encode = msgspec.json.Encoder().encode


class CatalogWriter:
    """A producer for entities: one record each, since compaction keeps the newest of a key. Thread-safe; opens at first use."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = Lock()
        self._producer: KafkaProducer | None = None

    def write(self, entities: Sequence[CatalogEntity], timeout: float | None = None) -> None:
        """Returns when all entities are durable. Raises NotDurable otherwise; some may have arrived: put them again."""
        limit = timeout or self._settings.ack_timeout_ms / 1000
        try:
            futures = [self._send(entity) for entity in entities]
            for future in futures:
                future.get(timeout=limit)
        except Exception as error:
            self._discard_producer()
            raise NotDurable(f"the catalog did not take it: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Ends the connection."""
        if self._producer is not None:
            self._producer.close(timeout=2)

    def _discard_producer(self) -> None:
        """The next write gets a new producer."""
        with self._lock:
            failed, self._producer = self._producer, None
        if failed is not None:
            discard(failed)

    def _send(self, entity: CatalogEntity):  # type: ignore[no-untyped-def] # noqa: ANN202 - kafka-python's future has no type
        return self._connected().send(
            self._settings.topic_prefix + CATALOG.name,
            key=entity_key(entity).encode(),
            value=_encode(entity),
            partition=0,
            timestamp_ms=self._clock.now_ms(),
        )

    def _connected(self) -> KafkaProducer:
        with self._lock:
            if self._producer is None:
                self._producer = create_producer(self._settings, delivery_timeout_ms=self._settings.ack_timeout_ms)
            return self._producer
