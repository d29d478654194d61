"""Fold output producer: writes a batch's output lines and waits for them, one in-flight record per partition.

If two records of one partition were in flight together, the first could fail and the second arrive. Readers remember the
highest cause they have seen, so they would skip the first when it is sent again. A partition's second record therefore waits
for the acknowledgement of the first.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from referral.clock import Clock
from referral.config import Settings
from referral.log.producer_connection import OutgoingRecord, ProducerConnection
from referral.log.records import chunks, join

_DELIVERY_TIMEOUT_MS = 10_000
_ACK_TIMEOUT_S = _DELIVERY_TIMEOUT_MS / 1000 + 2


class OutputLine(NamedTuple):
    """A line for a partition of a topic (its short name). `alone`: in a record of its own."""

    topic: str
    partition: int
    line: bytes
    alone: bool = False


class FoldProducer(Protocol):
    """What the fold runner needs to write."""

    def produce(self, lines: Sequence[OutputLine]) -> None:
        """Returns once all lines are durable. Raises NotDurable; then some may have arrived, in order."""

    def close(self) -> None:
        """Closes the connection."""


class KafkaFoldProducer:
    """Writes to the broker. Opens its connection with the first line."""

    def __init__(self, settings: Settings, clock: Clock, between_records: Callable[[], None] = lambda: None) -> None:
        self._connection = ProducerConnection(settings, clock, _DELIVERY_TIMEOUT_MS)
        self._between_records = between_records  # a failpoint

    def produce(self, lines: Sequence[OutputLine]) -> None:
        """Sends wave after wave, each of at most one record per partition, and waits for each wave."""
        for wave in waves(lines):
            self._connection.deliver(self._outgoing(wave), _ACK_TIMEOUT_S)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _outgoing(self, wave: dict[tuple[str, int], bytes]) -> Iterator[OutgoingRecord]:
        for (topic, partition), value in wave.items():
            yield OutgoingRecord(topic, partition, value)
            self._between_records()


def waves(lines: Sequence[OutputLine]) -> Iterator[dict[tuple[str, int], bytes]]:
    """Records to send together, by topic and partition, in the order of sending."""
    queues = {target: list(_records(queued)) for target, queued in _by_partition(lines).items()}
    for number in range(max((len(queue) for queue in queues.values()), default=0)):
        yield {target: queue[number] for target, queue in queues.items() if number < len(queue)}


def _by_partition(lines: Sequence[OutputLine]) -> dict[tuple[str, int], list[OutputLine]]:
    queued: dict[tuple[str, int], list[OutputLine]] = {}
    for line in lines:
        queued.setdefault((line.topic, line.partition), []).append(line)
    return queued


def _records(lines: Sequence[OutputLine]) -> Iterator[bytes]:
    """The records of one partition's lines, each filled up to the size limits; an `alone` line has a record to itself."""
    if not any(output.alone for output in lines):
        yield from map(join, chunks([output.line for output in lines]))
        return
    together: list[bytes] = []
    for output in lines:
        if output.alone:
            yield from map(join, chunks(together))
            together = []
            yield output.line
        else:
            together.append(output.line)
    yield from map(join, chunks(together))
