"""A pool of uploaded codes: given out in the order of upload to rewards in the order of asking, each code once.

One partition of the log decides for a pool, so nothing is reserved and nothing is locked. Codes stay in their catalog
chunks; the pool knows how far it has come, which codes came back unused, and who waits.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from referral.events.rewards import CodeIssued, CodeRequested, CodeReturned, PoolFilled, RewardHeld
from reward_dispatcher.domain.discount_codes import spoken

CodesOf = Callable[[str], Sequence[str]]  # the codes of a chunk, which never change


class Chunk(Struct, frozen=True, array_like=True):
    """An uploaded chunk, and the places in it that hold a code the pool had before."""

    id: str
    size: int
    repeats: tuple[int, ...] = ()


class Waiting(Struct, frozen=True, array_like=True):
    """A reward in the pool's line."""

    reward: str
    beneficiary: str


class Pool(Struct, frozen=True, array_like=True, tag="pool"):
    """Chunks in the order of upload, where the next code stands, codes that came back, and who waits."""

    chunks: tuple[Chunk, ...] = ()
    chunk: int = 0
    place: int = 0
    returned: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()


@dataclass(frozen=True, slots=True)
class Handed:
    """The pool from now on, and the codes given (or the news that there is none)."""

    pool: Pool
    news: tuple[CodeIssued | RewardHeld, ...] = ()


def requested(pool: Pool, line: CodeRequested, codes_of: CodesOf) -> Handed:
    """The next code, or a place in the line."""
    lined_up = replace(pool, waiting=(*pool.waiting, Waiting(line.id, line.beneficiary)))
    handed = _hand_out(lined_up, line, codes_of)
    if handed.news:
        return handed
    held = RewardHeld(
        occurred_at=line.occurred_at,
        program=line.program,
        id=line.id,
        beneficiary=line.beneficiary,
        reason="pool_empty",
    )
    return Handed(handed.pool, (held,))


def filled(pool: Pool, line: PoolFilled, codes_of: CodesOf) -> Handed:
    """New codes: those the pool never had can be given, first to who waits. The same chunk again changes nothing."""
    if any(chunk.id == line.chunk for chunk in pool.chunks):
        return Handed(pool)
    codes = codes_of(line.chunk)
    chunk = Chunk(line.chunk, len(codes), _repeats(codes, (codes_of(one.id) for one in pool.chunks)))
    return _hand_out(replace(pool, chunks=(*pool.chunks, chunk)), line, codes_of)


def returned(pool: Pool, line: CodeReturned, codes_of: CodesOf) -> Handed:
    """A code that nobody saw goes to the next who asks."""
    return _hand_out(replace(pool, returned=(*pool.returned, line.code)), line, codes_of)


def left(pool: Pool) -> int:
    """How many codes can still be given."""
    ahead = sum(chunk.size - len(chunk.repeats) for chunk in pool.chunks[pool.chunk :])
    current = pool.chunks[pool.chunk] if pool.chunk < len(pool.chunks) else Chunk("", 0)
    passed = pool.place - sum(1 for place in current.repeats if place < pool.place)
    return ahead - passed + len(pool.returned)


def _repeats(codes: Sequence[str], earlier: Iterable[Sequence[str]]) -> tuple[int, ...]:
    """Places whose code stands earlier in the chunk, or in an earlier one."""
    mine = [spoken(code) for code in codes]
    wanted = set(mine)
    seen = {spoken(code) for chunk in earlier for code in chunk if spoken(code) in wanted}
    repeats = []
    for place, code in enumerate(mine):
        if code in seen:
            repeats.append(place)
        seen.add(code)
    return tuple(repeats)


def _hand_out(pool: Pool, line: CodeRequested | CodeReturned | PoolFilled, codes_of: CodesOf) -> Handed:
    """Gives codes from the front to the front of the line, as long as there are both."""
    news: list[CodeIssued | RewardHeld] = []
    for first in pool.waiting:
        pool, code = _take(pool, codes_of)
        if code is None:
            break
        news.append(_issue(line, first, code))
    return Handed(replace(pool, waiting=pool.waiting[len(news) :]), tuple(news))


def _issue(line: CodeRequested | CodeReturned | PoolFilled, to: Waiting, code: str) -> CodeIssued:
    return CodeIssued(
        occurred_at=line.occurred_at,
        program=line.program,
        id=to.reward,
        beneficiary=to.beneficiary,
        pool=line.pool,
        code=code,
    )


def _take(pool: Pool, codes_of: CodesOf) -> tuple[Pool, str | None]:
    """The next code and the pool without it; None where it is empty."""
    if pool.returned:
        return replace(pool, returned=pool.returned[1:]), pool.returned[0]
    while pool.chunk < len(pool.chunks):
        chunk = pool.chunks[pool.chunk]
        for place in range(pool.place, chunk.size):
            if place not in chunk.repeats:
                return replace(pool, place=place + 1), codes_of(chunk.id)[place]
        pool = replace(pool, chunk=pool.chunk + 1, place=0)
    return pool, None
