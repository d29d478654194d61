"""A pool of uploaded codes: given in the order of upload, to rewards in the order of their requests, each code once.

The state of a pool has only what it needs now: a stock of opened codes, and the first and last page of its queue. What lies
between is in states of its own (segments, pages), and a `pool.advanced` line brings the next ones in. So a line costs the same
however many codes there are and however many rewards wait. A code that can be given is either in the stock or in the state of its
segment, never in both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from referral.events.pools import (
    OPENED_SEGMENTS,
    SEGMENT_CODES,
    CodeRequested,
    CodeReturned,
    PoolAdvanced,
    PoolLine,
)
from referral.events.rewards import CodeIssued, RewardHeld

LOW_STOCK = SEGMENT_CODES
MAX_STOCK = LOW_STOCK + OPENED_SEGMENTS * SEGMENT_CODES
PAGE = 500
SealedPlace = tuple[int, int]


class FreeCode(Struct, frozen=True, array_like=True):
    """A code that can be given: its segment and offset, and the code itself, sealed for the pool."""

    segment: int
    offset: int
    sealed: str

    @property
    def place(self) -> SealedPlace:
        """Segment and offset."""
        return self.segment, self.offset


class Segment(Struct, frozen=True, array_like=True, tag="segment"):
    """Codes that are not opened: sealed as one text, without those at `excluded` offsets; and codes that came back."""

    sealed: str | None = None
    excluded: tuple[int, ...] = ()
    returned: tuple[FreeCode, ...] = ()


class VoidOffsets(Struct, frozen=True, array_like=True, tag="void"):
    """The offsets of a segment that were declared void, given or not."""

    offsets: tuple[int, ...] = ()


class WaitingReward(Struct, frozen=True, array_like=True):
    """A reward in the pool's queue."""

    reward: str
    beneficiary: str


class QueuePage(Struct, frozen=True, array_like=True, tag="page"):
    """Rewards between the first and the last page of the queue."""

    waiting: tuple[WaitingReward, ...]


class Pool(Struct, frozen=True, array_like=True, tag="pool"):
    """Counters, the stock, which segments are unopened, and the first and last rewards of the queue.

    Unopened are the segments from `next_segment` to below `segments`, and the `reopened` ones. The pages of the queue between
    `head` and `tail` are those from `first_page` to below `next_page`. `advancing`: a `pool.advanced` line is on its way.
    `issued` are the codes that rewards have, `void` those that are never given.
    """

    uploaded: int = 0
    issued: int = 0
    void: int = 0
    queued: int = 0
    segments: int = 0
    next_segment: int = 0
    reopened: tuple[int, ...] = ()
    stock: tuple[FreeCode, ...] = ()
    first_page: int = 0
    next_page: int = 0
    head: tuple[WaitingReward, ...] = ()
    tail: tuple[WaitingReward, ...] = ()
    advancing: bool = False


Seal = Callable[[str], str]  # a code, sealed for the pool
OpenText = Callable[[str], Sequence[str]]  # the codes of a segment


@dataclass(slots=True)
class PoolChange:
    """The pool after a line, the other states that change (None: removed), and the output lines.

    `CodeIssued` lines have the code sealed for the pool; the fold seals it for its reward.
    """

    pool: Pool
    segments: dict[int, Segment | None] = field(default_factory=dict)
    pages: dict[int, QueuePage | None] = field(default_factory=dict)
    voids: dict[int, VoidOffsets] = field(default_factory=dict)
    lines: list[CodeIssued | RewardHeld | PoolAdvanced] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class VoidResult:
    """What a list of places led to, by their positions in the list."""

    voided: int
    repeated: list[int]
    given: list[int]


def free(pool: Pool) -> int:
    """How many codes can still be given."""
    return pool.uploaded - pool.issued - pool.void


