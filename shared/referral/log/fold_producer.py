"""How a fold speaks: records of lines go out and are waited for, one record a partition at a time.

Were two records of one partition on their way together, the first could fail and the second arrive; readers keep the highest
cause they saw and would skip the first when it is sent again. So a partition's second record waits for the first's ack.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from kafka import KafkaProducer

from referral.clock import Clock
from referral.config import Settings
from referral.log.connection import create_producer, discard
from referral.log.errors import NotDurable
from referral.log.records import chunks, join

_DELIVERY_TIMEOUT_MS = 10_000


class OutputLine(NamedTuple):
    """A line to be written to a partition of a topic (its short name). `alone`: in a record of its own."""

    topic: str
    partition: int
    line: bytes
    alone: bool = False


class FoldProducer(Protocol):
    """What the fold runner needs to write."""

    def produce(self, lines: Sequence[OutputLine]) -> None:
        """Returns when all lines are durable. Raises NotDurable; then some may have arrived, in order."""

    def close(self) -> None:
        """Leaves."""


class KafkaFoldProducer:
    """Writes to the broker. Opens its connection with the first line."""

    def __init__(self, settings: Settings, clock: Clock, between_records: Callable[[], None] = lambda: None) -> None:
        self._settings = settings
        self._clock = clock
        self._between_records = between_records  # a failpoint between two records
        self._producer: KafkaProducer | None = None

    def produce(self, lines: Sequence[OutputLine]) -> None:
        """Sends wave after wave, each wave at most one record a partition, and waits for each wave."""
        for wave in waves(lines):
            self._send(wave)

    def close(self) -> None:
        """Leaves."""
        if self._producer is not None:
            self._producer.close(timeout=2)

    def _send(self, wave: dict[tuple[str, int], bytes]) -> None:
        try:
            futures = []
            for (topic, partition), value in wave.items():
                futures.append(self._write(topic, partition, value))
                self._between_records()
            for future in futures:
                future.get(timeout=_DELIVERY_TIMEOUT_MS / 1000 + 2)
        except Exception as error:
            self._discard_producer()
            raise NotDurable(f"{type(error).__name__}: {error}") from error

    def _write(self, topic: str, partition: int, value: bytes):  # type: ignore[no-untyped-def] # noqa: ANN202 - an untyped future
        if self._producer is None:
            self._producer = create_producer(self._settings, delivery_timeout_ms=_DELIVERY_TIMEOUT_MS)
        name = self._settings.topic_prefix + topic
        return self._producer.send(name, value=value, partition=partition, timestamp_ms=self._clock.now_ms())

    def _discard_producer(self) -> None:
        """A producer that failed may still hold records to send again; the next batch gets a new one."""
        failed, self._producer = self._producer, None
        if failed is not None:
            discard(failed)


def waves(lines: Sequence[OutputLine]) -> Iterator[dict[tuple[str, int], bytes]]:
    """Records to send together, in order of sending."""
    queues = {place: list(_records(mine)) for place, mine in _by_partition(lines).items()}
    for number in range(max((len(queue) for queue in queues.values()), default=0)):
        yield {place: queue[number] for place, queue in queues.items() if number < len(queue)}


def _by_partition(lines: Sequence[OutputLine]) -> dict[tuple[str, int], list[OutputLine]]:
    places: dict[tuple[str, int], list[OutputLine]] = {}
    for line in lines:
        places.setdefault((line.topic, line.partition), []).append(line)
    return places


def _records(lines: Sequence[OutputLine]) -> Iterator[bytes]:
    """The records of one partition's lines: filled up to the bounds, a line that stands alone by itself."""
    if not any(spoken.alone for spoken in lines):
        yield from map(join, chunks([spoken.line for spoken in lines]))
        return
    together: list[bytes] = []
    for spoken in lines:
        if spoken.alone:
            yield from map(join, chunks(together))
            together = []
            yield spoken.line
        else:
            together.append(spoken.line)
    yield from map(join, chunks(together))
