"""The states of a partition as the lines of a batch see them, one after the other."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from referral.fold.fold import Key, Member, RawMember, SortedSetMember, StateGroup
from referral.fold.set_aside import WAITING
from referral.fold.state_store import LoadedState

State = TypeVar("State")
Changes = dict[Key, State | float | None]


class BatchStates(dict[Key, State | float | None], Generic[State]):
    """The states as the next line sees them, decoded at first use; None if there is none. A group's state is its members."""

    def __init__(self, decode: Callable[[bytes], State], loaded: LoadedState) -> None:
        super().__init__()
        self._decode = decode
        self._values: Mapping[str, bytes] = loaded.values
        self._scores = loaded.scores
        self._groups = loaded.groups

    def apply(self, changes: Changes[State]) -> None:
        """Makes the changes of a line visible to the lines after it."""
        self.update(changes)
        if self._groups:
            for key, score in changes.items():
                if isinstance(key, SortedSetMember | RawMember) and key.sorted_set in self._groups:
                    self._update_group(key, score)  # type: ignore[arg-type] # a member's state is its score

    def add_waiting(self, changes: Changes[State]) -> None:
        """Makes the places of a line that was just set aside visible to the lines after it."""
        for key, order in changes.items():
            if isinstance(key, SortedSetMember) and key.sorted_set.startswith(WAITING):
                self._groups.setdefault(key.sorted_set, {})[key.member] = order  # type: ignore[assignment] # its score

    def first_member(self, group: StateGroup) -> str | None:
        """The earliest member of a group that only has members; a group that was not loaded was empty."""
        scores = self._groups.get(group.sorted_set)
        first = min(scores, key=lambda member: (scores[member], member)) if scores else None
        return first if isinstance(first, str) else None  # such a group has text

    def _update_group(self, key: SortedSetMember | RawMember, score: float | None) -> None:
        if score is None:
            self._groups[key.sorted_set].pop(key.member, None)
        else:
            self._groups[key.sorted_set][key.member] = score

    def _group_members(self, group: StateGroup) -> tuple[Member, ...]:
        scores = self._groups[group.sorted_set]
        return tuple(sorted(scores, key=lambda member: (scores[member], member)))

    def __missing__(self, key: Key) -> State | float | None:
        if isinstance(key, StateGroup):  # not stored: its members change from line to line
            return self._group_members(key)  # type: ignore[return-value] # read by `group_members`
        if isinstance(key, str):
            raw = self._values.get(key)
            state = self._decode(raw) if raw is not None else None
        else:
            state = self._scores.get(key)  # type: ignore[arg-type, assignment] # its key is a (sorted set, member) pair
            if state is None and isinstance(key, SortedSetMember | RawMember) and key.sorted_set in self._groups:
                state = self._groups[key.sorted_set].get(key.member)  # type: ignore[assignment] # a score
        self[key] = state
        return state
