"""Reads boards for the HTTP API: one sorted set per partition, read like a single one.

On a single server the first entries and a rank are one call. In a cluster every read is one pipelined round trip, however many
partitions there are; a rank takes one more, for the score. The sets are then read one after the other, so a board that changes at
the same time may be read half changed, but no participant is on it twice.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import NoScriptError

from leaderboard import board_scripts
from leaderboard.domain.board_metrics import BOARD_METRICS
from leaderboard.domain.ranking import (
    BoardEntry,
    BoardSlice,
    PartitionSlice,
    entries_after,
    entries_around,
    may_hold_more,
    merge_top,
    read_depth,
    with_ranks,
)
from leaderboard.domain.score import score_range
from leaderboard.folds import state_keys
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.events.ids import is_person_id, person_digest
from referral.events.keys import referrer_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.redis_pipeline import run_pipeline
from referral.topics import partition_of

_MERGED_BY_REDIS = 4_000  # entries times partitions that a call merges: it takes less than a millisecond
_SLICE = 5_000  # entries that one call adds up, so that other clients of Redis wait for milliseconds only


class BoardName(NamedTuple):
    """A board: the fold that writes it, and its sorted set within a partition of that fold."""

    fold: str
    sorted_set: str


def board_name(program: str, metric: BoardMetric, period: str, kind: ReferrerKind = "follower") -> BoardName:
    """Returns the name of a board. Metrics that do not split kinds have everyone on one board, whatever the kind."""
    definition = BOARD_METRICS[metric]
    ranked = kind if definition.splits_kinds else "follower"
    return BoardName(definition.fold, state_keys.board(program, metric, period, ranked))


class BoardStore:
    """The sorted sets of boards. Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = range(partitions)
        self._single = redis if isinstance(redis, Redis) else None
        self._near_script = redis.register_script(board_scripts.NEAR)
        self._sum_script = redis.register_script(board_scripts.SUM)
        self._around_script = redis.register_script(board_scripts.AROUND)
        self._top_script = redis.register_script(board_scripts.TOP)

    def top(self, board: BoardName, limit: int) -> BoardSlice:
        """Returns the first `limit` entries. A second round trip is needed only if a partition has far more than its share."""
        depth = read_depth(limit, len(self._partitions))
        keys = [self._key(partition, board) for partition in self._partitions]
        if self._single is not None and limit * len(keys) <= _MERGED_BY_REDIS:
            total, flat = self._call(self._single, self._top_script, keys, (limit, depth))
            return BoardSlice(with_ranks(_flat_entries(flat), 0), total)
        reads = [(("ZCARD", key), ("ZRANGE", key, 0, depth - 1, "WITHSCORES")) for key in keys]
        results = self._pipeline(command for read in reads for command in read)
        parts = [_entries(found) for found in results[1::2]]
        chosen = merge_top(parts, limit)
        unfinished = [
            key for key, part in zip(keys, parts, strict=True) if depth < limit and may_hold_more(part, depth, chosen)
        ]
        if unfinished:
            deeper = self._pipeline(("ZRANGE", key, depth, limit - 1, "WITHSCORES") for key in unfinished)
            chosen = merge_top([chosen, *map(_entries, deeper)], limit)
        return BoardSlice(with_ranks(chosen, 0), sum(results[::2]))

    def total(self, board: BoardName) -> int:
        """Returns how many entries a board has."""
        return sum(self._pipeline(("ZCARD", self._key(partition, board)) for partition in self._partitions))

    def total_referrals(self, boards: Sequence[BoardName]) -> int:
        """Returns the referrals of all entries of some boards."""
        keys = [self._key(partition, board) for board in boards for partition in self._partitions]
        sizes = zip(keys, self._pipeline(("ZCARD", key) for key in keys), strict=True)
        slices = [(key, start) for key, size in sizes for start in range(0, size, _SLICE)]
        return sum(self._run(self._sum_script, [(key, start, start + _SLICE - 1) for key, start in slices]))

    def total_with(self, board: BoardName, referrals: int) -> int:
        """Returns how many entries of a board have exactly this many referrals."""
        low, end = score_range(referrals)
        commands = (("ZCOUNT", self._key(partition, board), repr(low), f"({end!r}") for partition in self._partitions)
        return sum(self._pipeline(commands))

    def after(self, board: BoardName, entry: BoardEntry, limit: int) -> BoardSlice:
        """Returns the `limit` entries behind one, whether or not that is still on the board."""
        return entries_after(self._near(board, entry.score, 0, limit), entry, limit)

    def around(self, program: str, board: BoardName, participant: str, reach: int) -> BoardSlice | None:
        """Returns a participant's entry and `reach` entries on each side; None if they are not on the board."""
        if not is_person_id(participant):
            return None
        partition, member = self._partition_of(program, participant), person_digest(participant)
        if self._single is not None:
            keys = [self._key(one, board) for one in self._partitions]
            return _around(self._call(self._single, self._around_script, keys, (partition + 1, member, reach)))
        score = self._redis.zscore(self._key(partition, board), member)
        if score is None:
            return None
        me = BoardEntry(score, member)
        return entries_around(self._near(board, score, reach, reach), me, reach)

    def ahead_of(self, board: BoardName, entries: Sequence[BoardEntry]) -> list[int]:
        """Returns for each entry, whether or not it is on the board, how many entries of the board precede it."""
        keys = [self._key(partition, board) for partition in self._partitions]
        found = self._run(self._near_script, [(key, repr(entry.score), 0, 0) for entry in entries for key in keys])
        parts = [_partition_slice(result) for result in found]
        width = len(keys)
        return [
            sum(part.before + bisect_left(part.near, entry) for part in parts[index * width : (index + 1) * width])
            for index, entry in enumerate(entries)
        ]

    def counts(self, program: str, board: BoardName, participants: Iterable[str]) -> dict[str, int]:
        """Returns what each participant's count on a board is, without those who are not on it."""
        return {entry.participant: entry.referrals for entry in self.entries(program, board, participants)}

    def entries(self, program: str, board: BoardName, participants: Iterable[str]) -> list[BoardEntry]:
        """Returns the entries of these participants, best first, without those who are not on the board."""
        by_partition: dict[int, list[bytes]] = defaultdict(list)
        for participant in filter(is_person_id, participants):
            by_partition[self._partition_of(program, participant)].append(person_digest(participant))
        results = self._pipeline(
            ("ZMSCORE", self._key(partition, board), *members) for partition, members in by_partition.items()
        )
        found = zip(by_partition.values(), results, strict=True)
        pairs = (pair for members, scores in found for pair in zip(members, scores, strict=True))
        return sorted(BoardEntry(score, member) for member, score in pairs if score is not None)

    def _near(self, board: BoardName, score: float, above: int, below: int) -> list[PartitionSlice]:
        calls = [(self._key(partition, board), repr(score), above, below) for partition in self._partitions]
        return [_partition_slice(result) for result in self._run(self._near_script, calls)]

    def _call(self, redis: "Redis", script: Script, keys: Sequence[str], arguments: Sequence[bytes | str | int]) -> Any:
        """The result of a script that reads all partitions."""
        command = ("EVALSHA_RO", script.sha, len(keys), *keys, *arguments)
        try:
            return redis.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py leaves it untyped
        except NoScriptError:
            return run_pipeline(redis, [command], [script])[0]

    def _run(self, script: Script, calls: Sequence[tuple[str | int, ...]]) -> list[Any]:
        """The results of a script, called for each key with its arguments."""
        return run_pipeline(self._redis, [("EVALSHA_RO", script.sha, 1, *call) for call in calls], [script])

    def _pipeline(self, commands: Iterable[Sequence[bytes | str | int]]) -> list[Any]:
        return run_pipeline(self._redis, commands)

    def _partition_of(self, program: str, participant: str) -> int:
        return partition_of(referrer_key(program, participant), len(self._partitions))

    def _key(self, partition: int, board: BoardName) -> str:
        return state_key(state_keys.SERVICE, board.fold, partition, board.sorted_set)


def _entries(pairs: Sequence[tuple[bytes, float]]) -> list[BoardEntry]:
    """Members with their scores, as RESP3 returns them."""
    return [BoardEntry(score, member) for member, score in pairs]


def _partition_slice(result: tuple[int, int, Sequence[bytes]]) -> PartitionSlice:
    total, before, flat = result
    return PartitionSlice(total, before, _flat_entries(flat))


def _flat_entries(flat: Sequence[bytes]) -> list[BoardEntry]:
    """Entries from member, score, member, …, as scripts return them."""
    return [BoardEntry(float(score), member) for member, score in zip(flat[::2], flat[1::2], strict=True)]


def _around(reply: tuple[int, int, Sequence[bytes]] | None) -> BoardSlice | None:
    """The entries around a participant, from what `AROUND` returned."""
    if reply is None:
        return None
    total, before, flat = reply
    return BoardSlice(with_ranks(_flat_entries(flat), before), total)
