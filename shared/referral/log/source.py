"""A topic as a fold reads it: polled by partition, sought by offset, with the produced marker committed now and then."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition

from referral.config import Settings
from referral.log.connection import create_consumer
from referral.topics import Topic


class Record(NamedTuple):
    """A record of the log."""

    offset: int
    recorded_at_ms: int
    value: bytes


class Source(Protocol):
    """What the fold runner needs of a topic."""

    def poll(self, timeout: float) -> dict[int, list[Record]]:
        """What has come, by partition, in order; waits up to `timeout` seconds for something."""

    def assignment(self) -> tuple[int, frozenset[int]]:
        """The partitions that are this worker's, and a number that changes whenever they were dealt anew."""

    def seek(self, partition: int, offset: int) -> None:
        """The next poll gives this offset first."""

    def committed_offset(self, partition: int) -> int:
        """The produced marker: outputs of records below this offset are on the log."""

    def commit(self, markers: Mapping[int, int]) -> None:
        """Moves the produced markers; may be lost, never runs ahead."""

    def ends(self, partitions: Sequence[int]) -> dict[int, int]:
        """The offset that the next record of each partition will get, as far as known without asking."""

    def ends_now(self, partitions: Sequence[int]) -> dict[int, int]:
        """The same, asked of the log."""

    def pause(self, partitions: Collection[int]) -> None:
        """Polls nothing of these, and of all others again."""

    def close(self) -> None:
        """Leaves."""


class _AssignmentCounter(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python has no types
    """Only counts: a blocking call inside a rebalance is an error, so the loop looks for itself."""

    def __init__(self) -> None:
        self.round = 0

    def on_partitions_revoked(self, revoked: object) -> None:
        self.round += 1

    def on_partitions_assigned(self, assigned: object) -> None:
        self.round += 1


class KafkaSource:
    """A topic on the broker, shared with the other workers of the same group."""

    def __init__(self, settings: Settings, topic: Topic, group: str) -> None:
        self._name = settings.topic_prefix + topic.name
        self._assignments = _AssignmentCounter()
        member = f"{settings.topic_prefix}{group}-{settings.worker}" if settings.worker else None
        self._consumer: KafkaConsumer = create_consumer(settings, group=settings.topic_prefix + group, member=member)
        self._consumer.subscribe([self._name], listener=self._assignments)

    def poll(self, timeout: float) -> dict[int, list[Record]]:
        """What has come."""
        batches = self._consumer.poll(timeout_ms=round(timeout * 1000))
        return {
            place.partition: [Record(r.offset, r.timestamp, r.value or b"") for r in records]
            for place, records in batches.items()
        }

    def assignment(self) -> tuple[int, frozenset[int]]:
        """The partitions that are this worker's."""
        return self._assignments.round, frozenset(place.partition for place in self._consumer.assignment())

    def seek(self, partition: int, offset: int) -> None:
        """The next poll gives this offset first."""
        self._consumer.seek(self._place(partition), offset)

    def committed_offset(self, partition: int) -> int:
        """The produced marker."""
        return self._consumer.committed(self._place(partition), timeout_ms=5000) or 0

    def commit(self, markers: Mapping[int, int]) -> None:
        """Moves the produced markers without waiting."""
        self._consumer.commit_async(
            {self._place(partition): OffsetAndMetadata(offset, "", -1) for partition, offset in markers.items()}
        )

    def ends(self, partitions: Sequence[int]) -> dict[int, int]:
        """The high watermarks that came with the last fetch."""
        found = {partition: self._consumer.highwater(self._place(partition)) for partition in partitions}
        return {partition: end for partition, end in found.items() if end is not None}

    def ends_now(self, partitions: Sequence[int]) -> dict[int, int]:
        """The high watermarks. Raises KafkaTimeoutError where the broker does not answer."""
        places = [self._place(partition) for partition in partitions]
        ends = self._consumer.end_offsets(places, timeout_ms=5000) if places else {}
        return {place.partition: end for place, end in ends.items()}

    def pause(self, partitions: Collection[int]) -> None:
        """Polls nothing of these, and of all others again."""
        wanted = {self._place(partition) for partition in partitions} & self._consumer.assignment()
        held = self._consumer.paused()
        if wanted != held:
            self._consumer.pause(*wanted - held)
            self._consumer.resume(*held - wanted)

    def close(self) -> None:
        """Leaves without committing."""
        self._consumer.close(autocommit=False, timeout_ms=2000)

    def _place(self, partition: int) -> TopicPartition:
        return TopicPartition(self._name, partition)
