"""A log in memory: topics, partitions, offsets and one consumer group, for tests of folds without a broker."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import dropwhile

from referral.clock import Clock, ManualClock
from referral.log.errors import NotDurable
from referral.log.fold_producer import OutputLine, waves
from referral.log.records import split
from referral.log.source import Record
from referral.topics import Topic


class MemoryLog:
    """Every record, by topic (short name) and partition."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.records: dict[tuple[str, int], list[Record]] = defaultdict(list)

    def append(self, topic: str, partition: int, value: bytes) -> None:
        """Appends one record."""
        records = self.records[topic, partition]
        records.append(Record(len(records), self.clock.now_ms(), value))

    def lines(self, topic: str) -> list[bytes]:
        """All lines of a topic, partition by partition."""
        partitions = sorted(key for key in self.records if key[0] == topic)
        return [line for key in partitions for record in self.records[key] for line in split(record.value)]


class MemorySource:
    """A topic of a MemoryLog with all partitions assigned. `committed_markers` outlives the source, as on a broker."""

    max_poll_records = 500  # of a partition in one poll

    def __init__(self, log: MemoryLog, topic: str, partitions: int, markers: dict[int, int] | None = None) -> None:
        self._log = log
        self._topic = topic
        self.partitions = range(partitions)
        self._positions = dict.fromkeys(self.partitions, 0)
        self.committed_markers = {} if markers is None else markers
        self.generation = 1
        self._paused: frozenset[int] = frozenset()

    def poll(self, timeout: float) -> dict[int, list[Record]]:
        """The next records of each partition that is not paused."""
        active = [partition for partition in self.partitions if partition not in self._paused]
        polled = {p: self._log.records[self._topic, p][self._positions[p] :][: self.max_poll_records] for p in active}
        for partition, records in polled.items():
            self._positions[partition] += len(records)
        return {partition: records for partition, records in polled.items() if records}

    def assignment(self) -> tuple[int, frozenset[int]]:
        """Every partition."""
        return self.generation, frozenset(self.partitions)

    def has_joined(self) -> bool:
        """Always."""
        return True

    def seek(self, partition: int, offset: int) -> None:
        """Makes the next poll start at this offset."""
        self._positions[partition] = offset

    def committed_offset(self, partition: int) -> int:
        """The produced marker."""
        return self.committed_markers.get(partition, 0)

    def commit(self, markers: Mapping[int, int]) -> None:
        """Moves the produced markers."""
        self.committed_markers.update(markers)

    def cached_ends(self, partitions: Sequence[int]) -> dict[int, int]:
        """The next offsets."""
        return {partition: len(self._log.records[self._topic, partition]) for partition in partitions}

    def current_ends(self, partitions: Sequence[int]) -> dict[int, int]:
        """The same."""
        return self.cached_ends(partitions)

    def pause(self, partitions: Collection[int]) -> None:
        """Stops polling these partitions, and resumes all others."""
        self._paused = frozenset(partitions)

    def close(self) -> None:
        """Does nothing."""


class MemoryLogReader:
    """Reads a MemoryLog on demand."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    def record_at(self, topic: Topic, partition: int, offset: int) -> Record | None:
        """The record at an offset."""
        records = self._log.records[topic.name, partition]
        return records[offset] if 0 <= offset < len(records) else None

    def records_since(self, topic: Topic, partition: int, since_ms: int) -> Iterator[Record]:
        """The records appended at or after `since_ms`."""
        records = list(self._log.records[topic.name, partition])
        return dropwhile(lambda record: record.recorded_at_ms < since_ms, records)

    def records_from(self, topic: Topic, partition: int, offset: int) -> Iterator[Record]:
        """The records from an offset on."""
        return iter(self._log.records[topic.name, partition][offset:])


class MemoryFoldProducer:
    """Writes to a MemoryLog. While `failing` is set it raises NotDurable, as for an unavailable broker."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self.failing = False

    def produce(self, lines: Sequence[OutputLine]) -> None:
        """Writes the records."""
        if self.failing:
            raise NotDurable("the in-memory log is set to fail")
        for wave in waves(lines):
            for (topic, partition), value in wave.items():
                self._log.append(topic, partition, value)

    def close(self) -> None:
        """Does nothing."""
