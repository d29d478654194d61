"""State storage between batches: what the runner needs of a store, and the store in Redis.

Loading reads the fence together with the states, so that the states are known to belong to it. Applying is one script: it
compares the fence with the expected one, refuses if they differ, and otherwise writes everything. Running it twice (a
client's retry) has the effect of running it once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from referral.fold.fold import Member
from referral.fold.state_keys import fence_key, key_prefix, timers_key
from referral.fold.state_scripts import APPLY, DUE, LOAD
from referral.redis_client import RedisClient
from referral.redis_pipeline import RedisCommand, call_of, run_pipeline


@dataclass(slots=True)
class StateRequest:
    """What one partition's batch needs: value keys, (sorted set, member) pairs, and groups.

    A group is (sorted set, value prefix, empty for none, how many of its first members; 0 is all, whether members are bytes).
    """

    values: Sequence[str] = ()
    scores: Sequence[tuple[str, Member]] = ()
    groups: Sequence[tuple[str, str, int, bool]] = ()


@dataclass(slots=True)
class LoadedState:
    """The states found, and the fence they belong to. `groups` has the score of each member, by requested sorted set.

    `due` are the keys of the values with a due timer, earliest first.
    """

    fence: bytes
    values: dict[str, bytes]
    scores: dict[tuple[str, Member], float] = field(default_factory=dict)
    groups: dict[str, dict[Member, float]] = field(default_factory=dict)
    due: Sequence[str] = ()


@dataclass(slots=True)
class StateChange:
    """What one partition's batch writes; `expected_fence` is the fence it was decided on, `fence` the new one."""

    expected_fence: bytes
    fence: bytes
    values: Mapping[str, bytes | None]
    scores: Mapping[tuple[str, Member], float | None]


class StateStore(Protocol):
    """A store of states, by partition."""

    def load(self, requests: Mapping[int, StateRequest]) -> dict[int, LoadedState]:
        """The stored states; those of one partition are read atomically with its fence."""

    def due(self, partition: int, until_ms: int) -> LoadedState:
        """The value states with a due timer, earliest first."""

    def apply(self, changes: Mapping[int, StateChange]) -> dict[int, bool]:
        """Writes each partition's change as a whole, or refuses it (False) because its fence has moved."""

    def fences(self, partitions: Sequence[int]) -> dict[int, bytes]:
        """The stored fences; empty bytes if a partition has none."""


class RedisStateStore:
    """States in Redis. The sorted set `timers` holds the timers. One script reads a partition, so the read is atomic."""

    def __init__(self, redis: RedisClient, service: str, fold: str) -> None:
        self._redis = redis
        self._service = service
        self._fold = fold
        self._load = redis.register_script(LOAD)
        self._due = redis.register_script(DUE)
        self._apply = redis.register_script(APPLY)

    def _prefix(self, partition: int) -> str:
        return key_prefix(self._service, self._fold, partition)

    def load(self, requests: Mapping[int, StateRequest]) -> dict[int, LoadedState]:
        """The stored states, in one round trip: MGET for a partition that needs values only, otherwise the script."""
        commands = [self._load_command(self._prefix(partition), request) for partition, request in requests.items()]
        replies = run_pipeline(self._redis, commands, [self._load])
        return {
            partition: _loaded_state(request, reply)
            for (partition, request), reply in zip(requests.items(), replies, strict=True)
        }

    def _load_command(self, prefix: str, request: StateRequest) -> RedisCommand:
        keys = [prefix + "fence", *[prefix + key for key in request.values]]
        if not request.scores and not request.groups:
            return "MGET", *keys
        keys += [prefix + name for name, _ in request.scores] + [prefix + name for name, *_ in request.groups]
        arguments: list[bytes | str | int] = [member for _, member in request.scores]
        for _, part, most, _ in request.groups:
            arguments += (part and prefix + part, most)
        return call_of(self._load, keys, [len(request.values), len(request.scores), *arguments])

    def due(self, partition: int, until_ms: int) -> LoadedState:
        """The value states with a due timer, earliest first."""
        keys = [fence_key(self._service, self._fold, partition), timers_key(self._service, self._fold, partition)]
        fence, due, values = self._due(keys, [until_ms, self._prefix(partition)])
        present = {key.decode(): value for key, value in zip(due, values, strict=True) if value is not None}
        return LoadedState(fence, present, due=tuple(present))

    def apply(self, changes: Mapping[int, StateChange]) -> dict[int, bool]:
        """Writes each partition's change in one script, all in one round trip."""
        commands = [
            call_of(self._apply, *_arguments(self._prefix(partition), change)) for partition, change in changes.items()
        ]
        replies = run_pipeline(self._redis, commands, [self._apply])
        return {partition: bool(applied) for partition, applied in zip(changes, replies, strict=True)}

    def fences(self, partitions: Sequence[int]) -> dict[int, bytes]:
        """The stored fences."""
        commands = [("GET", fence_key(self._service, self._fold, partition)) for partition in partitions]
        replies = run_pipeline(self._redis, commands)
        return {partition: raw or b"" for partition, raw in zip(partitions, replies, strict=True)}


