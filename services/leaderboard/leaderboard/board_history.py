"""Boards at a time in the past, computed from when each count happened.

A board at a time has what had happened by then and counts now: what was taken away since is not on it. It costs as much as the
board has entries, so it is bounded; what was shown when a period closed is its frozen board.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from leaderboard.board_store import BoardName
from leaderboard.domain.board_metrics import BOARD_METRICS
from leaderboard.domain.ranking import BoardEntry
from leaderboard.domain.tally import StoredTally, load_tally
from leaderboard.folds import state_keys
from referral.events.board_rules import BoardMetric
from referral.events.ids import is_person_id, person_digest, person_of
from referral.events.keys import referrer_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.redis_pipeline import run_pipeline
from referral.topics import partition_of

MAX_ENTRIES = 20_000
"""Of the whole board as it is now. That many are read and computed within a second."""
_KEYS_OF_A_READ = 500
_decode = msgspec.msgpack.Decoder(StoredTally | bytes).decode


class BoardTooLarge(Exception):
    """The board has more than MAX_ENTRIES entries."""


class BoardHistory:
    """The tallies behind boards. Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = range(partitions)

    def entries(
        self, program: str, metric: BoardMetric, board: BoardName, start_s: int, end_s: int
    ) -> list[BoardEntry]:
        """Returns the entries of a board by what counts in [start_s, end_s), which lies within its period, best first.

        Raises BoardTooLarge.
        """
        keys = [state_key(state_keys.SERVICE, board.fold, one, board.sorted_set) for one in self._partitions]
        if sum(run_pipeline(self._redis, (("ZCARD", key) for key in keys))) > MAX_ENTRIES:
            raise BoardTooLarge
        people = run_pipeline(self._redis, (("ZRANGE", key, 0, MAX_ENTRIES - 1) for key in keys))
        tallies = self._tallies(program, metric, board.fold, people)
        return sorted(_entries(metric, tallies, (start_s, end_s)))

    def entries_of(
        self, program: str, metric: BoardMetric, board: BoardName, people: Iterable[str], window: tuple[int, int]
    ) -> dict[str, BoardEntry]:
        """Returns the entries of these people by what counts in a window, without those for whom nothing counts in it."""
        by_partition: list[list[bytes]] = [[] for _ in self._partitions]
        for person in filter(is_person_id, people):
            by_partition[partition_of(referrer_key(program, person), len(by_partition))].append(person_digest(person))
        tallies = self._tallies(program, metric, board.fold, by_partition)
        return {entry.participant: entry for entry in _entries(metric, tallies, window)}

    def _tallies(
        self, program: str, metric: BoardMetric, fold: str, people: Sequence[Sequence[bytes]]
    ) -> Iterator[tuple[bytes, bytes]]:
        """The members of each partition with their stored tallies; without those who have left in the meantime."""
        reads = [
            (partition, chunk)
            for partition, members in zip(self._partitions, people, strict=True)
            for chunk in _chunks(members, _KEYS_OF_A_READ)
        ]
        commands = (
            ("MGET", *(_tally_key(fold, partition, metric, program, person_of(one)) for one in chunk))
            for partition, chunk in reads
        )
        for (_, chunk), found in zip(reads, run_pipeline(self._redis, commands), strict=True):
            yield from ((member, raw) for member, raw in zip(chunk, found, strict=True) if raw is not None)


def _tally_key(fold: str, partition: int, metric: BoardMetric, program: str, person: str) -> str:
    key = (
        state_keys.counted_seconds(metric, person)
        if fold == state_keys.BOARDS
        else state_keys.tally(metric, program, person)
    )
    return state_key(state_keys.SERVICE, fold, partition, key)


def _entries(
    metric: BoardMetric, tallies: Iterable[tuple[bytes, bytes]], window: tuple[int, int]
) -> Iterator[BoardEntry]:
    resolution = BOARD_METRICS[metric].resolution
    for member, raw in tallies:
        stored = _decode(raw)
        times = stored.times if isinstance(stored, StoredTally) else stored
        [score] = load_tally(resolution, times).scores([window])
        if score is not None:
            yield BoardEntry(score, member)


def _chunks(members: Sequence[bytes], size: int) -> Iterator[list[bytes]]:
    waiting = iter(members)
    while chunk := list(islice(waiting, size)):
        yield chunk
