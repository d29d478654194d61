"""Boards in Redis, as the HTTP side reads them: P sorted sets that read like one.

Every read is one pipelined round trip, however many partitions there are; a rank takes one more, to learn the score.
The sets are read one after the other: a board that moves meanwhile is seen amid its move, but nobody stands on it
twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError

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
from leaderboard.domain.score import count_of
from leaderboard.folds import state_keys
from referral.events.keys import referrer_key
from referral.fold.state_keys import state_key
from referral.topics import partition_of

# What lies around a score: how many there are; how many before those given; the nearest before it, all that have it, the
# nearest behind it (member, score, member, …). Who comes first of those with one score is for the caller.
_NEAR = """
local board, score, call = KEYS[1], ARGV[1], redis.call
local before, level = call('ZCOUNT', board, '-inf', '(' .. score), call('ZCOUNT', board, score, score)
local first = math.max(0, before - ARGV[2])
return {call('ZCARD', board), first, call('ZRANGE', board, first, before + level + ARGV[3] - 1, 'WITHSCORES')}
"""


class BoardStore:
    """The boards fold's sorted sets; for any number of threads. Raises redis's errors where Redis is away."""

    def __init__(self, redis: "Redis", partitions: int) -> None:
        self._redis = redis
        self._partitions = range(partitions)
        self._near_script = redis.register_script(_NEAR)

    def top(self, board: str, limit: int) -> BoardSlice:
        """The first `limit` of a board. A second trip only where a partition holds far more of them than its share."""
        asked = read_depth(limit, len(self._partitions))
        keys = [self._key(partition, board) for partition in self._partitions]
        reads = [(("ZCARD", key), ("ZRANGE", key, 0, asked - 1, "WITHSCORES")) for key in keys]
        answers = self._pipeline(command for read in reads for command in read)
        parts = [_entries(found) for found in answers[1::2]]
        chosen = merge_top(parts, limit)
        short = [
            key for key, part in zip(keys, parts, strict=True) if asked < limit and may_hold_more(part, asked, chosen)
        ]
        if short:
            deeper = self._pipeline(("ZRANGE", key, asked, limit - 1, "WITHSCORES") for key in short)
            chosen = merge_top([chosen, *map(_entries, deeper)], limit)
        return BoardSlice(with_ranks(chosen, 0), sum(answers[::2]))

    def total(self, board: str) -> int:
        """How many stand on a board."""
        return sum(self._pipeline(("ZCARD", self._key(partition, board)) for partition in self._partitions))

    def after(self, board: str, place: BoardEntry, limit: int) -> BoardSlice:
        """The `limit` places behind one, whether or not it is still there."""
        return entries_after(self._near(board, place.score, 0, limit), place, limit)

    def around(self, program: str, board: str, participant: str, reach: int) -> BoardSlice | None:
        """A participant and `reach` places on each side; None where they are not on the board."""
        home = self._partition_of(program, participant)
        score = self._redis.zscore(self._key(home, board), participant)
        if score is None:
            return None
        me = BoardEntry(score, participant.encode())
        return entries_around(self._near(board, score, reach, reach), me, reach)

    def counts(self, program: str, board: str, participants: Iterable[str]) -> dict[str, int]:
        """How many referrals each of these has on a board; those without are left out."""
        homes: dict[int, list[str]] = defaultdict(list)
        for participant in participants:
            homes[self._partition_of(program, participant)].append(participant)
        answers = self._pipeline(("ZMSCORE", self._key(home, board), *some) for home, some in homes.items())
        found = zip(homes.values(), answers, strict=True)
        pairs = (pair for some, scores in found for pair in zip(some, scores, strict=True))
        return {participant: count_of(score) for participant, score in pairs if score is not None}

    def _near(self, board: str, score: float, above: int, below: int) -> list[PartitionSlice]:
        try:
            return self._near_once(board, score, above, below)
        except NoScriptError:
            self._redis.script_load(_NEAR)
            return self._near_once(board, score, above, below)

    def _near_once(self, board: str, score: float, above: int, below: int) -> list[PartitionSlice]:
        sha, exact = self._near_script.sha, repr(score)
        keys = (self._key(partition, board) for partition in self._partitions)
        return [
            _partition_slice(answer)
            for answer in self._pipeline(("EVALSHA_RO", sha, 1, key, exact, above, below) for key in keys)
        ]

    def _pipeline(self, commands: Iterable[Sequence[str | int]]) -> list[Any]:
        """All answers, in one trip. Commands are sent by name: redis-py's own ways of asking convert each pair again."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py leaves it untyped
            answers: list[Any] = pipeline.execute()
        return answers

    def _partition_of(self, program: str, participant: str) -> int:
        return partition_of(referrer_key(program, participant), len(self._partitions))

    def _key(self, partition: int, board: str) -> str:
        return state_key(state_keys.SERVICE, state_keys.BOARDS, partition, board)


def _entries(pairs: Sequence[tuple[bytes, float]]) -> list[BoardEntry]:
    """Members with their scores, as RESP3 gives them."""
    return [BoardEntry(score, member) for member, score in pairs]


def _partition_slice(answer: tuple[int, int, Sequence[bytes]]) -> PartitionSlice:
    total, before, flat = answer
    return PartitionSlice(
        total, before, [BoardEntry(float(score), member) for member, score in zip(flat[::2], flat[1::2], strict=True)]
    )
