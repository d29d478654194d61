"""Acknowledges records in the order of the log, whatever order they are finished in.

Faust commits the highest offset of an unbroken run of acknowledged ones, and does not look closely where the run begins
(the offset one above the committed one counts as joined): acknowledging 6 before 5 would lose 5 in a crash.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Partition = tuple[str, int]


@dataclass(slots=True)
class PendingRecord:
    """A record in the line of its partition; `acknowledge` is called once all before it are finished too."""

    acknowledge: Callable[[], object]
    finished: bool = False


class OrderedAck:
    """The records under way, by partition."""

    def __init__(self) -> None:
        self._lines: dict[Partition, deque[PendingRecord]] = {}

    def begin(self, partition: Partition, acknowledge: Callable[[], object]) -> PendingRecord:
        """Takes in the partition's next record."""
        place = PendingRecord(acknowledge)
        self._lines.setdefault(partition, deque()).append(place)
        return place

    def finish(self, partition: Partition, place: PendingRecord) -> None:
        """A record is done; acknowledges it and those behind it that waited for it."""
        place.finished = True
        line = self._lines.get(partition)
        while line and line[0].finished:
            line.popleft().acknowledge()

    def reset(self) -> None:
        """Partitions were dealt anew: what is under way will come again, and must not be acknowledged any more."""
        self._lines.clear()
