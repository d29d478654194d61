"""Reads closed boards and draws for the HTTP API: the state of the fold `closings`."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import msgspec

from leaderboard.domain.closed_board import BLOCK, RankedBlock, proof_path, split_roots
from leaderboard.domain.closing_state import ClosedBoard, ClosingState, DrawState, ReportedParts
from leaderboard.folds import closing_keys
from leaderboard.folds.closing_terms import PeriodBoard
from referral.events.standings import ClosedEntry, PartEntry
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of
from referral.verification.board_proof import RankProof

_BLOCKS_OF_A_READ = 64
_decode = msgspec.msgpack.Decoder(ClosingState).decode
Wanted = TypeVar("Wanted")


class AwaitedDraw(NamedTuple):
    """A draw that waits for its round, and the board among whose entries it is."""

    board: PeriodBoard
    state: DrawState


class ClosingStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions

    def board(self, name: PeriodBoard) -> ClosedBoard | None:
        """Returns a closed board; None if it is not closed, or has no entry."""
        return self._read(name.program, closing_keys.closed_board(name.key), ClosedBoard)

    def entries(self, name: PeriodBoard, after: int, limit: int) -> list[ClosedEntry]:
        """Returns up to `limit` entries of a closed board behind the rank `after`."""
        first, last = after // BLOCK, (after + limit - 1) // BLOCK
        blocks = self._blocks(name, range(first, last + 1))
        entries = [entry for block in blocks for entry in block.entries]
        start = after - first * BLOCK
        return [_with_rank(rank, entry) for rank, entry in enumerate(entries[start : start + limit], after + 1)]

    def proof(self, name: PeriodBoard, participant: str) -> RankProof | None:
        """Returns the proof of a participant's rank on a closed board; None if the board is not closed or they are not on it.

        It reads the board block by block: up to 33 bytes for each entry.
        """
        closed = self.board(name)
        if closed is None:
            return None
        roots = split_roots(closed.block_roots)
        for first in range(0, len(roots), _BLOCKS_OF_A_READ):
            numbers = range(first, min(first + _BLOCKS_OF_A_READ, len(roots)))
            for number, block in zip(numbers, self._blocks(name, numbers), strict=True):
                for index, entry in enumerate(block.entries):
                    if entry.participant == participant:
                        return _proof(
                            name,
                            closed,
                            _with_rank(number * BLOCK + index + 1, entry),
                            proof_path(block, number, index, roots),
                        )
        return None

    def draw(self, name: PeriodBoard, draw: str) -> DrawState | None:
        """Returns a draw among the entries of a board; None if it is not committed to."""
        return self._read(name.program, closing_keys.draw(name.key, draw), DrawState)

    def awaited_draws(self, until_s: int, most: int) -> list[AwaitedDraw]:
        """Returns draws that wait for a round that was published until a second, at most so many: those that waited longest."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for number in range(self._partitions):
                key = _key(number, closing_keys.AWAITED_ROUNDS)
                pipeline.zrange(key, 0, until_s, byscore=True, offset=0, num=most, withscores=True)
            found = pipeline.execute()
        oldest = sorted((score, member.decode()) for answer in found for member, score in answer)[:most]
        boards = ((PeriodBoard.parse(board), draw) for _, name in oldest for board, _, draw in [name.rpartition("|")])
        draws = ((board, self.draw(board, draw)) for board, draw in boards)
        return [AwaitedDraw(board, state) for board, state in draws if state is not None and state.held_at_s is None]

    def oldest_awaited_s(self) -> int | None:
        """Returns the second at which the round is published for which a draw has waited longest; None if none waits."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for number in range(self._partitions):
                pipeline.zrange(_key(number, closing_keys.AWAITED_ROUNDS), 0, 0, withscores=True)
            found = pipeline.execute()
        return min((int(score) for answer in found for _, score in answer), default=None)

    def reports(self, source: str) -> ReportedParts | None:
        """Returns what the partitions of a boards fold have reported, as the least complete partition has it."""
        found = [
            self._read_in(number, closing_keys.reports(source), ReportedParts) for number in range(self._partitions)
        ]
        known = [one for one in found if one is not None]
        return min(known, key=lambda one: one.complete_until_s) if known else None

    def oldest_waiting_s(self, source: str) -> int | None:
        """Returns the second at which the oldest board closes that waits for its parts; None if none waits."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for number in range(self._partitions):
                pipeline.zrange(_key(number, closing_keys.waiting_boards(source)), 0, 0, withscores=True)
            found = pipeline.execute()
        return min((int(score) for answer in found for _, score in answer), default=None)

    def _blocks(self, name: PeriodBoard, numbers: Sequence[int]) -> list[RankedBlock]:
        prefix, home = closing_keys.blocks(name.key).prefix, self._home(name.program)
        with self._redis.pipeline(transaction=False) as pipeline:
            for number in numbers:
                pipeline.get(_key(home, f"{prefix}{number}"))
            found = pipeline.execute()
        decoded = (_decode(raw) for raw in found if raw is not None)
        return [block for block in decoded if isinstance(block, RankedBlock)]

    def _read(self, program: str, key: str, kind: type[Wanted]) -> Wanted | None:
        return self._read_in(self._home(program), key, kind)

    def _read_in(self, partition: int, key: str, kind: type[Wanted]) -> Wanted | None:
        raw = self._redis.get(_key(partition, key))
        state = _decode(raw) if isinstance(raw, bytes) else None
        return state if isinstance(state, kind) else None

    def _home(self, program: str) -> int:
        return partition_of(program, self._partitions)


def _key(partition: int, key: str) -> str:
    return state_key(closing_keys.SERVICE, closing_keys.CLOSINGS, partition, key)


def _with_rank(rank: int, entry: PartEntry) -> ClosedEntry:
    return ClosedEntry(rank, entry.participant, entry.score, entry.reached_at)


def _proof(name: PeriodBoard, closed: ClosedBoard, entry: ClosedEntry, path: Sequence[bytes]) -> RankProof:
    return RankProof(
        program=name.program,
        metric=name.metric,
        kind=name.kind,
        period=name.period,
        rank=entry.rank,
        participant=entry.participant,
        score=entry.score,
        reached_at=entry.reached_at,
        entries=closed.entries,
        path=tuple(one.hex() for one in path),
        root=closed.root,
    )
