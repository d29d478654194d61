"""A pool of uploaded codes: given out in the order of upload to rewards in the order of asking, each code once.

One partition of the log decides for a pool, so nothing is reserved and nothing is locked. Codes stay in their catalog
chunks; the pool knows how far it has come, which codes came back unused, and who waits.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from referral.events.rewards import CodeIssued, CodeRequested, CodeReturned, PoolFilled, RewardHeld
from reward_dispatcher.domain.discount_codes import normalize_code

ReadChunk = Callable[[str], Sequence[str]]  # the codes of a chunk, which never change


class Chunk(Struct, frozen=True, array_like=True):
    """An uploaded chunk, and the places in it that hold a code the pool had before."""

    id: str
    size: int
    duplicates: tuple[int, ...] = ()


class WaitingReward(Struct, frozen=True, array_like=True):
    """A reward in the pool's line."""

    reward: str
    beneficiary: str


class Pool(Struct, frozen=True, array_like=True, tag="pool"):
    """Chunks in the order of upload, where the next code stands, codes that came back, and who waits."""

    chunks: tuple[Chunk, ...] = ()
    chunk_index: int = 0
    offset: int = 0
    returned: tuple[str, ...] = ()
    waiting: tuple[WaitingReward, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolChange:
    """The pool from now on, and the codes given (or the news that there is none)."""

    pool: Pool
    lines: tuple[CodeIssued | RewardHeld, ...] = ()


def request_code(pool: Pool, line: CodeRequested, read_chunk: ReadChunk) -> PoolChange:
    """The next code, or a place in the line."""
    lined_up = replace(pool, waiting=(*pool.waiting, WaitingReward(line.id, line.beneficiary)))
    handed = _serve_queue(lined_up, line, read_chunk)
    if handed.lines:
        return handed
    held = RewardHeld(
        occurred_at=line.occurred_at,
        program=line.program,
        id=line.id,
        beneficiary=line.beneficiary,
        reason="pool_empty",
    )
    return PoolChange(handed.pool, (held,))


def add_chunk(pool: Pool, line: PoolFilled, read_chunk: ReadChunk) -> PoolChange:
    """New codes: those the pool never had can be given, first to who waits. The same chunk again changes nothing."""
    if any(chunk.id == line.chunk for chunk in pool.chunks):
        return PoolChange(pool)
    codes = read_chunk(line.chunk)
    chunk = Chunk(line.chunk, len(codes), _duplicate_offsets(codes, (read_chunk(one.id) for one in pool.chunks)))
    return _serve_queue(replace(pool, chunks=(*pool.chunks, chunk)), line, read_chunk)


def return_code(pool: Pool, line: CodeReturned, read_chunk: ReadChunk) -> PoolChange:
    """A code that nobody saw goes to the next who asks."""
    return _serve_queue(replace(pool, returned=(*pool.returned, line.code)), line, read_chunk)


def remaining(pool: Pool) -> int:
    """How many codes can still be given."""
    ahead = sum(chunk.size - len(chunk.duplicates) for chunk in pool.chunks[pool.chunk_index :])
    current = pool.chunks[pool.chunk_index] if pool.chunk_index < len(pool.chunks) else Chunk("", 0)
    passed = pool.offset - sum(1 for place in current.duplicates if place < pool.offset)
    return ahead - passed + len(pool.returned)


def _duplicate_offsets(codes: Sequence[str], earlier: Iterable[Sequence[str]]) -> tuple[int, ...]:
    """Places whose code stands earlier in the chunk, or in an earlier one."""
    mine = [normalize_code(code) for code in codes]
    wanted = set(mine)
    seen = {normalize_code(code) for chunk in earlier for code in chunk if normalize_code(code) in wanted}
    repeats = []
    for place, code in enumerate(mine):
        if code in seen:
            repeats.append(place)
        seen.add(code)
    return tuple(repeats)


def _serve_queue(pool: Pool, line: CodeRequested | CodeReturned | PoolFilled, read_chunk: ReadChunk) -> PoolChange:
    """Gives codes from the front to the front of the line, as long as there are both."""
    news: list[CodeIssued | RewardHeld] = []
    for first in pool.waiting:
        pool, code = _take_code(pool, read_chunk)
        if code is None:
            break
        news.append(_code_issued(line, first, code))
    return PoolChange(replace(pool, waiting=pool.waiting[len(news) :]), tuple(news))


def _code_issued(line: CodeRequested | CodeReturned | PoolFilled, to: WaitingReward, code: str) -> CodeIssued:
    return CodeIssued(
        occurred_at=line.occurred_at,
        program=line.program,
        id=to.reward,
        beneficiary=to.beneficiary,
        pool=line.pool,
        code=code,
    )


def _take_code(pool: Pool, read_chunk: ReadChunk) -> tuple[Pool, str | None]:
    """The next code and the pool without it; None where it is empty."""
    if pool.returned:
        return replace(pool, returned=pool.returned[1:]), pool.returned[0]
    while pool.chunk_index < len(pool.chunks):
        chunk = pool.chunks[pool.chunk_index]
        for place in range(pool.offset, chunk.size):
            if place not in chunk.duplicates:
                return replace(pool, offset=place + 1), read_chunk(chunk.id)[place]
        pool = replace(pool, chunk_index=pool.chunk_index + 1, offset=0)
    return pool, None
