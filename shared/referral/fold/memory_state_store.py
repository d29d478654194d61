"""States in memory, for tests of folds and runner without Redis. Wiping it is what FLUSHALL does to the real one."""

from collections.abc import Mapping, Sequence

from referral.fold.state_store import LoadedState, StateChange, StateRequest


class MemoryStateStore:
    """One fold's states, by partition."""

    def __init__(self) -> None:
        self.fence: dict[int, bytes] = {}
        self.values: dict[int, dict[str, bytes]] = {}
        self.scores: dict[int, dict[tuple[str, str], float]] = {}

    def wipe(self) -> None:
        """Forgets everything."""
        self.fence.clear()
        self.values.clear()
        self.scores.clear()

    def load(self, wanted: Mapping[int, StateRequest]) -> dict[int, LoadedState]:
        """What is there now."""
        return {partition: self._load(partition, want) for partition, want in wanted.items()}

    def _load(self, partition: int, want: StateRequest) -> LoadedState:
        values, scores = self.values.get(partition, {}), self.scores.get(partition, {})
        families = {board: self._family(partition, board) for board, _ in want.groups}
        related = [prefix + member for board, prefix in want.groups for member in families[board]]
        return LoadedState(
            self.fence.get(partition, b""),
            {key: values[key] for key in (*want.values, *related) if key in values},
            {place: scores[place] for place in want.scores if place in scores},
            families,
        )

    def _family(self, partition: int, board: str) -> dict[str, float]:
        scores = self.scores.get(partition, {})
        return {member: score for (there, member), score in scores.items() if there == board}

    def due(self, partition: int, until_ms: int) -> LoadedState:
        """The value states whose timers have come, earliest first."""
        timers = [
            (score, key)
            for (board, key), score in self.scores.get(partition, {}).items()
            if board == "timers" and score <= until_ms
        ]
        values = self.values.get(partition, {})
        found = {key: values[key] for _, key in sorted(timers) if key in values}
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
        _merge(self.scores.setdefault(partition, {}), change.scores)
        self.fence[partition] = change.fence
        return True

    def fences(self, partitions: Sequence[int]) -> dict[int, bytes]:
        """The fences as they are now."""
        return {partition: self.fence.get(partition, b"") for partition in partitions}


def _merge(kept: dict, changes: Mapping) -> None:  # type: ignore[type-arg]
    for key, value in changes.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = value
