"""States in memory, for replays and for tests of folds and of the runner. Wiping it is what FLUSHALL does to the real store."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence

from referral.fold.fold import Member
from referral.fold.state_store import LoadedState, StateChange, StateRequest


class MemoryStateStore:
    """One fold's states, by partition."""

    def __init__(self) -> None:
        self.fence: dict[int, bytes] = {}
        self.values: dict[int, dict[str, bytes]] = {}
        self.scores: dict[int, dict[tuple[str, Member], float]] = {}
        self._sorted_sets: dict[int, dict[str, dict[Member, float]]] = {}  # the scores once more, by sorted set
        self._timers: dict[int, list[tuple[float, str]]] = defaultdict(list)  # the sorted set of timers, in order

    def wipe(self) -> None:
        """Removes everything."""
        self.fence.clear()
        self.values.clear()
        self.scores.clear()
        self._sorted_sets.clear()
        self._timers.clear()

    def load(self, requests: Mapping[int, StateRequest]) -> dict[int, LoadedState]:
        """The stored states."""
        return {partition: self._load(partition, request) for partition, request in requests.items()}

    def _load(self, partition: int, request: StateRequest) -> LoadedState:
        values, scores = self.values.get(partition, {}), self.scores.get(partition, {})
        sorted_sets = self._sorted_sets.get(partition, {})
        groups = {
            sorted_set: _first_members(sorted_sets.get(sorted_set, {}), most)
            for sorted_set, _, most, _ in request.groups
        }
        member_keys = [
            prefix + str(member) for sorted_set, prefix, *_ in request.groups if prefix for member in groups[sorted_set]
        ]
        return LoadedState(
            self.fence.get(partition, b""),
            {key: values[key] for key in (*request.values, *member_keys) if key in values},
            {key: scores[key] for key in request.scores if key in scores},
            groups,
        )

    def is_due(self, partition: int, until_ms: int) -> bool:
        """Returns whether any timer is due."""
        timers = self._timers[partition]
        return bool(timers) and timers[0][0] <= until_ms

    def due(self, partition: int, until_ms: int) -> LoadedState:
        """The value states with a due timer, earliest first."""
        timers = self._timers[partition]
        due = timers[: bisect_left(timers, (until_ms + 1, ""))]  # timers are whole milliseconds
        values = self.values.get(partition, {})
        present = {key: values[key] for _, key in due if key in values}
        return LoadedState(self.fence.get(partition, b""), present, due=tuple(present))

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
        self._apply_scores(partition, change.scores)
        self.fence[partition] = change.fence
        return True

    def _apply_scores(self, partition: int, changes: Mapping[tuple[str, Member], float | None]) -> None:
        scores, sorted_sets = self.scores.setdefault(partition, {}), self._sorted_sets.setdefault(partition, {})
        for (sorted_set, member), score in changes.items():
            if sorted_set == "timers":
                _reset_timer(self._timers[partition], str(member), scores.get((sorted_set, member)), score)
            _merge(sorted_sets.setdefault(sorted_set, {}), {member: score})
        _merge(scores, changes)

    def fences(self, partitions: Sequence[int]) -> dict[int, bytes]:
        """The stored fences."""
        return {partition: self.fence.get(partition, b"") for partition in partitions}


def _first_members(scores: Mapping[Member, float], most: int) -> dict[Member, float]:
    """The first members with their scores; all of them for 0."""
    first = sorted(scores.items(), key=lambda one: (one[1], one[0]))
    return dict(first[:most] if most else first)


def _reset_timer(timers: list[tuple[float, str]], key: str, before: float | None, after: float | None) -> None:
    if before is not None:
        del timers[bisect_left(timers, (before, key))]
    if after is not None:
        insort(timers, (after, key))


def _merge(stored: dict, changes: Mapping) -> None:  # type: ignore[type-arg]
    for key, value in changes.items():
        if value is None:
            stored.pop(key, None)
        else:
            stored[key] = value
