"""Puts what a replay says into the order in which it would have come among the recorded attributions.

Screening decides in the order of its partition, and that order came of how several partitions of events were folded side by
side. So a line that was also recorded takes its recorded place. One that was not takes the place of its moment, between the
recorded lines that the same partition of events led to before it and after it. What the attribute fold did not decide (ticks,
what people decided) stays where it is.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from referral.events.attributions import AttributionLine
from referral.events.line import ClockTicked, Derived
from referral.fold.fold import Position
from referral.topics import ATTRIBUTIONS, EVENTS

PositionedLine = tuple[Position, AttributionLine]


class ReplayedLine(NamedTuple):
    """A line that a replay says, and when the record that led to it was appended (ms)."""

    recorded_at_ms: int
    line: Derived


class _MergeEntry(NamedTuple):
    place: tuple[int, bool, int, tuple[int, ...]]
    position: Position
    line: AttributionLine


def is_verdict(line: AttributionLine) -> bool:
    """Whether the attribute fold decided it, so that a replay decides it anew."""
    return line.cause[0] == EVENTS.name and not isinstance(line, ClockTicked)


def is_screening_message(line: AttributionLine) -> bool:
    """Whether the screen fold said it to itself."""
    return line.cause[0] == ATTRIBUTIONS.name and not isinstance(line, ClockTicked)


def merge(
    recorded: Sequence[PositionedLine], said: Iterable[ReplayedLine], partition: int, *, rescreen: bool
) -> Iterator[PositionedLine]:
    """One partition's lines as screening reads them, with their positions; `recorded` are those of the log, each once.

    `anew`: without what the screen fold said to itself, since it says it anew.
    """
    places = _MergeOrder(recorded, partition)
    kept = [
        index
        for index, (_, line) in enumerate(recorded)
        if not is_verdict(line) and not (rescreen and is_screening_message(line))
    ]
    entries = [places.of_recorded(index) for index in kept]
    entries += [places.of_replayed(one) for one in said]
    entries.sort(key=lambda entry: entry.place)
    return ((entry.position, entry.line) for entry in entries)


class _MergeOrder:
    """Where lines stand. A place sorts by index, before the recorded line of that index or on it, by moment, by cause."""

    def __init__(self, recorded: Sequence[PositionedLine], partition: int) -> None:
        self._recorded = recorded
        self._partition = partition
        self._moments: list[int] = []
        self._causes: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        self._indices: dict[int, list[int]] = defaultdict(list)
        latest = 0
        for index, (position, line) in enumerate(recorded):
            latest = max(latest, position.recorded_at_ms)
            self._moments.append(latest)
            if line.cause[0] == EVENTS.name:
                self._causes[line.cause[1]].append(line.cause[2:])
                self._indices[line.cause[1]].append(index)

    def of_recorded(self, index: int) -> _MergeEntry:
        """A recorded line at its own place."""
        position, line = self._recorded[index]
        return _MergeEntry((index, True, 0, ()), position, line)

    def of_replayed(self, said: ReplayedLine) -> _MergeEntry:
        """A line of the replay."""
        line: AttributionLine = said.line  # type: ignore[assignment] # the attribute fold says nothing else
        _, source, *cause = line.cause
        causes, indices = self._causes.get(source, []), self._indices.get(source, [])
        number = bisect_left(causes, tuple(cause))
        if number < len(causes) and causes[number] == tuple(cause):
            return _MergeEntry((indices[number], True, 0, ()), self._recorded[indices[number]][0], line)
        earliest = indices[number - 1] + 1 if number else 0
        latest = indices[number] if number < len(indices) else len(self._recorded)
        index = min(max(bisect_right(self._moments, said.recorded_at_ms), earliest), latest)
        return _MergeEntry(
            (index, False, said.recorded_at_ms, line.cause[1:]), self._position_near(index, said.recorded_at_ms), line
        )

    def _position_near(self, index: int, at: int) -> Position:
        """A position for what was never recorded: that of the line it would have come before."""
        if index < len(self._recorded):
            return self._recorded[index][0]._replace(recorded_at_ms=at)
        last = self._recorded[-1][0].offset if self._recorded else -1
        return Position(self._partition, last + 1, 0, at)
