"""The state store in Redis behaves like the one in memory for any sequence of operations."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.state_store import RedisStateStore, StateChange, StateRequest
from referral.redis_client import RedisClient
from tests.support.examples import examples
from tests.support.redis_servers import empty, forget_scripts, on_both_kinds_of_redis

pytestmark = [pytest.mark.integration, on_both_kinds_of_redis]

KEYS = st.sampled_from(["a", "b", "c"])
RAW = b"a", b"\xff\x00b", b"\x00"
MEMBERS = st.tuples(st.just("timers"), KEYS) | st.tuples(st.just("board"), st.sampled_from(RAW))
VALUES = st.dictionaries(KEYS, st.none() | st.binary(min_size=1, max_size=8), max_size=3)
SCORES = st.dictionaries(MEMBERS, st.none() | st.floats(-1e15, 1e15).map(round).map(float), max_size=3)
FENCES = st.sampled_from([b"", b"1", b"2", b"3"])
CHANGES = st.builds(StateChange, expected_fence=FENCES, fence=FENCES.filter(bool), values=VALUES, scores=SCORES)
STEPS = st.lists(st.dictionaries(st.integers(0, 1), CHANGES, min_size=1, max_size=2), max_size=8)
SCORED = [*(("timers", key) for key in ("a", "b", "c")), *(("board", member) for member in RAW)]
ALL = StateRequest(["a", "b", "c"], SCORED)
GROUPS = StateRequest(
    ["c"], [("timers", "a")], [("timers", "", 1, False), ("unknown", "x:", 0, False), ("board", "", 0, True)]
)


@given(steps=STEPS)
@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_redis_and_memory_return_the_same(redis: RedisClient, steps: list[dict[int, StateChange]]) -> None:
    """The fake of the fold's property tests is equivalent to the real store: refusals, loads, timers and fences."""
    empty(redis)
    real, fake = RedisStateStore(redis, "t", "fold"), MemoryStateStore()
    for step in steps:
        assert real.apply(step) == fake.apply(step)
        assert real.load({0: ALL, 1: StateRequest(["a"])}) == fake.load({0: ALL, 1: StateRequest(["a"])})
        assert real.fences([0, 1]) == fake.fences([0, 1])
        due, expected = real.due(0, 5), fake.due(0, 5)
        assert (due.fence, due.values) == (expected.fence, expected.values)
    assert real.load({0: GROUPS, 1: GROUPS}) == fake.load({0: GROUPS, 1: GROUPS})


def test_a_script_that_runs_twice_has_the_effect_of_one(redis: RedisClient) -> None:
    """redis-py retries a timed-out call: the second finds the fence at its own new value and reports success."""
    states = RedisStateStore(redis, "t", "fold")
    change = {3: StateChange(b"", b"1", {"a": b"x"}, {("board", "m"): 1.0})}
    assert states.apply(change) == states.apply(change) == {3: True}
    assert states.apply({3: StateChange(b"0", b"2", {"a": b"y"}, {})}) == {3: False}
    assert redis.get("t:{fold-3}:a") == b"x"


def test_a_group_of_ten_thousand_is_loaded_completely(redis: RedisClient) -> None:
    """Every member with its score and its state; a member without a state has a score only; no other sorted set is read."""
    states, names = RedisStateStore(redis, "t", "fold"), [f"m{number}" for number in range(10_000)]
    values = {f"state:{name}": name.encode() for name in names[1:]}
    scores = {("clan", name): float(number) for number, name in enumerate(names)} | {("other", "x"): 1.0}
    assert states.apply({0: StateChange(b"", b"1", {**values, "state:x": b"x"}, scores)}) == {0: True}
    loaded = states.load({0: StateRequest(groups=[("clan", "state:", 0, False)])})[0]
    assert loaded.groups == {"clan": {name: float(number) for number, name in enumerate(names)}}
    assert (loaded.fence, loaded.values) == (b"1", values)


def test_scripts_are_loaded_again_after_a_flush(redis: RedisClient) -> None:
    """FLUSHALL and SCRIPT FLUSH remove the scripts; the next call loads them again."""
    states = RedisStateStore(redis, "t", "fold")
    assert states.apply({0: StateChange(b"", b"1", {}, {})}) == {0: True}
    forget_scripts(redis)
    assert states.apply({0: StateChange(b"1", b"2", {}, {})}) == {0: True}
