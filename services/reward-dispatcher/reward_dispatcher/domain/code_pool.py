"""A pool of uploaded codes: issued in the order of upload, to rewards in the order of their requests, each code once.

One partition of the log decides for a pool, so nothing is reserved and nothing is locked. The codes stay in their catalog chunks;
the pool stores how far it has got, which codes came back unused, and which rewards wait.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from referral.events.normal_forms import normalize_code
from referral.events.rewards import CodeIssued, CodeRequested, CodeReturned, PoolFilled, RewardHeld

PoolLine = CodeRequested | CodeReturned | PoolFilled
ReadChunk = Callable[[str], Sequence[str]]  # the codes of a chunk, which never change


class Chunk(Struct, frozen=True, array_like=True):
    """An uploaded chunk; `duplicates` are the offsets of codes that the pool had before."""

    id: str
    size: int
    duplicates: tuple[int, ...] = ()


class WaitingReward(Struct, frozen=True, array_like=True):
    """A reward in the pool's queue."""

    reward: str
    beneficiary: str


class Pool(Struct, frozen=True, array_like=True, tag="pool"):
    """Chunks in the order of upload, the index and offset of the next code, returned codes, and the queue of rewards."""

    chunks: tuple[Chunk, ...] = ()
    chunk_index: int = 0
    offset: int = 0
    returned: tuple[str, ...] = ()
    waiting: tuple[WaitingReward, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolChange:
    """The pool after a line, and the output lines: codes issued, or that there is none."""

    pool: Pool
    lines: tuple[CodeIssued | RewardHeld, ...] = ()


def apply_pool_line(pool: Pool, line: PoolLine, read_chunk: ReadChunk) -> PoolChange:
    """Returns the change that a line makes to a pool."""
    match line:
        case CodeRequested():
            return request_code(pool, line, read_chunk)
        case CodeReturned():
            return return_code(pool, line, read_chunk)
        case PoolFilled():
            return add_chunk(pool, line, read_chunk)


def request_code(pool: Pool, line: CodeRequested, read_chunk: ReadChunk) -> PoolChange:
    """Issues the next code, or queues the reward."""
    queued = replace(pool, waiting=(*pool.waiting, WaitingReward(line.id, line.beneficiary)))
    change = _serve_queue(queued, line, read_chunk)
    if change.lines:
        return change
    held = RewardHeld(
        occurred_at=line.occurred_at,
        program=line.program,
        id=line.id,
        beneficiary=line.beneficiary,
        reason="pool_empty",
    )
    return PoolChange(change.pool, (held,))


def add_chunk(pool: Pool, line: PoolFilled, read_chunk: ReadChunk) -> PoolChange:
    """Adds the codes that the pool never had, and serves the queue. The same chunk again changes nothing."""
    if any(chunk.id == line.chunk for chunk in pool.chunks):
        return PoolChange(pool)
    codes = read_chunk(line.chunk)
    duplicates = _duplicate_offsets(codes, (read_chunk(earlier.id) for earlier in pool.chunks))
    chunk = Chunk(line.chunk, len(codes), duplicates)
    return _serve_queue(replace(pool, chunks=(*pool.chunks, chunk)), line, read_chunk)


def return_code(pool: Pool, line: CodeReturned, read_chunk: ReadChunk) -> PoolChange:
    """Takes back a code that was not shown to anyone; the next request gets it."""
    codes = (line.code,) if line.code is not None else ()
    return _serve_queue(replace(pool, returned=(*pool.returned, *codes)), line, read_chunk)


def remaining(pool: Pool) -> int:
    """Returns how many codes can still be issued."""
    ahead = sum(chunk.size - len(chunk.duplicates) for chunk in pool.chunks[pool.chunk_index :])
    current = pool.chunks[pool.chunk_index] if pool.chunk_index < len(pool.chunks) else Chunk("", 0)
    passed = pool.offset - sum(1 for offset in current.duplicates if offset < pool.offset)
    return ahead - passed + len(pool.returned)


def _duplicate_offsets(codes: Sequence[str], earlier: Iterable[Sequence[str]]) -> tuple[int, ...]:
    """Offsets of codes that occur earlier in the chunk or in an earlier chunk."""
    normalized = [normalize_code(code) for code in codes]
    candidates = set(normalized)
    known = {code for chunk in earlier for raw in chunk if (code := normalize_code(raw)) in candidates}
    duplicates = []
    for offset, code in enumerate(normalized):
        if code in known:
            duplicates.append(offset)
        known.add(code)
    return tuple(duplicates)


def _serve_queue(pool: Pool, line: PoolLine, read_chunk: ReadChunk) -> PoolChange:
    """Issues codes to the rewards in the queue, in order, as long as there are codes."""
    lines: list[CodeIssued | RewardHeld] = []
    for first in pool.waiting:
        pool, code = _take_code(pool, read_chunk)
        if code is None:
            break
        lines.append(_code_issued(line, first, code))
    return PoolChange(replace(pool, waiting=pool.waiting[len(lines) :]), tuple(lines))


def _code_issued(line: PoolLine, to: WaitingReward, code: str) -> CodeIssued:
    return CodeIssued(
        occurred_at=line.occurred_at,
        program=line.program,
        id=to.reward,
        beneficiary=to.beneficiary,
        pool=line.pool,
        code=code,
    )


def _take_code(pool: Pool, read_chunk: ReadChunk) -> tuple[Pool, str | None]:
    """Returns the pool without its next code, and the code; None if the pool is empty."""
    if pool.returned:
        return replace(pool, returned=pool.returned[1:]), pool.returned[0]
    while pool.chunk_index < len(pool.chunks):
        chunk = pool.chunks[pool.chunk_index]
        for offset in range(pool.offset, chunk.size):
            if offset not in chunk.duplicates:
                return replace(pool, offset=offset + 1), read_chunk(chunk.id)[offset]
        pool = replace(pool, chunk_index=pool.chunk_index + 1, offset=0)
    return pool, None
