"""A code pool issues each code once, in order, to the first request."""

from hypothesis import given
from hypothesis import strategies as st

from referral.events.normal_forms import normalize_code
from referral.events.rewards import CodeIssued, CodeRequested, CodeReturned, PoolFilled, RewardHeld
from reward_dispatcher.domain.code_pool import Pool, add_chunk, remaining, request_code, return_code
from tests.support.builders.participants import PROGRAM, START


def code_requested(number: int) -> CodeRequested:
    """Returns the request of reward `number`."""
    return CodeRequested(
        occurred_at=START,
        program=PROGRAM,
        id=f"rwd_{number}",
        beneficiary=f"p{number}",
        pool="vip",
        kind="discount_code",
    )


def pool_filled(chunk: str, count: int) -> PoolFilled:
    """Returns the line of an uploaded chunk."""
    return PoolFilled(occurred_at=START, program=PROGRAM, pool="vip", chunk=chunk, count=count)


def test_an_empty_pool_queues_requests_and_serves_them_in_order() -> None:
    """As soon as codes arrive, the first request in the queue gets the first code."""
    chunks = {"c1": ("A", "B", "C")}
    first = request_code(Pool(), code_requested(1), chunks.__getitem__)
    second = request_code(first.pool, code_requested(2), chunks.__getitem__)
    assert [type(line) for line in (*first.lines, *second.lines)] == [RewardHeld, RewardHeld]
    served = add_chunk(second.pool, pool_filled("c1", 3), chunks.__getitem__)
    assert [(line.id, line.code) for line in served.lines if isinstance(line, CodeIssued)] == [
        ("rwd_1", "A"),
        ("rwd_2", "B"),
    ]
    assert remaining(served.pool) == 1


def test_a_repeated_chunk_adds_its_codes_once() -> None:
    """A retried upload is the same chunk: its codes are not issued again."""
    chunks = {"c1": ("A",)}
    pool = add_chunk(Pool(), pool_filled("c1", 1), chunks.__getitem__).pool
    assert add_chunk(pool, pool_filled("c1", 1), chunks.__getitem__).pool == pool


Action = tuple[str, tuple[str, ...]]
actions = st.lists(
    st.one_of(
        st.tuples(st.just("fill"), st.lists(st.sampled_from("ABCDEFGHabcd"), min_size=1, max_size=5).map(tuple)),
        st.tuples(st.just("ask"), st.just(())),
        st.tuples(st.just("return"), st.just(())),
    ),
    max_size=40,
)


@given(actions)
def test_no_code_is_issued_twice_and_no_reward_waits_while_there_are_codes(actions: list[Action]) -> None:
    """After any uploads, requests and returns, a code has one holder, and the queue is served in order."""
    pool, chunks = Pool(), dict[str, tuple[str, ...]]()
    holders, requested, served = dict[str, str](), list[str](), list[str]()
    for number, (action, codes) in enumerate(actions):
        if action == "fill":
            chunks[f"c{number}"] = codes
            change = add_chunk(pool, pool_filled(f"c{number}", len(codes)), chunks.__getitem__)
        elif action == "ask":
            requested.append(f"rwd_{number}")
            change = request_code(pool, code_requested(number), chunks.__getitem__)
        elif holders:
            code, reward = holders.popitem()
            returned = CodeReturned(
                occurred_at=START, program=PROGRAM, id=reward, beneficiary="p", pool="vip", code=code
            )
            change = return_code(pool, returned, chunks.__getitem__)
        else:
            continue
        pool = change.pool
        for line in change.lines:
            if isinstance(line, CodeIssued):
                assert normalize_code(line.code) not in holders, "a code has two holders"
                holders[normalize_code(line.code)] = line.id
                served.append(line.id)
    assert served == requested[: len(served)]
    assert not (pool.waiting and remaining(pool))
    distinct = {normalize_code(code) for codes in chunks.values() for code in codes}
    assert remaining(pool) == len(distinct) - len(holders)
