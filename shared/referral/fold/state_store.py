"""Where states live between batches: what the runner needs of a store, and the store in Redis.

Loading reads the fence together with the states, so that what was loaded is known to be the fence's. Applying is one script:
compare the fence with the one last seen, else refuse; then write all. A script that ran twice (a client's retry) has the
effect of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from redis import Redis

from referral.fold.state_keys import fence_key, key_prefix, timers_key

_LOAD = """
local found = {redis.call('GET', KEYS[1]) or ''}
local values, scores = tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 1, values do found[#found + 1] = redis.call('GET', KEYS[1 + i]) end
for i = 1, scores do found[#found + 1] = redis.call('ZSCORE', KEYS[1 + values + i], ARGV[2 + i]) end
for i = 1 + scores, #KEYS - 1 - values do
  local members = redis.call('ZRANGE', KEYS[1 + values + i], 0, -1, 'WITHSCORES')
  local states = {}
  for j = 1, #members, 2 do states[#states + 1] = redis.call('GET', ARGV[2 + i] .. members[j]) end
  found[#found + 1] = {members, states}
end
return found
"""

_DUE = """
local fence = redis.call('GET', KEYS[1]) or ''
local due = redis.call('ZRANGE', KEYS[2], '-inf', ARGV[1], 'BYSCORE')
local found = {fence, due}
for i = 1, #due do found[#found + 1] = redis.call('GET', ARGV[2] .. due[i]) end
return found
"""

_APPLY = """
local fence = redis.call('GET', KEYS[1]) or ''
if fence == ARGV[2] then return 1 end
if fence ~= ARGV[1] then return 0 end
local sets, dels, boards = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local key, arg = 1, 5
for i = 1, sets do redis.call('SET', KEYS[key + i], ARGV[arg + i]) end
key, arg = key + sets, arg + sets
for i = 1, dels do redis.call('DEL', KEYS[key + i]) end
key = key + dels
local function each(command, board, count)
  for first = 1, count, 4000 do
    redis.call(command, board, unpack(ARGV, arg + first, arg + math.min(first + 3999, count)))
  end
  arg = arg + count
end
for i = 1, boards do
  local adds, rems = tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
  arg = arg + 2
  each('ZADD', KEYS[key + i], adds)
  each('ZREM', KEYS[key + i], rems)
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


@dataclass(slots=True)
class StateRequest:
    """What one partition's batch touches: value keys, (board, member) pairs, and families as (board, prefix of its values)."""

    values: Sequence[str] = ()
    scores: Sequence[tuple[str, str]] = ()
    groups: Sequence[tuple[str, str]] = ()


@dataclass(slots=True)
class LoadedState:
    """What was found, and the fence it belongs to. `families` gives the boards that were asked for whole, by member."""

    fence: bytes
    values: dict[str, bytes]
    scores: dict[tuple[str, str], float] = field(default_factory=dict)
    groups: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(slots=True)
class StateChange:
    """What one partition's batch writes; `seen` is the fence it was decided on."""

    expected_fence: bytes
    fence: bytes
    values: Mapping[str, bytes | None]
    scores: Mapping[tuple[str, str], float | None]


class StateStore(Protocol):
    """A store of states, by partition."""

    def load(self, wanted: Mapping[int, StateRequest]) -> dict[int, LoadedState]:
        """What is there now, each partition at one moment."""

    def due(self, partition: int, until_ms: int) -> LoadedState:
        """The value states whose timers have come, earliest first."""

    def apply(self, changes: Mapping[int, StateChange]) -> dict[int, bool]:
        """Writes each partition's change whole, or refuses it (False) because its fence has moved."""

    def fences(self, partitions: Sequence[int]) -> dict[int, bytes]:
        """The fences as they are now; empty where there is none."""


class RedisStateStore:
    """States in Redis. A board named `timers` holds the timers. What is asked for is read in one script, so at one moment."""

    def __init__(self, redis: "Redis", service: str, fold: str) -> None:
        self._redis = redis
        self._service = service
        self._fold = fold
        self._load = redis.register_script(_LOAD)
        self._due = redis.register_script(_DUE)
        self._apply = redis.register_script(_APPLY)

    def _slot(self, partition: int) -> str:
        return key_prefix(self._service, self._fold, partition)

    def load(self, wanted: Mapping[int, StateRequest]) -> dict[int, LoadedState]:
        """What is there now: one round trip for all partitions; MGET where only values are wanted, else one script each."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition, want in wanted.items():
                prefix = self._slot(partition)
                keys = [prefix + "fence", *[prefix + key for key in want.values]]
                if want.scores or want.groups:
                    keys += [prefix + board for board, _ in (*want.scores, *want.groups)]
                    beside = [member for _, member in want.scores] + [prefix + part for _, part in want.groups]
                    self._load(keys, [len(want.values), len(want.scores), *beside], client=pipeline)
                else:
                    pipeline.mget(keys)
            answers = pipeline.execute()
        return {
            partition: _loaded(want, found) for (partition, want), found in zip(wanted.items(), answers, strict=True)
        }

    def due(self, partition: int, until_ms: int) -> LoadedState:
        """The value states whose timers have come, earliest first."""
        keys = [fence_key(self._service, self._fold, partition), timers_key(self._service, self._fold, partition)]
        fence, due, *values = self._due(keys, [until_ms, self._slot(partition)])
        found = {key.decode(): value for key, value in zip(due, values, strict=True) if value is not None}
        return LoadedState(fence, found)

    def apply(self, changes: Mapping[int, StateChange]) -> dict[int, bool]:
        """Writes each partition's change in one script; one round trip for all."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition, change in changes.items():
                self._apply(*_arguments(self._slot(partition), change), client=pipeline)
            answers = pipeline.execute()
        return {partition: bool(done) for partition, done in zip(changes, answers, strict=True)}

    def fences(self, partitions: Sequence[int]) -> dict[int, bytes]:
        """The fences as they are now."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition in partitions:
                pipeline.get(fence_key(self._service, self._fold, partition))
            return {partition: raw or b"" for partition, raw in zip(partitions, pipeline.execute(), strict=True)}


def _loaded(want: StateRequest, found: list[bytes | None]) -> LoadedState:
    values = {key: raw for key, raw in zip(want.values, found[1:], strict=False) if raw is not None}
    rest = 1 + len(want.values) + len(want.scores)
    raw_scores = found[1 + len(want.values) : rest]
    scores = {key: float(raw) for key, raw in zip(want.scores, raw_scores, strict=True) if raw is not None}
    loaded = LoadedState(found[0] or b"", values, scores)
    for (board, prefix), whole in zip(want.groups, found[rest:], strict=True):
        _join(loaded, board, prefix, *whole)  # type: ignore[misc] # of a family the script gives two lists
    return loaded


def _join(loaded: LoadedState, board: str, prefix: str, flat: list[bytes], states: list[bytes | None]) -> None:
    """Takes in a family: its board (name, score, name, score, …) and the state of each name."""
    names = [name.decode() for name in flat[::2]]
    loaded.groups[board] = dict(zip(names, map(float, flat[1::2]), strict=True))
    loaded.values |= {prefix + name: raw for name, raw in zip(names, states, strict=True) if raw is not None}


def _arguments(prefix: str, change: StateChange) -> tuple[list[str], list[bytes | str | int]]:
    """The keys and arguments of the apply script."""
    sets = {key: raw for key, raw in change.values.items() if raw is not None}
    dels = [key for key, raw in change.values.items() if raw is None]
    keys = [prefix + "fence", *[prefix + key for key in (*sets, *dels)]]
    arguments: list[bytes | str | int] = [change.expected_fence, change.fence, len(sets), len(dels), 0, *sets.values()]
    for board, (added, removed) in _by_board(change.scores).items():
        keys.append(prefix + board)
        arguments += (len(added), len(removed), *added, *removed)
    arguments[4] = len(keys) - 1 - len(sets) - len(dels)
    return keys, arguments


def _by_board(scores: Mapping[tuple[str, str], float | None]) -> dict[str, tuple[list[str], list[str]]]:
    """For each board its new scores (score, member, score, member, …) and the members that leave it: one command each."""
    boards: dict[str, tuple[list[str], list[str]]] = {}
    for (board, member), score in scores.items():
        found = boards.get(board)
        if found is None:
            found = boards[board] = [], []
        if score is None:
            found[1].append(member)
        else:
            found[0].append(repr(score))
            found[0].append(member)
    return boards