def _loaded_state(request: StateRequest, reply: list[bytes | None]) -> LoadedState:
    values = {key: raw for key, raw in zip(request.values, reply[1:], strict=False) if raw is not None}
    rest = 1 + len(request.values) + len(request.scores)
    raw_scores = reply[1 + len(request.values) : rest]
    scores = {key: float(raw) for key, raw in zip(request.scores, raw_scores, strict=True) if raw is not None}
    loaded = LoadedState(reply[0] or b"", values, scores)
    for (sorted_set, prefix, _, is_raw), group in zip(request.groups, reply[rest:], strict=True):
        _add_group(loaded, sorted_set, prefix, is_raw, *group)  # type: ignore[misc] # the script returns two lists for a group
    return loaded


def _add_group(
    loaded: LoadedState, sorted_set: str, prefix: str, is_raw: bool, flat: list[bytes], states: list[bytes | None]
) -> None:
    """Adds a group: its sorted set (name, score, name, score, …) and the state of each name."""
    scores = map(float, flat[1::2])
    if is_raw:
        loaded.groups[sorted_set] = dict(zip(flat[::2], scores, strict=True))
        return
    names = [name.decode() for name in flat[::2]]
    loaded.groups[sorted_set] = dict(zip(names, scores, strict=True))
    if prefix:
        loaded.values |= {prefix + name: raw for name, raw in zip(names, states, strict=True) if raw is not None}


def _arguments(prefix: str, change: StateChange) -> tuple[list[str], list[bytes | str | int]]:
    """The keys and arguments of the apply script."""
    sets = {key: raw for key, raw in change.values.items() if raw is not None}
    dels = [key for key, raw in change.values.items() if raw is None]
    keys = [prefix + "fence", *[prefix + key for key in (*sets, *dels)]]
    arguments: list[bytes | str | int] = [change.expected_fence, change.fence, len(sets), len(dels), 0, *sets.values()]
    for sorted_set, (added, removed) in _by_sorted_set(change.scores).items():
        keys.append(prefix + sorted_set)
        arguments += (len(added), len(removed), *added, *removed)
    arguments[4] = len(keys) - 1 - len(sets) - len(dels)
    return keys, arguments


def _by_sorted_set(scores: Mapping[tuple[str, Member], float | None]) -> dict[str, tuple[list[Member], list[Member]]]:
    """For each sorted set its new scores (score, member, score, member, …) and its removed members: one command each."""
    commands: dict[str, tuple[list[Member], list[Member]]] = {}
    for (sorted_set, member), score in scores.items():
        command = commands.get(sorted_set)
        if command is None:
            command = commands[sorted_set] = [], []
        if score is None:
            command[1].append(member)
        else:
            command[0].append(repr(score))
            command[0].append(member)
    return commands
