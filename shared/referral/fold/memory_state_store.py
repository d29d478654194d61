"""States in memory, for tests of folds and of the runner. Wiping it is what FLUSHALL does to the real store."""

from collections.abc import Mapping, Sequence

from referral.fold.state_store import LoadedState, StateChange, StateRequest


class MemoryStateStore:
    """One fold's states, by partition."""

    def __init__(self) -> None:
        self.fence: dict[int, bytes] = {}
        self.values: dict[int, dict[str, bytes]] = {}
        self.scores: dict[int, dict[tuple[str, str], float]] = {}

    def wipe(self) -> None:
        """Removes everything."""
        self.fence.clear()
        self.values.clear()
        self.scores.clear()

    def load(self, requests: Mapping[int, StateRequest]) -> dict[int, LoadedState]:
        """The stored states."""
        return {partition: self._load(partition, request) for partition, request in requests.items()}

    def _load(self, partition: int, request: StateRequest) -> LoadedState:
        values, scores = self.values.get(partition, {}), self.scores.get(partition, {})
        groups = {sorted_set: self._members(partition, sorted_set) for sorted_set, _ in request.groups}
        member_keys = [prefix + member for sorted_set, prefix in request.groups for member in groups[sorted_set]]
        return LoadedState(
            self.fence.get(partition, b""),
            {key: values[key] for key in (*request.values, *member_keys) if key in values},
            {key: scores[key] for key in request.scores if key in scores},
            groups,
        )

    def _members(self, partition: int, sorted_set: str) -> dict[str, float]:
        scores = self.scores.get(partition, {})
        return {member: score for (name, member), score in scores.items() if name == sorted_set}

    def due(self, partition: int, until_ms: int) -> LoadedState:
        """The value states whose timers are due, earliest first."""
        timers = [
            (score, key)
            for (sorted_set, key), score in self.scores.get(partition, {}).items()
            if sorted_set == "timers" and score <= until_ms
        ]
        values = self.values.get(partition, {})
        present = {key: values[key] for _, key in sorted(timers) if key in values}
        return LoadedState(self.fence.get(partition, b""), present)

    def apply(self, changes: Mapping[int, StateChange]) -> dict[int, bool]:
        """Writes each change as a whole, or refuses it because its fence has moved."""
        return {partition: self._apply(partition, change) for partition, change in changes.items()}

    def _apply(self, partition: int, change: StateChange) -> bool:
        stored = self.fence.get(partition, b"")
        if stored == change.fence:
            return True
        if stored != change.expected_fence:
            return False
        _merge(self.values.setdefault(partition, {}), change.values)
        _merge(self.scores.setdefault(partition, {}), change.scores)
        self.fence[partition] = change.fence
        return True

    def fences(self, partitions: Sequence[int]) -> dict[int, bytes]:
        """The stored fences."""
        return {partition: self.fence.get(partition, b"") for partition in partitions}


def _merge(stored: dict, changes: Mapping) -> None:  # type: ignore[type-arg]
    for key, value in changes.items():
        if value is None:
            stored.pop(key, None)
        else:
            stored[key] = value
