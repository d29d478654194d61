"""The lines of a fold that wait for a retry, by the states that they read or write."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from referral.fold.batch import Batch
from referral.fold.batch_states import BatchStates
from referral.fold.fold import Fold, Key, StateGroup
from referral.fold.set_aside import lines_behind, waiting_place

Line = TypeVar("Line")
State = TypeVar("State")


class WaitingLines(Generic[Line, State]):
    """Which lines wait before another. A fold that does not keep order has none."""

    def __init__(self, fold: Fold[Line, State]) -> None:
        self._fold = fold

    def keys(self, batch: Batch[Line]) -> Iterator[Key]:
        """The states that show what was set aside before: the places of retried lines, and the lines behind each state."""
        for retried in batch.retried.values():
            yield waiting_place(retried.offset, retried.line)
        for _, retried in batch.retried_timers:
            yield waiting_place(retried.offset, retried.line, retried.timer)
            yield retried.timer
        if self._fold.keeps_order:
            # A batch removes at most the retried ones, and looks at the first that remains.
            most = len(batch.retried) + 1
            for position, line, _ in batch.lines:
                if position not in batch.keys_errors:
                    yield from (lines_behind(key, most) for key in self._fold.keys(line))

    def groups(self, line: Line) -> list[StateGroup]:
        """The lines set aside behind each state of a line."""
        return [lines_behind(key) for key in self._fold.keys(line)] if self._fold.keeps_order else []

    def earlier_line(self, line: Line, states: BatchStates[State]) -> str | None:
        """The place of a line that was set aside and has a state in common with this one; None without any."""
        return next((first for group in self.groups(line) if (first := states.first_member(group))), None)

    def is_first(self, place: str, line: Line, states: BatchStates[State]) -> bool:
        """Whether no line before the one at a place waits for any of its states."""
        return all(states.first_member(group) in (None, place) for group in self.groups(line))
