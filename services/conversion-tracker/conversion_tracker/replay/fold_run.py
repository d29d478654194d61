"""A fold over recorded lines of one partition, its states in dictionaries: what the runner does, without log and without Redis.

It keeps to `referral.fold.decide`: the same keys, the same order of timers, the same causes; a line that no rule can take is
passed by.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

from msgspec.structs import force_setattr

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked, Derived
from referral.events.moment import to_ms
from referral.fold.fold import Decision, Due, Fold, Key, Output, Position

Line = TypeVar("Line")
State = TypeVar("State")


class FoldRun(Generic[Line, State]):
    """One fold over one partition. `states` holds what Redis would."""

    def __init__(self, fold: Fold[Line, State], catalog: Catalog) -> None:
        self.states: dict[Key, State | float] = {}
        self.passed_by = 0
        self._fold = fold
        self._catalog = catalog
        self._due: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []

    def take(self, line: Line, position: Position) -> list[Derived]:
        """What a line leads to, with its causes."""
        states = self.states
        try:
            loaded = {key: states.get(key) for key in self._fold.keys(line)}
            decision = self._fold.decide(line, loaded, self._catalog, position)
        except Exception:  # noqa: BLE001 - the runner sets such a line aside and goes on
            self.passed_by += 1
            return []
        return self._applied(decision, position, 0) if decision.changes or decision.outputs else []

    def tick(self, tick: ClockTicked, position: Position) -> list[Derived]:
        """What falls due by then, the earliest first. A timer set meanwhile waits for the next tick."""
        said: list[Derived] = []
        for key in list(self._come(to_ms(tick.occurred_at))):
            state = self.states.get(key)
            if state is None:
                continue
            try:
                decision = self._fold.due(tick, key, state, self._catalog, position)  # type: ignore[arg-type] # a value state
            except Exception:  # noqa: BLE001 - as for a line
                self.passed_by += 1
                continue
            said += self._applied(decision, position, len(said))
        return said

    def _come(self, until_ms: int) -> Iterator[str]:
        """Takes the timers that have come off the queue; one that was set anew lies there twice, and counts where it lies last."""
        while self._queue and self._queue[0][0] <= until_ms:
            moment, key = heappop(self._queue)
            if self._due.get(key) == moment:
                del self._due[key]
                yield key

    def _applied(self, decision: Decision[State], position: Position, first: int) -> list[Derived]:
        for key, state in decision.changes.items():
            if isinstance(key, Due):
                self._set(key.key, state)  # type: ignore[arg-type] # a timer's state is its moment
            elif state is None:
                self.states.pop(key, None)
            else:
                self.states[key] = state
        return [self._caused(output, position, number) for number, output in enumerate(decision.outputs, first)]

    def _set(self, key: str, moment: float | None) -> None:
        if moment is None:
            self._due.pop(key, None)
        else:
            self._due[key] = moment
            heappush(self._queue, (moment, key))

    def _caused(self, output: Output, position: Position, number: int) -> Derived:
        line = output.line
        force_setattr(line, "cause", (self._fold.source.name, *position[:3], number))
        return line  # type: ignore[return-value] # what folds say is derived