def add_segment(
    pool: Pool, line: PoolLine, sealed: str, count: int, duplicates: Iterable[int], open_text: OpenText, seal: Seal
) -> PoolChange:
    """The pool with a further segment of `count` codes, of which those at the offsets of `duplicates` are left out."""
    excluded = tuple(duplicates)
    added = count - len(excluded)
    if not added:
        return PoolChange(pool)
    number, segment = pool.segments, Segment(sealed, excluded)
    change = PoolChange(replace(pool, uploaded=pool.uploaded + added, segments=number + 1))
    if pool.next_segment == number and not pool.reopened and len(pool.stock) < LOW_STOCK and not pool.advancing:
        opened = _open_segment(number, segment, open_text, seal)
        change.pool = replace(change.pool, stock=(*pool.stock, *opened), next_segment=number + 1)
    else:
        change.segments[number] = segment
    return _serve(change, line)


def request_code(pool: Pool, line: CodeRequested) -> PoolChange:
    """Gives the next code, or queues the reward; it is held if no code is left for it."""
    change = PoolChange(pool)
    _enqueue(change, WaitingReward(line.id, line.beneficiary))
    short = change.pool.queued > free(change.pool)
    _serve(change, line)
    if short:
        held = RewardHeld(
            occurred_at=line.occurred_at,
            program=line.program,
            id=line.id,
            beneficiary=line.beneficiary,
            reason="pool_empty",
        )
        change.lines.append(held)
    return change


def return_code(
    pool: Pool, line: CodeReturned, segment: Segment | None, void: VoidOffsets | None, seal: Seal
) -> PoolChange:
    """Takes back a code that was not shown to anyone: the next request gets it, unless it is void by then."""
    if line.code is None:
        raise ValueError(f"the line of {line.id} returns no code")
    change = PoolChange(replace(pool, issued=pool.issued - 1))
    if void is not None and line.offset in void.offsets:
        change.pool = replace(change.pool, void=pool.void + 1)
        return change
    code = FreeCode(line.segment, line.offset, seal(line.code))
    if len(pool.stock) < MAX_STOCK:
        change.pool = replace(change.pool, stock=(code, *pool.stock))
    else:
        before = segment or Segment()
        change.segments[line.segment] = replace(before, returned=(*before.returned, code))
        change.pool = replace(change.pool, reopened=tuple(sorted({*pool.reopened, line.segment})))
    return _serve(change, line)


def void_codes(
    pool: Pool,
    places: Sequence[SealedPlace],
    segments: Mapping[int, Segment | None],
    voids: Mapping[int, VoidOffsets | None],
) -> tuple[PoolChange, VoidResult]:
    """The pool without the codes at these places. A code that a reward has stays with it, and is never given again."""
    change, repeated, given, voided = PoolChange(pool), list[int](), list[int](), 0
    in_stock = {code.place for code in pool.stock}
    for position, (number, offset) in enumerate(places):
        known = change.voids.get(number) or voids.get(number) or VoidOffsets()
        if number >= pool.segments or offset in known.offsets:
            repeated.append(position)
            continue
        change.voids[number] = VoidOffsets((*known.offsets, offset))
        segment = change.segments.get(number) or segments.get(number)
        without = _without(segment, offset) if segment is not None else None
        if without is not None:
            change.segments[number] = without
        elif (number, offset) in in_stock:
            in_stock.discard((number, offset))
        else:
            given.append(position)
            continue
        voided += 1
    stock = tuple(code for code in pool.stock if code.place in in_stock)
    change.pool = replace(pool, stock=stock, void=pool.void + voided)
    return change, VoidResult(voided, repeated, given)


def advance(
    pool: Pool,
    line: PoolAdvanced,
    segments: Mapping[int, Segment | None],
    page: QueuePage | None,
    open_text: OpenText,
    seal: Seal,
) -> PoolChange:
    """The pool with the segments and the page that it requested; serves the queue."""
    change, stock = PoolChange(pool), list(pool.stock)
    for number in line.segments:
        segment = segments[number]
        if segment is not None:
            stock += _open_segment(number, segment, open_text, seal)
            change.segments[number] = None
    opened = set(line.segments)
    change.pool = replace(
        pool,
        stock=tuple(stock),
        reopened=tuple(number for number in pool.reopened if number not in opened),
        next_segment=max([pool.next_segment, *(number + 1 for number in line.segments)]),
        advancing=False,
    )
    if line.page is not None and page is not None:
        change.pages[line.page] = None
        change.pool = replace(change.pool, head=(*change.pool.head, *page.waiting), first_page=line.page + 1)
    return _serve(change, line)


