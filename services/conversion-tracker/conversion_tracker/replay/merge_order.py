"""Puts the lines that a replay produces into the order in which they would have come among the recorded attributions.

Screening decides in the order of its partition, which depends on how several partitions of events were folded side by side. So a
line that was also recorded gets its recorded place. A line that was not recorded gets the place of its time, between the recorded
lines that the same partition of events led to before and after it. What the attribute fold did not decide (decisions by people)
stays in its place.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from referral.events.attributions import AttributionLine, OrderLine, ReferralLine, ReferrerBanned, ReferrerUnbanned
from referral.events.line import ClockTicked
from referral.fold.fold import Position
from referral.topics import ATTRIBUTIONS, EVENTS

PositionedLine = tuple[Position, AttributionLine]
AttributedLine = ReferralLine | OrderLine | ReferrerBanned | ReferrerUnbanned
_Key = tuple[int, bool, int, tuple[int, ...]]


class ReplayedLine(NamedTuple):
    """A line that a replay produces, in which partition, and when the record that led to it was appended (ms)."""

    recorded_at_ms: int
    partition: int
    line: AttributedLine


def is_attributed(line: AttributionLine) -> bool:
    """Returns whether the attribute fold decided the line, so that a replay decides it itself."""
    return line.cause[0] == EVENTS.name and not isinstance(line, ClockTicked)


def is_screening_message(line: AttributionLine) -> bool:
    """Returns whether the screen fold sent the line to itself."""
    return line.cause[0] == ATTRIBUTIONS.name and not isinstance(line, ClockTicked)


def merge(
    recorded: Sequence[PositionedLine], replayed: Iterable[ReplayedLine], partition: int, *, rescreen: bool
) -> Iterator[PositionedLine]:
    """Yields the lines of one partition as screening reads them. Ticks are left out, since the screen fold has no timers.

    `recorded` are those of the log, without repeats. With `rescreen`, the lines that the screen fold sent to itself are left out,
    since it sends them again.
    """
    order = _MergeOrder(recorded, partition)
    entries = [
        order.of_recorded(index)
        for index, (_, line) in enumerate(recorded)
        if not isinstance(line, ClockTicked)
        and not is_attributed(line)
        and not (rescreen and is_screening_message(line))
    ]
    entries += [order.of_replayed(one) for one in replayed]
    entries.sort(key=lambda entry: entry.key)
    return ((entry.position, entry.line) for entry in entries)


class _MergeEntry(NamedTuple):
    key: _Key
    position: Position
    line: AttributionLine


class _MergeOrder:
    """Sort keys: by index, before the recorded line of that index or at it; then by time, then by cause."""

    def __init__(self, recorded: Sequence[PositionedLine], partition: int) -> None:
        self._recorded = recorded
        self._partition = partition
        self._times: list[int] = []
        self._causes: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        self._indices: dict[int, list[int]] = defaultdict(list)
        latest = 0
        for index, (position, line) in enumerate(recorded):
            latest = max(latest, position.recorded_at_ms)
            self._times.append(latest)
            if line.cause[0] == EVENTS.name:
                self._causes[line.cause[1]].append(line.cause[2:])
                self._indices[line.cause[1]].append(index)

    def of_recorded(self, index: int) -> _MergeEntry:
        """Returns a recorded line in its own place."""
        position, line = self._recorded[index]
        return _MergeEntry((index, True, 0, ()), position, line)

    def of_replayed(self, replayed: ReplayedLine) -> _MergeEntry:
        """Returns a replayed line in the place of its recorded line, or else of its time."""
        at, _, line = replayed
        source, cause = line.cause[1], line.cause[2:]
        causes, indices = self._causes[source], self._indices[source]
        number = bisect_left(causes, cause)
        if number < len(causes) and causes[number] == cause:
            index = indices[number]
            return _MergeEntry((index, True, 0, ()), self._recorded[index][0], line)
        earliest = indices[number - 1] + 1 if number else 0
        latest = indices[number] if number < len(indices) else len(self._recorded)
        index = min(max(bisect_right(self._times, at), earliest), latest)
        return _MergeEntry((index, False, at, line.cause[1:]), self._position_near(index, at), line)

    def _position_near(self, index: int, at: int) -> Position:
        """Returns a position for a line that was never recorded: that of the line before which it would have come."""
        if index < len(self._recorded):
            return self._recorded[index][0]._replace(recorded_at_ms=at)
        last = self._recorded[-1][0].offset if self._recorded else -1
        return Position(self._partition, last + 1, 0, at)
