"""A topic as a fold reads it: polled by partition, positioned by offset, with the produced marker committed at intervals."""

import contextlib
import time
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import FencedInstanceIdError, KafkaError

from referral.config import Settings
from referral.log.connection import FETCH_WAIT_MS, create_consumer
from referral.log.idleness import Idleness
from referral.topics import Topic

# A partition that is assigned meanwhile waits for the fetch to return: as short as that is bearable without records.
_IDLE_FETCH_WAIT_MS = 3_000
_CONNECT_MS = 30_000
_REPLACE_EVERY_S = 60.0


class Record(NamedTuple):
    """A record of the log."""

    offset: int
    recorded_at_ms: int
    value: bytes


class Source(Protocol):
    """What the fold runner needs of a topic."""

    def poll(self, timeout: float) -> dict[int, list[Record]]:
        """The next records of each partition, in order; waits up to `timeout` seconds for the first."""

    def assignment(self) -> tuple[int, frozenset[int]]:
        """A number that changes with every rebalance, and the partitions assigned to this worker."""

    def has_joined(self) -> bool:
        """Whether the group has assigned partitions to this worker, even if none, and is not assigning them again."""

    def seek(self, partition: int, offset: int) -> None:
        """Makes the next poll start at this offset."""

    def committed_offset(self, partition: int) -> int:
        """The produced marker: output lines of records below this offset are on the log."""

    def commit(self, markers: Mapping[int, int]) -> None:
        """Moves the produced markers, without waiting. A commit may be lost; a marker must never be too high."""

    def cached_ends(self, partitions: Sequence[int]) -> dict[int, int]:
        """The offset that the next record of each partition will get, as far as known without a request."""

    def current_ends(self, partitions: Sequence[int]) -> dict[int, int]:
        """The same, requested from the log."""

    def pause(self, partitions: Collection[int]) -> None:
        """Stops polling these partitions, and resumes all others."""

    def close(self) -> None:
        """Closes the connection."""


class _RebalanceCounter(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python has no types
    """Counts rebalances only: a blocking call in a rebalance callback is an error, so the runner's loop does the work.

    Each begins with a revocation, also the one with which a worker joins the group.
    """

    def __init__(self) -> None:
        self.generation = 0
        self.is_complete = False

    def on_partitions_revoked(self, revoked: object) -> None:
        self.generation += 1
        self.is_complete = False

    def on_partitions_assigned(self, assigned: object) -> None:
        self.generation += 1
        self.is_complete = True


class KafkaSource:
    """A topic on the broker, shared with the other workers of the same group."""

    def __init__(self, settings: Settings, topic: Topic, group: str) -> None:
        self._settings = settings
        self._name = settings.topic_prefix + topic.name
        self._group = settings.topic_prefix + group
        self._rebalances = _RebalanceCounter()
        self._idleness = Idleness()
        self._consumer = self._subscribed(_CONNECT_MS)
        self._has_failed = False
        self._replace_from = 0.0  # monotonic time

    def _subscribed(self, connect_timeout_ms: int) -> KafkaConsumer:
        member = f"{self._group}-{self._settings.worker}" if self._settings.worker else None
        consumer = create_consumer(
            self._settings, group=self._group, member=member, connect_timeout_ms=connect_timeout_ms
        )
        consumer.subscribe([self._name], listener=self._rebalances)
        return consumer

    def poll(self, timeout: float) -> dict[int, list[Record]]:
        """The next records of each partition.

        After an error a later poll uses a new consumer. One of kafka-python 3.0.12 that could not send a fetch request, for
        example because its list of brokers lacked the leader, sends none to that broker any more. At most one a minute is
        replaced: each time the group assigns its partitions again.
        """
        if self._has_failed and time.monotonic() >= self._replace_from:
            self._replace_consumer()
        try:
            batches = self._consumer.poll(timeout_ms=round(timeout * 1000))
        except FencedInstanceIdError:  # another worker has this name: a new consumer would fence that one
            raise
        except Exception:
            self._has_failed = True
            raise
        self._idleness.observe(had_records=bool(batches))
        # kafka-python has no method for it; it reads the option before each request.
        wait_ms = _IDLE_FETCH_WAIT_MS if self._idleness.is_idle else FETCH_WAIT_MS
        self._consumer._fetcher.config["fetch_max_wait_ms"] = wait_ms
        return {
            source.partition: [Record(r.offset, r.timestamp, r.value or b"") for r in records]
            for source, records in batches.items()
        }

    def _replace_consumer(self) -> None:
        consumer = self._subscribed(0)
        self._rebalances.on_partitions_revoked(None)
        with contextlib.suppress(KafkaError):
            self.close()
        self._consumer, self._has_failed = consumer, False
        self._replace_from = time.monotonic() + _REPLACE_EVERY_S

    def assignment(self) -> tuple[int, frozenset[int]]:
        """The generation, and the partitions assigned to this worker."""
        return self._rebalances.generation, frozenset(one.partition for one in self._consumer.assignment())

    def has_joined(self) -> bool:
        """Whether the last rebalance is complete."""
        return self._rebalances.is_complete

    def seek(self, partition: int, offset: int) -> None:
        """Makes the next poll start at this offset."""
        self._consumer.seek(self._topic_partition(partition), offset)

    def committed_offset(self, partition: int) -> int:
        """The produced marker."""
        return self._consumer.committed(self._topic_partition(partition), timeout_ms=5000) or 0

    def commit(self, markers: Mapping[int, int]) -> None:
        """Moves the produced markers without waiting."""
        self._consumer.commit_async(
            {
                self._topic_partition(partition): OffsetAndMetadata(offset, "", -1)
                for partition, offset in markers.items()
            }
        )

    def cached_ends(self, partitions: Sequence[int]) -> dict[int, int]:
        """The high watermarks that came with the last fetch."""
        ends = {partition: self._consumer.highwater(self._topic_partition(partition)) for partition in partitions}
        return {partition: end for partition, end in ends.items() if end is not None}

    def current_ends(self, partitions: Sequence[int]) -> dict[int, int]:
        """The high watermarks. Raises KafkaTimeoutError if the broker does not answer."""
        requested = [self._topic_partition(partition) for partition in partitions]
        ends = self._consumer.end_offsets(requested, timeout_ms=5000) if requested else {}
        return {one.partition: end for one, end in ends.items()}

    def pause(self, partitions: Collection[int]) -> None:
        """Stops polling these partitions, and resumes all others."""
        requested = {self._topic_partition(partition) for partition in partitions} & self._consumer.assignment()
        paused = self._consumer.paused()
        if requested != paused:
            self._consumer.pause(*requested - paused)
            self._consumer.resume(*paused - requested)

    def close(self) -> None:
        """Closes the connection without committing."""
        self._consumer.close(autocommit=False, timeout_ms=2000)

    def _topic_partition(self, partition: int) -> TopicPartition:
        return TopicPartition(self._name, partition)
