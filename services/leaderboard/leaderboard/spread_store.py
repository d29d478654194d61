"""Reads who brought people and when: the referrers of some days, from the folds growth and boards."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

import msgspec

from leaderboard.domain.day_buckets import buckets_of
from leaderboard.domain.score import load_seconds
from leaderboard.domain.spread import Referrer
from leaderboard.folds import state_keys
from referral.events.keys import participant_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.redis_pipeline import run_pipeline
from referral.topics import partition_of

MAX_REFERRERS = 20_000
"""How many referrers a figure may read."""
MAX_GENERATIONS = 30
"""Longer chains of referrals are cut."""
_KEYS_OF_A_READ = 1_000
_decode_upline = msgspec.msgpack.Decoder(dict[str, str]).decode
_decode_seconds = msgspec.msgpack.Decoder(bytes).decode
_Known = dict[str, tuple[str | None, int | None]]
"""For each person who referred them, and when they began to follow (seconds since the epoch; negative: a refused referral)."""


class TooManyReferrers(ValueError):
    """More than MAX_REFERRERS people brought friends in the range; a shorter range has fewer."""


class SpreadStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def read(self, program: str, start_s: int, end_s: int) -> list[Referrer]:
        """Returns the people who brought someone between two seconds, and others of the same time. Raises TooManyReferrers."""
        names = self._referrers(program, start_s, end_s)
        known = self._chains(program, names)
        banned = set(self._banned(program))
        generations = _generations(known)
        friends = self._friends(program, names)
        referees = self._referees(program, names, start_s, end_s)
        return [
            Referrer(
                _absolute(known[name][1]),
                None if known[name][0] in banned or _is_refused(known[name][1]) else generations[name],
                friends[name],
                referees[name],
                None if name in banned else generations[name] + 1,
            )
            for name in names
        ]

    def _referrers(self, program: str, start_s: int, end_s: int) -> list[str]:
        keys = [
            self._growth_key(partition, state_keys.bucket_referrers(program, bucket))
            for partition in range(self._partitions)
            for bucket in buckets_of(start_s, end_s)
        ]
        if sum(run_pipeline(self._redis, (("ZCARD", key) for key in keys))) > MAX_REFERRERS:
            raise TooManyReferrers
        found = run_pipeline(self._redis, (("ZRANGE", key, 0, -1) for key in keys))
        return [name.decode() for name in dict.fromkeys(chain.from_iterable(found))]

    def _banned(self, program: str) -> Iterable[str]:
        key = state_keys.banned_referrers(program)
        commands = (("ZRANGE", self._growth_key(one, key), 0, -1) for one in range(self._partitions))
        return [name.decode() for part in run_pipeline(self._redis, commands) for name in part]

    def _chains(self, program: str, people: Sequence[str]) -> _Known:
        """Who referred these people, who referred those, and so on."""
        known: _Known = {}
        level = list(people)
        for _ in range(MAX_GENERATIONS):
            if not level:
                break
            known |= self._origins(program, level)
            level = list({above for above, _ in known.values() if above is not None and above not in known})
        return known | dict.fromkeys(level, (None, None))

    def _origins(self, program: str, people: Sequence[str]) -> _Known:
        """Who referred each person, and when they began to follow. Who has a refused referral has no referrer."""
        by_partition = self._by_partition(program, people)
        uplines = {
            name: list(_decode_upline(raw).values()) if raw is not None else []
            for name, raw in self._values(
                state_keys.GROWTH, by_partition, lambda name: state_keys.upline(program, name)
            )
        }
        pairs = [(name, above) for name in people for above in uplines[name]]
        seconds = run_pipeline(
            self._redis,
            (
                ("ZSCORE", self._home_key(program, above, state_keys.referees(program, above)), name)
                for name, above in pairs
            ),
        )
        found: _Known = dict(self._discovered(program, by_partition))
        for (name, above), second in zip(pairs, seconds, strict=True):
            if second is not None:
                found[name] = (above if second > 0 else None, int(second))
        return found

    def _discovered(
        self, program: str, by_partition: Mapping[int, Sequence[str]]
    ) -> Iterable[tuple[str, tuple[None, int | None]]]:
        key = state_keys.discovered(program)
        commands = (("ZMSCORE", self._growth_key(one, key), *names) for one, names in by_partition.items())
        for names, part in zip(by_partition.values(), run_pipeline(self._redis, commands), strict=True):
            for name, second in zip(names, part, strict=True):
                yield name, (None, None if second is None else int(second))

    def _friends(self, program: str, people: Sequence[str]) -> Mapping[str, Sequence[int]]:
        """When each friend qualified who counts on the boards."""
        found = self._values(
            state_keys.BOARDS,
            self._by_partition(program, people),
            lambda name: state_keys.counted_seconds("referrals", name),
        )
        return {name: load_seconds(_decode_seconds(raw) if raw is not None else None) for name, raw in found}

    def _referees(self, program: str, people: Sequence[str], start_s: int, end_s: int) -> Mapping[str, Sequence[int]]:
        """When those began in the range whom each person brought, without refused referrals."""
        commands = (
            (
                "ZRANGE",
                self._home_key(program, name, state_keys.referees(program, name)),
                *(max(start_s, 1), f"({end_s}", "BYSCORE", "WITHSCORES"),
            )
            for name in people
        )
        found = run_pipeline(self._redis, commands)
        return {name: [int(second) for _, second in part] for name, part in zip(people, found, strict=True)}

    def _values(
        self, fold: str, by_partition: Mapping[int, Sequence[str]], key_of: Callable[[str], str]
    ) -> Iterable[tuple[str, bytes | None]]:
        slices = [
            (partition, names[start : start + _KEYS_OF_A_READ])
            for partition, names in by_partition.items()
            for start in range(0, len(names), _KEYS_OF_A_READ)
        ]
        commands = (
            ("MGET", *(state_key(state_keys.SERVICE, fold, partition, key_of(name)) for name in names))
            for partition, names in slices
        )
        for (_, names), part in zip(slices, run_pipeline(self._redis, commands), strict=True):
            yield from zip(names, part, strict=True)

    def _by_partition(self, program: str, people: Iterable[str]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = defaultdict(list)
        for name in people:
            found[self._partition(program, name)].append(name)
        return found

    def _partition(self, program: str, person: str) -> int:
        return partition_of(participant_key(program, person), self._partitions)

    def _home_key(self, program: str, person: str, key: str) -> str:
        return self._growth_key(self._partition(program, person), key)

    def _growth_key(self, partition: int, key: str) -> str:
        return state_key(state_keys.SERVICE, state_keys.GROWTH, partition, key)


def _is_refused(second: int | None) -> bool:
    return second is not None and second < 0


def _absolute(second: int | None) -> int | None:
    return None if second is None else abs(second)


def _generations(known: _Known) -> dict[str, int]:
    """How many referrals there are above each person; a chain that returns to itself ends there."""
    found: dict[str, int] = {}
    for name in known:
        path, here = [], name
        while here not in found and here not in path:
            path.append(here)
            above = known[here][0] if here in known else None
            if above is None:
                break
            here = above
        base = found[here] if here in found and here not in path else -1
        for distance, one in enumerate(reversed(path), start=1):
            found[one] = base + distance
    return found
