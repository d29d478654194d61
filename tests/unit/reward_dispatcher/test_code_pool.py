"""A pool gives each code once, in order, to who asked first."""

from hypothesis import given
from hypothesis import strategies as st

from referral.events.rewards import CodeIssued, CodeRequested, CodeReturned, PoolFilled, RewardHeld
from reward_dispatcher.domain.code_pool import Pool, add_chunk, remaining, request_code, return_code
from reward_dispatcher.domain.discount_codes import normalize_code
from tests.support.builders.participants import PROGRAM, START


def ask(number: int) -> CodeRequested:
    """Reward `number` wants a code."""
    return CodeRequested(
        occurred_at=START,
        program=PROGRAM,
        id=f"rwd_{number}",
        beneficiary=f"p{number}",
        pool="vip",
        kind="discount_code",
    )


def fill(chunk: str, count: int) -> PoolFilled:
    """A chunk was uploaded."""
    return PoolFilled(occurred_at=START, program=PROGRAM, pool="vip", chunk=chunk, count=count)


def test_an_empty_pool_holds_and_the_first_in_line_gets_the_first_code() -> None:
    """Who waits is served in the order of asking as soon as codes arrive."""
    chunks = {"c1": ("A", "B", "C")}
    first = request_code(Pool(), ask(1), chunks.__getitem__)
    second = request_code(first.pool, ask(2), chunks.__getitem__)
    assert [type(line) for line in (*first.lines, *second.lines)] == [RewardHeld, RewardHeld]
    served = add_chunk(second.pool, fill("c1", 3), chunks.__getitem__)
    assert [(line.id, line.code) for line in served.lines if isinstance(line, CodeIssued)] == [
        ("rwd_1", "A"),
        ("rwd_2", "B"),
    ]
    assert remaining(served.pool) == 1


def test_the_same_chunk_announced_twice_fills_once() -> None:
    """A retried upload is the same chunk: its codes are not given again."""
    chunks = {"c1": ("A",)}
    pool = add_chunk(Pool(), fill("c1", 1), chunks.__getitem__).pool
    assert add_chunk(pool, fill("c1", 1), chunks.__getitem__).pool == pool


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
def test_no_code_is_given_twice_and_nobody_waits_beside_a_code(actions: list[Action]) -> None:
    """Whatever is uploaded twice, asked and handed back: a code has one holder, and the line is served in order."""
    pool, chunks = Pool(), dict[str, tuple[str, ...]]()
    holders, asked, served = dict[str, str](), list[str](), list[str]()
    for number, (action, codes) in enumerate(actions):
        if action == "fill":
            chunks[f"c{number}"] = codes
            handed = add_chunk(pool, fill(f"c{number}", len(codes)), chunks.__getitem__)
        elif action == "ask":
            asked.append(f"rwd_{number}")
            handed = request_code(pool, ask(number), chunks.__getitem__)
        elif holders:
            code, reward = holders.popitem()
            back = CodeReturned(occurred_at=START, program=PROGRAM, id=reward, beneficiary="p", pool="vip", code=code)
            handed = return_code(pool, back, chunks.__getitem__)
        else:
            continue
        pool = handed.pool
        for line in handed.lines:
            if isinstance(line, CodeIssued):
                assert normalize_code(line.code) not in holders, "a code has two holders"
                holders[normalize_code(line.code)] = line.id
                served.append(line.id)
    assert served == asked[: len(served)]
    assert not (pool.waiting and remaining(pool))
    distinct = {normalize_code(code) for codes in chunks.values() for code in codes}
    assert remaining(pool) == len(distinct) - len(holders)
