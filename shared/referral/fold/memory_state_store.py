"""States in memory, for folds without Redis: replays and tests. `wipe` does what FLUSHALL does to the real store."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence

from referral.fold.state_store import LoadedState, StateChange, StateRequest

_TIMERS = "timers"


class MemoryStateStore:
    """One fold's states, by partition."""

    def __init__(self) -> None:
        self.fence: dict[int, bytes] = {}
        self.values: dict[int, dict[str, bytes]] = {}
        self.scores: dict[int, dict[tuple[str, str], float]] = {}
        self._boards: dict[int, dict[str, dict[str, float]]] = {}  # the scores once more, by board
        self._timers: dict[int, list[tuple[float, str]]] = defaultdict(list)  # the board of timers, sorted

    def wipe(self) -> None:
        """Forgets everything."""
        self.fence.clear()
        self.values.clear()
        self.scores.clear()
        self._boards.clear()
        self._timers.clear()

    def load(self, wanted: Mapping[int, StateRequest]) -> dict[int, LoadedState]:
        """What is there now."""
        return {partition: self._load(partition, want) for partition, want in wanted.items()}

    def _load(self, partition: int, want: StateRequest) -> LoadedState:
        values, scores = self.values.get(partition, {}), self.scores.get(partition, {})
        boards = self._boards.get(partition, {})
        groups = {board: dict(boards.get(board, {})) for board, _ in want.groups}
        related = [prefix + member for board, prefix in want.groups for member in groups[board]]
        return LoadedState(
            self.fence.get(partition, b""),
            {key: values[key] for key in (*want.values, *related) if key in values},
            {place: scores[place] for place in want.scores if place in scores},
            groups,
        )

    def is_due(self, partition: int, until_ms: int) -> bool:
        """Returns whether any timer has come."""
        timers = self._timers[partition]
        return bool(timers) and timers[0][0] <= until_ms

    def due(self, partition: int, until_ms: int) -> LoadedState:
        """The value states whose timers have come, earliest first."""
        timers = self._timers[partition]
        due = timers[: bisect_left(timers, (until_ms + 1, ""))]
        values = self.values.get(partition, {})
        found = {key: values[key] for _, key in due if key in values}
        return LoadedState(self.fence.get(partition, b""), found)

    def apply(self, changes: Mapping[int, StateChange]) -> dict[int, bool]:
        """Writes each change whole, or refuses it because its fence has moved."""
        return {partition: self._apply(partition, change) for partition, change in changes.items()}

    def _apply(self, partition: int, change: StateChange) -> bool:
        there = self.fence.get(partition, b"")
        if there == change.fence:
            return True
        if there != change.expected_fence:
            return False
        _merge(self.values.setdefault(partition, {}), change.values)
        self._apply_scores(partition, change.scores)
        self.fence[partition] = change.fence
        return True

    def _apply_scores(self, partition: int, changes: Mapping[tuple[str, str], float | None]) -> None:
        scores, boards = self.scores.setdefault(partition, {}), self._boards.setdefault(partition, {})
        for (board, member), score in changes.items():
            if board == _TIMERS:
                _reset_timer(self._timers[partition], member, scores.get((board, member)), score)
            _merge(boards.setdefault(board, {}), {member: score})
        _merge(scores, changes)

    def fences(self, partitions: Sequence[int]) -> dict[int, bytes]:
        """The fences as they are now."""
        return {partition: self.fence.get(partition, b"") for partition in partitions}


def _reset_timer(timers: list[tuple[float, str]], key: str, before: float | None, after: float | None) -> None:
    if before is not None:
        del timers[bisect_left(timers, (before, key))]
    if after is not None:
        insort(timers, (after, key))


def _merge(kept: dict, changes: Mapping) -> None:  # type: ignore[type-arg]
    for key, value in changes.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = value
