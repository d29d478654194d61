"""Pools → rewards: which uploaded codes are new, and which reward gets the next one, in the order of the log.

All pools of a program are in one partition, so that a code belongs to one of them whichever uploads arrive at the same time. The
fold asks itself for the next segments of codes (`pool.advanced`); no line loads more than a few states of a pool.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar, assert_never

from msgspec import Struct

from referral.catalog.view import Catalog
from referral.events.keys import beneficiary_key
from referral.events.pools import (
    CodeRequested,
    CodeReturned,
    CodesUploaded,
    CodesVoided,
    PoolAdvanced,
    PoolLine,
    pool_line_key,
)
from referral.events.rewards import CodeIssued, RewardHeld
from referral.fold.fold import Decision, Key, Output, Position
from referral.topics import POOLS, REWARDS, Topic
from reward_dispatcher.domain import code_pool
from reward_dispatcher.domain.code_index import (
    CodeBucket,
    ProgramPools,
    bucket_of,
    split_hashes,
    with_pool,
    with_request,
)
from reward_dispatcher.domain.code_pool import Pool, PoolChange, QueuePage, Segment, VoidOffsets
from reward_dispatcher.domain.pool_upload import SegmentVerdict, compare_segment
from reward_dispatcher.domain.receipts import Receipt, RefusedCode, add_segment
from reward_dispatcher.folds import pool_keys
from reward_dispatcher.sealed_codes import CodeSealer

PoolState = Pool | Segment | QueuePage | VoidOffsets | CodeBucket | ProgramPools | Receipt
_States = Mapping[Key, PoolState | float | None]
_Changes = dict[Key, PoolState | float | None]
_Kind = TypeVar("_Kind", Pool, Segment, QueuePage, VoidOffsets, CodeBucket, ProgramPools, Receipt)


class PoolsFold:
    """Takes uploads, gives each code once and in order, queues rewards that find none, and takes codes back.

    Codes are sealed in every line and state; `codes` opens and seals them.
    """

    name = pool_keys.POOLS
    service = pool_keys.SERVICE
    source: Topic = POOLS
    outputs: Sequence[Topic] = (REWARDS, POOLS)
    ignored: Sequence[type[Struct]] = ()
    state: object = PoolState
    keeps_order = True

    def __init__(self, codes: CodeSealer) -> None:
        self._codes = codes

    def keys(self, line: PoolLine) -> Sequence[Key]:
        """The pool, and what the line is about: the index of its codes, or segments."""
        program, pool = line.program, line.pool
        own = pool_keys.pool(program, pool)
        match line:
            case CodesUploaded():
                buckets = {bucket_of(one) for one in split_hashes(line.hashes)}
                return [own, *_request_keys(line), *(pool_keys.bucket(program, number) for number in sorted(buckets))]
            case CodeRequested():
                return (own,)
            case CodeReturned():
                return own, pool_keys.segment(program, pool, line.segment), pool_keys.void(program, pool, line.segment)
            case CodesVoided():
                return [own, *_request_keys(line), *_void_keys(line)]
            case PoolAdvanced():
                page = () if line.page is None else (pool_keys.page(program, pool, line.page),)
                return [own, *(pool_keys.segment(program, pool, number) for number in line.segments), *page]
            case _:
                assert_never(line)

    def decide(self, line: PoolLine, states: _States, catalog: Catalog, position: Position) -> Decision[PoolState]:
        """Returns the changes of the pool, and the output lines. Raises DecryptionFailed if a key is missing."""
        line = self._codes.open_line(line)
        pool = _state(states, pool_keys.pool(line.program, line.pool), Pool) or Pool()
        match line:
            case CodesUploaded():
                return self._upload(line, pool, states)
            case CodeRequested():
                return self._decision(line, code_pool.request_code(pool, line))
            case CodeReturned():
                return self._decision(line, self._return(line, pool, states))
            case CodesVoided():
                return self._void(line, pool, states)
            case PoolAdvanced():
                return self._decision(line, self._advance(line, pool, states))
            case _:
                assert_never(line)

    def _upload(self, line: CodesUploaded, pool: Pool, states: _States) -> Decision[PoolState]:
        """A segment counts after the segment before it, once."""
        opened = _open_receipt(line, states)
        if opened is None:
            return Decision()
        receipt, changes = opened
        pools, number = with_pool(_program(line.program, states, changes), line.pool)
        hashes = split_hashes(line.hashes)
        buckets = {of: _state(states, pool_keys.bucket(line.program, of), CodeBucket) for of in map(bucket_of, hashes)}
        verdict = compare_segment(number, pool.segments, line.index, hashes, buckets, pools.names)
        change = code_pool.add_segment(
            pool, line, line.sealed, len(hashes), verdict.left_out(), self._open_text(line), self._seal(line)
        )
        decision = self._decision(line, change)
        accepted = len(hashes) - len(verdict.left_out())
        decision.changes |= changes | _index_changes(line, pools, verdict)
        receipt = add_segment(receipt, accepted, verdict.duplicates, verdict.refused)
        decision.changes[pool_keys.receipt(line.program, line.request)] = receipt
        return decision

    def _void(self, line: CodesVoided, pool: Pool, states: _States) -> Decision[PoolState]:
        opened = _open_receipt(line, states)
        if opened is None:
            return Decision()
        receipt, changes = opened
        numbers = {number for number, _ in line.places}
        segments = {one: _state(states, pool_keys.segment(line.program, line.pool, one), Segment) for one in numbers}
        voids = {one: _state(states, pool_keys.void(line.program, line.pool, one), VoidOffsets) for one in numbers}
        change, result = code_pool.void_codes(pool, line.places, segments, voids)
        decision = self._decision(line, change)
        repeated = [RefusedCode(line.index, position, "") for position in result.repeated]
        given = [RefusedCode(line.index, position, line.pool) for position in result.given]
        receipt = add_segment(receipt, result.voided, repeated, given)
        decision.changes |= changes | {pool_keys.receipt(line.program, line.request): receipt}
        return decision

    def _return(self, line: CodeReturned, pool: Pool, states: _States) -> PoolChange:
        segment = _state(states, pool_keys.segment(line.program, line.pool, line.segment), Segment)
        void = _state(states, pool_keys.void(line.program, line.pool, line.segment), VoidOffsets)
        return code_pool.return_code(pool, line, segment, void, self._seal(line))

    def _advance(self, line: PoolAdvanced, pool: Pool, states: _States) -> PoolChange:
        keys = {number: pool_keys.segment(line.program, line.pool, number) for number in line.segments}
        segments = {number: _state(states, key, Segment) for number, key in keys.items()}
        page = None
        if line.page is not None:
            page = _state(states, pool_keys.page(line.program, line.pool, line.page), QueuePage)
        return code_pool.advance(pool, line, segments, page, self._open_text(line), self._seal(line))

    def _open_text(self, line: PoolLine) -> code_pool.OpenText:
        return lambda sealed: self._codes.open_segment(line.program, line.pool, sealed)

    def _seal(self, line: PoolLine) -> code_pool.Seal:
        return lambda code: self._codes.seal_pooled(line.program, line.pool, code)

    def _decision(self, line: PoolLine, change: PoolChange) -> Decision[PoolState]:
        """The states of the pool, and its lines with each code sealed for its reward."""
        program, pool = line.program, line.pool
        changes: _Changes = {pool_keys.pool(program, pool): change.pool}
        changes |= {pool_keys.segment(program, pool, number): state for number, state in change.segments.items()}
        changes |= {pool_keys.page(program, pool, number): state for number, state in change.pages.items()}
        changes |= {pool_keys.void(program, pool, number): state for number, state in change.voids.items()}
        return Decision(changes, [self._output(one) for one in change.lines])

    def _output(self, line: CodeIssued | RewardHeld | PoolAdvanced) -> Output:
        if isinstance(line, PoolAdvanced):
            return Output(POOLS, line, pool_line_key(line))
        sealed = self._codes.reseal_issued(line) if isinstance(line, CodeIssued) else line
        return Output(REWARDS, sealed, beneficiary_key(line.program, line.beneficiary))


def _request_keys(line: CodesUploaded | CodesVoided) -> tuple[Key, Key]:
    return pool_keys.program(line.program), pool_keys.receipt(line.program, line.request)


def _void_keys(line: CodesVoided) -> list[Key]:
    numbers = sorted({number for number, _ in line.places})
    makers = (pool_keys.segment, pool_keys.void)
    return [make(line.program, line.pool, number) for number in numbers for make in makers]


def _open_receipt(line: CodesUploaded | CodesVoided, states: _States) -> tuple[Receipt, _Changes] | None:
    """The receipt of the request, and the changes of a new one; None if this is not its next segment."""
    receipt = _state(states, pool_keys.receipt(line.program, line.request), Receipt)
    if receipt is not None:
        return (receipt, {}) if line.index == receipt.next and line.pool == receipt.pool else None
    if line.index:
        return None
    pools, forgotten = with_request(_program(line.program, states, {}), line.request)
    changes: _Changes = {pool_keys.program(line.program): pools}
    changes |= {pool_keys.receipt(line.program, request): None for request in forgotten}
    return Receipt(line.pool), changes


def _program(program: str, states: _States, changes: _Changes) -> ProgramPools:
    key = pool_keys.program(program)
    changed = changes.get(key)
    return changed if isinstance(changed, ProgramPools) else _state(states, key, ProgramPools) or ProgramPools()


def _index_changes(line: CodesUploaded, pools: ProgramPools, verdict: SegmentVerdict) -> _Changes:
    changes: _Changes = {pool_keys.bucket(line.program, of): bucket for of, bucket in verdict.buckets.items()}
    changes[pool_keys.program(line.program)] = pools
    return changes


def _state(states: _States, key: Key, kind: type[_Kind]) -> _Kind | None:
    state = states[key]
    return state if isinstance(state, kind) else None
