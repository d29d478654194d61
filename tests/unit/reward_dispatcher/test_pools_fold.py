"""Pools of codes compared with a naive model: each code is given at most once, in order, and none is lost."""

from collections import deque
from collections.abc import Sequence

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from referral.catalog.view import Catalog
from referral.events.normal_forms import normalize_code
from referral.events.pools import CodeReturned, CodesVoided, PoolAdvanced, PoolLine
from referral.events.rewards import CodeIssued, RewardHeld
from reward_dispatcher.domain import code_pool
from reward_dispatcher.domain.code_index import Place, bucket_of, find_place
from reward_dispatcher.domain.code_pool import Pool, free
from reward_dispatcher.domain.receipts import Receipt
from reward_dispatcher.folds import pool_keys
from reward_dispatcher.folds.pools_fold import PoolsFold
from tests.support.builders.participants import PROGRAM, START, person_id
from tests.support.builders.pools import CODES, code_requested, codes_uploaded, hashes_of
from tests.support.examples import examples
from tests.support.folds import FoldFeed

POOLS = ("vip", "spring")
SPELLINGS = [f"{letter}{number}" for letter in "Vv" for number in range(14)]


class PoolsLog:
    """The partition of a program: lines are decided in their order, also those that the fold writes to itself."""

    def __init__(self) -> None:
        self.feed = FoldFeed(PoolsFold(CODES), Catalog())
        self.waiting: deque[PoolLine] = deque()
        self.outputs: list[CodeIssued | RewardHeld] = []

    def write(self, *lines: PoolLine) -> None:
        """Appends lines, without deciding them."""
        self.waiting += lines

    def decide(self, lines: int = 1000) -> list[CodeIssued | RewardHeld]:
        """Decides up to so many lines; returns what they lead to, with the codes in clear."""
        before = len(self.outputs)
        while self.waiting and lines:
            for output in self.feed.feed([self.waiting.popleft()]):
                if isinstance(output, PoolAdvanced):
                    self.waiting.append(output)
                else:
                    self.outputs.append(CODES.open_line(output))
            lines -= 1
        return self.outputs[before:]

    def pool(self, name: str = "vip") -> Pool:
        """Returns a pool."""
        state = self.feed.state(pool_keys.pool(PROGRAM, name))
        return state if isinstance(state, Pool) else Pool()

    def receipt(self, request: str) -> Receipt:
        """Returns the receipt of a request."""
        state = self.feed.state(pool_keys.receipt(PROGRAM, request))
        assert isinstance(state, Receipt)
        return state

    def place(self, code: str) -> Place | None:
        """Returns where the index has a code."""
        [code_hash] = [hashes_of([code])]
        return find_place(self.feed.state(pool_keys.bucket(PROGRAM, bucket_of(code_hash))), code_hash)

    def void(self, request: str, *codes: str, pool: str = "vip") -> None:
        """Declares codes of a pool void, and decides."""
        places = tuple((place.segment, place.offset) for code in codes if (place := self.place(code)))
        self.write(CodesVoided(occurred_at=START, program=PROGRAM, pool=pool, request=request, index=0, places=places))
        self.decide()


def issued(lines: Sequence[object]) -> list[tuple[str, str | None]]:
    """Returns the rewards that got codes, and these."""
    return [(line.id, line.code) for line in lines if isinstance(line, CodeIssued)]


def returned(line: CodeIssued) -> CodeReturned:
    """Returns the line by which the ledger returns a code."""
    return CodeReturned(
        occurred_at=START,
        program=PROGRAM,
        id=line.id,
        beneficiary=line.beneficiary,
        pool=line.pool,
        segment=line.segment,
        offset=line.offset,
        code=line.code,
    )


def test_an_empty_pool_queues_requests_and_serves_them_in_order() -> None:
    """As soon as codes arrive, the first request in the queue gets the first code."""
    log = PoolsLog()
    log.write(code_requested(1), code_requested(2))
    assert [(type(line), line.id) for line in log.decide()] == [(RewardHeld, "rwd_1"), (RewardHeld, "rwd_2")]
    log.write(codes_uploaded("A", "B", "C", request="upl_1"))
    assert issued(log.decide()) == [("rwd_1", "A"), ("rwd_2", "B")]
    assert free(log.pool()) == 1


