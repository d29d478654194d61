"""A fold over recorded lines of one partition, its states in dictionaries: what the runner does, without log and without Redis.

It keeps to `referral.fold.decider`: the same keys, the same order of timers, the same causes; a line that no rule can take is
passed by.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

from msgspec.structs import force_setattr

from referral.catalog.view import Catalog
from referral.events.line import ClockTicked
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Fold, Key, Output, Position, SortedSetMember, StateGroup, Timer

Line = TypeVar("Line")
State = TypeVar("State")
Name = TypeVar("Name")
Kept = TypeVar("Kept")


class FoldRun(Generic[Line, State]):
    """One fold over one partition. `states` holds what Redis would."""

    def __init__(self, fold: Fold[Line, State], catalog: Catalog) -> None:
        self.states: dict[Key, State | float] = {}
        self.passed_by = 0
        self._boards: dict[str, dict[str, float]] = defaultdict(dict)
        self._fold = fold
        self._catalog = catalog
        self._due: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []

    def take(self, line: Line | ClockTicked, position: Position) -> list[Output]:
        """What a line leads to, with its causes."""
        return self._tick(line, position) if isinstance(line, ClockTicked) else self._line(line, position)

    def _line(self, line: Line, position: Position) -> list[Output]:
        try:
            decision = self._fold.decide(line, self._loaded(self._fold.keys(line)), self._catalog, position)
        except Exception:  # noqa: BLE001 - the runner sets such a line aside and goes on
            self.passed_by += 1
            return []
        return self._applied(decision, position, 0) if decision.changes or decision.outputs else []

    def _loaded(self, keys: Iterable[Key]) -> dict[Key, State | float | None]:
        loaded: dict[Key, State | float | None] = {}
        for key in keys:
            if isinstance(key, StateGroup):
                loaded |= self._family(key)
            else:
                loaded[key] = self.states.get(key)
        return loaded

    def _family(self, family: StateGroup) -> dict[Key, State | float | None]:
        scores = self._boards[family.sorted_set]
        names = tuple(sorted(scores, key=lambda member: (scores[member], member)))
        states = {family.prefix + name: self.states.get(family.prefix + name) for name in names}
        return {family: names, **states}  # type: ignore[dict-item] # of a family the runner knows who belongs to it

    def _tick(self, tick: ClockTicked, position: Position) -> list[Output]:
        """What falls due by then, the earliest first. A timer set meanwhile waits for the next tick."""
        said: list[Output] = []
        for key in list(self._come(to_ms(tick.occurred_at))):
            state = self.states.get(key)
            if state is None:
                continue
            try:
                decision = self._fold.on_timer(tick, key, state, self._catalog, position)  # type: ignore[arg-type] # a value state
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

    def _applied(self, decision: Decision[State], position: Position, first: int) -> list[Output]:
        for key, state in decision.changes.items():
            if isinstance(key, Timer):
                self._set(key.key, state)  # type: ignore[arg-type] # a timer's state is its moment
                continue
            if isinstance(key, SortedSetMember):
                _put(self._boards[key.sorted_set], key.member, state)  # type: ignore[misc] # a score's state is a float
            _put(self.states, key, state)
        for number, output in enumerate(decision.outputs, first):
            force_setattr(output.line, "cause", (self._fold.source.name, *position[:3], number))
        return decision.outputs

    def _set(self, key: str, moment: float | None) -> None:
        if moment is None:
            self._due.pop(key, None)
        else:
            self._due[key] = moment
            heappush(self._queue, (moment, key))


def _put(places: dict[Name, Kept], name: Name, kept: Kept | None) -> None:
    """Keeps something under a name; None takes away what is there."""
    if kept is None:
        places.pop(name, None)
    else:
        places[name] = kept