def _open_segment(number: int, segment: Segment, open_text: OpenText, seal: Seal) -> list[FreeCode]:
    """The codes of a segment that can be given; those that came back are first."""
    excluded = set(segment.excluded)
    codes = open_text(segment.sealed) if segment.sealed is not None else ()
    fresh = (FreeCode(number, offset, seal(code)) for offset, code in enumerate(codes) if offset not in excluded)
    return [*segment.returned, *fresh]


def _without(segment: Segment, offset: int) -> Segment | None:
    """The segment without a code; None if it does not have it."""
    kept = tuple(code for code in segment.returned if code.offset != offset)
    if len(kept) < len(segment.returned):
        return replace(segment, returned=kept)
    if segment.sealed is None or offset in segment.excluded:
        return None
    return replace(segment, excluded=(*segment.excluded, offset))


def _enqueue(change: PoolChange, reward: WaitingReward) -> None:
    """Adds a reward to the end of the queue; a full last page becomes a state of its own."""
    pool = replace(change.pool, queued=change.pool.queued + 1)
    if pool.first_page == pool.next_page and not pool.tail and len(pool.head) < PAGE:
        change.pool = replace(pool, head=(*pool.head, reward))
        return
    if len(pool.tail) >= PAGE:
        change.pages[pool.next_page] = QueuePage(pool.tail)
        pool = replace(pool, tail=(), next_page=pool.next_page + 1)
    change.pool = replace(pool, tail=(*pool.tail, reward))


def _serve(change: PoolChange, line: PoolLine) -> PoolChange:
    """Gives the codes of the stock to the rewards at the head of the queue, in order; requests what is needed next."""
    pool = change.pool
    while pool.stock and (pool.head or (pool.tail and pool.first_page == pool.next_page)):
        if not pool.head:
            pool = replace(pool, head=pool.tail, tail=())
        count = min(len(pool.stock), len(pool.head))
        pairs = zip(pool.stock[:count], pool.head[:count], strict=True)
        change.lines += [_code_issued(line, code, to) for code, to in pairs]
        pool = replace(
            pool,
            stock=pool.stock[count:],
            head=pool.head[count:],
            issued=pool.issued + count,
            queued=pool.queued - count,
        )
    change.pool = pool
    _ask_for_more(change, line)
    return change


def _ask_for_more(change: PoolChange, line: PoolLine) -> None:
    """Asks for the next segments if the stock is low, and for the next page if the queue has no head; one line at a time."""
    pool = change.pool
    if pool.advancing:
        return
    segments = _next_segments(pool) if len(pool.stock) < LOW_STOCK else ()
    page = pool.first_page if not pool.head and pool.first_page < pool.next_page and (pool.stock or segments) else None
    if segments or page is not None:
        change.pool = replace(pool, advancing=True)
        change.lines.append(_pool_advanced(line, line.occurred_at, segments, page))


def _next_segments(pool: Pool) -> tuple[int, ...]:
    fresh = range(pool.next_segment, min(pool.segments, pool.next_segment + OPENED_SEGMENTS))
    return (*pool.reopened, *fresh)[:OPENED_SEGMENTS]


def _pool_advanced(line: PoolLine, at: datetime, segments: tuple[int, ...], page: int | None) -> PoolAdvanced:
    return PoolAdvanced(occurred_at=at, program=line.program, pool=line.pool, segments=segments, page=page)


def _code_issued(line: PoolLine, code: FreeCode, to: WaitingReward) -> CodeIssued:
    return CodeIssued(
        occurred_at=line.occurred_at,
        program=line.program,
        id=to.reward,
        beneficiary=to.beneficiary,
        pool=line.pool,
        segment=code.segment,
        offset=code.offset,
        sealed_code=code.sealed,
    )