def test_codes_on_the_log_are_sealed_for_their_reward() -> None:
    """No line and no state has a code in clear."""
    log = PoolsLog()
    log.write(codes_uploaded("SECRET-2026", "SECRET-2027", request="upl_1"), code_requested(1))
    while log.waiting:
        for output in log.feed.feed([log.waiting.popleft()]):
            assert output.code is None
            assert CODES.open_line(output).code == "SECRET-2026"
    assert log.feed.values
    assert not [key for key, raw in log.feed.values.items() if b"SECRET" in raw or "SECRET" in key]


def test_a_repeated_segment_counts_once_and_one_that_came_too_early_not_at_all() -> None:
    """A producer may repeat a record. Without the segment before it, the order of the codes would be lost."""
    log = PoolsLog()
    first = codes_uploaded("A", "B", request="upl_1")
    log.write(
        codes_uploaded("D", request="upl_1", index=2), first, first, codes_uploaded("C", request="upl_1", index=1)
    )
    log.decide()
    assert (free(log.pool()), log.receipt("upl_1")) == (3, Receipt("vip", next=2, accepted=3))


def test_the_first_upload_on_the_log_has_a_code_and_the_receipt_names_where_it_is() -> None:
    """In its own pool it is a duplicate, in another one it is refused; case makes no difference."""
    log = PoolsLog()
    log.write(codes_uploaded("A", "B", request="upl_1"))
    log.write(
        codes_uploaded("X", "b", "C", "c", request="upl_2", pool="spring"), codes_uploaded("a", "D", request="upl_3")
    )
    log.decide()
    second, third = log.receipt("upl_2"), log.receipt("upl_3")
    assert (second.accepted, second.duplicates, second.refused) == (2, 1, 1)
    assert [(one.offset, one.pool) for one in second.named] == [(1, "vip"), (3, "")]
    assert (third.accepted, third.duplicates, third.refused) == (1, 1, 0)
    assert [free(log.pool(name)) for name in POOLS] == [3, 2]


def test_only_the_last_receipts_are_kept() -> None:
    """So the state does not grow with the number of uploads."""
    log = PoolsLog()
    log.write(*(codes_uploaded(f"A{number}", request=f"upl_{number}") for number in range(70)))
    log.decide()
    kept = [key for key in log.feed.values if key.startswith("receipt:")]
    assert len(kept) == 64
    assert (log.receipt("upl_69").accepted, free(log.pool())) == (1, 70)


def test_a_void_code_is_never_given_and_a_given_one_never_again() -> None:
    """Wherever the code is: in the stock, not opened, or with a reward that returns it."""
    log = PoolsLog()
    log.write(codes_uploaded("A", "B", "C", request="upl_1"), code_requested(1))
    [line] = log.decide()
    assert isinstance(line, CodeIssued)
    log.void("vod_1", "A", "B")
    assert (log.receipt("vod_1").accepted, log.receipt("vod_1").refused) == (1, 1)
    log.void("vod_2", "A", "B")
    assert (log.receipt("vod_2").accepted, log.receipt("vod_2").duplicates) == (0, 2)
    log.write(returned(line), code_requested(2), code_requested(3))
    assert issued(log.decide()) == [("rwd_2", "C")]
    pool = log.pool()
    assert (pool.uploaded, pool.issued, pool.void, free(pool), pool.queued) == (3, 1, 2, 0, 1)


