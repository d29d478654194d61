"""Acknowledges records in the order of the log, in whatever order they are finished.

Faust commits the highest offset of an unbroken run of acknowledged records, but does not check where the run begins (the offset one
above the committed one counts as part of it): acknowledging 6 before 5 would lose 5 in a crash.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Partition = tuple[str, int]


@dataclass(slots=True)
class PendingRecord:
    """A record in its partition's queue; `acknowledge` is called once it and all records before it are finished."""

    acknowledge: Callable[[], object]
    finished: bool = False


class OrderedAck:
    """The records in flight, by partition; how many were ever begun and acknowledged."""

    def __init__(self) -> None:
        self._queues: dict[Partition, deque[PendingRecord]] = {}
        self.begun = 0
        self.acknowledged = 0

    def begin(self, partition: Partition, acknowledge: Callable[[], object]) -> PendingRecord:
        """Adds the partition's next record."""
        self.begun += 1
        record = PendingRecord(acknowledge)
        self._queues.setdefault(partition, deque()).append(record)
        return record

    def finish(self, partition: Partition, record: PendingRecord) -> None:
        """Marks a record as finished; acknowledges all finished records at the front of the queue."""
        record.finished = True
        queue = self._queues.get(partition)
        while queue and queue[0].finished:
            queue.popleft().acknowledge()
            self.acknowledged += 1

    def reset(self) -> None:
        """Forgets all records, after a rebalance: they are read again and must not be acknowledged now."""
        self._queues.clear()