@pytest.mark.parametrize(("codes", "rewards"), [(9_000, 4_000), (4_000, 9_000)])
def test_a_large_pool_and_a_long_queue_keep_their_order(codes: int, rewards: int) -> None:
    """The state of the pool stays small: it has a stock and the ends of its queue, whatever there is."""
    log, uploaded = PoolsLog(), [f"C{number}" for number in range(codes)]
    segments = [uploaded[start : start + 500] for start in range(0, codes, 500)]
    log.write(*(code_requested(number) for number in range(rewards // 2)))
    log.decide()
    for index, segment in enumerate(segments):
        log.write(codes_uploaded(*segment, request="upl_1", index=index))
    log.write(*(code_requested(number) for number in range(rewards // 2, rewards)))
    largest = 0
    while log.waiting:
        log.decide(lines=1)
        pool = log.pool()
        largest = max(largest, len(pool.stock) + len(pool.head) + len(pool.tail))
    served = min(codes, rewards)
    assert issued(log.outputs) == [(f"rwd_{number}", f"C{number}") for number in range(served)]
    assert (free(log.pool()), log.pool().queued) == (codes - served, rewards - served)
    assert largest <= code_pool.MAX_STOCK + 2 * code_pool.PAGE


def test_many_returned_codes_do_not_make_the_stock_larger() -> None:
    """They go back to their segments, and are given all the same; so are those that are declared void there."""
    log, total = PoolsLog(), 4_000
    codes = [f"C{number}" for number in range(total)]
    log.write(*(code_requested(number) for number in range(total)))
    for start in range(0, total, 500):
        log.write(codes_uploaded(*codes[start : start + 500], request="upl_1", index=start // 500))
    log.decide(100_000)
    lines = [line for line in log.outputs if isinstance(line, CodeIssued)]
    assert len(lines) == total
    log.write(*map(returned, lines))
    log.decide(100_000)
    assert (free(log.pool()), len(log.pool().stock) <= code_pool.MAX_STOCK) == (total, True)
    log.void("vod_1", "C0", "C1999", "C3999")
    assert log.receipt("vod_1").accepted == 3
    log.write(*(code_requested(number) for number in range(total, 2 * total)))
    again = issued(log.decide(100_000))
    assert {code for _, code in again} == set(codes) - {"C0", "C1999", "C3999"}
    assert len(again) == total - 3


class PoolsMachine(RuleBasedStateMachine):
    """Uploads, requests, returns and void codes in any order, against sets; the sizes of pages are made small."""

    @initialize(stock=st.integers(1, 4), page=st.integers(1, 3))
    def begin(self, stock: int, page: int) -> None:
        """An empty log. Bounds of a few make every way through the pages and segments short."""
        self.patch = pytest.MonkeyPatch()
        for name, value in {"LOW_STOCK": stock, "MAX_STOCK": 2 * stock, "PAGE": page, "OPENED_SEGMENTS": 2}.items():
            self.patch.setattr(code_pool, name, value)
        self.log = PoolsLog()
        self.number = 0
        self.owner: dict[str, str] = {}  # the pool of each code, by the form in which codes are compared
        self.order: dict[str, list[str]] = {name: [] for name in POOLS}
        self.void: set[str] = set()
        self.asked: dict[str, list[str]] = {name: [] for name in POOLS}
        self.returned: set[str] = set()

    @rule(
        pool=st.sampled_from(POOLS),
        segments=st.lists(st.lists(st.sampled_from(SPELLINGS), min_size=1, max_size=4), min_size=1, max_size=3),
        repeats=st.booleans(),
    )
    def uploads(self, pool: str, segments: list[list[str]], repeats: bool) -> None:
        """Codes are uploaded, some for the second time; a segment may arrive twice."""
        self.number += 1
        for index, codes in enumerate(segments):
            line = codes_uploaded(*codes, request=f"upl_{self.number}", pool=pool, index=index)
            self.log.write(*[line] * (1 + repeats))
            for form in map(normalize_code, codes):
                if form not in self.owner:
                    self.owner[form] = pool
                    self.order[pool].append(form)

    @rule(pool=st.sampled_from(POOLS), count=st.integers(1, 4))
    def asks(self, pool: str, count: int) -> None:
        """Rewards need codes."""
        for _ in range(count):
            self.number += 1
            self.asked[pool].append(f"rwd_{self.number}")
            self.log.write(code_requested(self.number, pool))

    @rule(data=st.data())
    def returns(self, data: st.DataObject) -> None:
        """A reward that was revoked meanwhile returns its code."""
        lines = [one for one in self.log.outputs if isinstance(one, CodeIssued) and one.id not in self.returned]
        if lines:
            line = data.draw(st.sampled_from(lines))
            self.returned.add(line.id)
            self.log.write(returned(line))

    @rule(
        pool=st.sampled_from(POOLS),
        codes=st.lists(st.sampled_from(SPELLINGS), min_size=1, max_size=4, unique_by=normalize_code),
    )
    def declares_void(self, pool: str, codes: list[str]) -> None:
        """An operator declares codes void that the index has by then."""
        self.log.decide()
        mine = [code for code in codes if self.owner.get(normalize_code(code)) == pool]
        if mine:
            self.number += 1
            self.log.void(f"vod_{self.number}", *mine, pool=pool)
            self.void |= set(map(normalize_code, mine))

    @rule(lines=st.integers(1, 6))
    def some_lines_are_decided(self, lines: int) -> None:
        """The fold goes on a little."""
        self.log.decide(lines)

    @invariant()
    def each_code_has_one_holder_of_its_own_pool(self) -> None:
        """At most one reward has a code that it has not returned, and no void code is given."""
        if not hasattr(self, "log"):
            return
        held: dict[str, str] = {}
        for line in self.log.outputs:
            if isinstance(line, CodeIssued) and line.code is not None:
                form = normalize_code(line.code)
                before = held.get(form)
                assert before is None or before in self.returned, f"{form} has two holders"
                assert self.owner[form] == line.pool
                held[form] = line.id

    @rule()
    def everything_is_decided(self) -> None:
        """The sum holds, the queue is served in order, and no reward waits while there is a code."""
        self.log.decide()
        for pool in POOLS:
            self._matches(pool)

    def _matches(self, name: str) -> None:
        pool = self.log.pool(name)
        lines = [one for one in self.log.outputs if isinstance(one, CodeIssued) and one.pool == name]
        holding = {normalize_code(one.code or "") for one in lines if one.id not in self.returned}
        mine = set(self.order[name])
        assert [one.id for one in lines] == self.asked[name][: len(lines)], "served in order"
        assert pool.queued == len(self.asked[name]) - len(lines)
        assert free(pool) == len(mine - holding - self.void)
        assert (pool.uploaded, pool.issued) == (len(mine), len(holding))
        assert not (pool.queued and free(pool)), "a reward waits while there is a code"

    def teardown(self) -> None:
        """Every code that was uploaded can be given, in order of upload if none was returned."""
        if not hasattr(self, "log"):
            return
        self.everything_is_decided()
        for name in POOLS:
            left = free(self.log.pool(name))
            self.asks(name, left + 1)
            self.everything_is_decided()
            assert free(self.log.pool(name)) == 0
            if not self.returned:
                given = [
                    normalize_code(one.code or "")
                    for one in self.log.outputs
                    if isinstance(one, CodeIssued) and one.pool == name
                ]
                assert given == [code for code in self.order[name] if code in given]
        self.patch.undo()


PoolsMachine.TestCase.settings = settings(max_examples=examples(300), stateful_step_count=40)
TestPools = PoolsMachine.TestCase


def test_the_model_detects_a_code_that_is_given_twice() -> None:
    """The invariant fails for two rewards with one code."""
    machine = PoolsMachine()
    machine.begin(stock=2, page=2)
    machine.owner["V1"] = "vip"
    for number in (1, 2):
        line = CodeIssued(
            occurred_at=START, program=PROGRAM, id=f"rwd_{number}", beneficiary=person_id("p"), pool="vip", code="V1"
        )
        machine.log.outputs.append(line)
    machine.patch.undo()
    with pytest.raises(AssertionError, match="two holders"):
        machine.each_code_has_one_holder_of_its_own_pool()
