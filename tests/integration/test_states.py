"""States in Redis do what states in memory do, whatever is asked of them in whatever order."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from referral.fold.memory_state_store import MemoryStateStore
from referral.fold.state_store import RedisStateStore, StateChange, StateRequest

pytestmark = pytest.mark.integration

KEYS = st.sampled_from(["a", "b", "c"])
BOARDS = st.tuples(st.sampled_from(["timers", "board"]), KEYS)
VALUES = st.dictionaries(KEYS, st.none() | st.binary(min_size=1, max_size=8), max_size=3)
SCORES = st.dictionaries(BOARDS, st.none() | st.floats(-1e15, 1e15).map(round).map(float), max_size=3)
FENCES = st.sampled_from([b"", b"1", b"2", b"3"])
CHANGES = st.builds(StateChange, expected_fence=FENCES, fence=FENCES.filter(bool), values=VALUES, scores=SCORES)
STEPS = st.lists(st.dictionaries(st.integers(0, 1), CHANGES, min_size=1, max_size=2), max_size=8)
ALL = StateRequest(["a", "b", "c"], [(board, key) for board in ("timers", "board") for key in ("a", "b", "c")])
FAMILY = StateRequest(["c"], [("timers", "a")], [("board", ""), ("timers", ""), ("nobody's", "x:")])


@given(steps=STEPS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_redis_and_memory_agree_on_every_answer(redis: "Redis", steps: list[dict[int, StateChange]]) -> None:
    """The fake that the fold's property tests run on is the real thing's twin: refusals, loads, timers and fences alike."""
    redis.flushdb()
    real, fake = RedisStateStore(redis, "t", "fold"), MemoryStateStore()
    for step in steps:
        assert real.apply(step) == fake.apply(step)
        assert real.load({0: ALL, 1: StateRequest(["a"])}) == fake.load({0: ALL, 1: StateRequest(["a"])})
        assert real.fences([0, 1]) == fake.fences([0, 1])
        due, told = real.due(0, 5), fake.due(0, 5)
        assert (due.fence, due.values) == (told.fence, told.values)
    assert real.load({0: FAMILY, 1: FAMILY}) == fake.load({0: FAMILY, 1: FAMILY})


def test_a_script_that_runs_twice_has_the_effect_of_one(redis: "Redis") -> None:
    """redis-py tries a timed-out call again: the second finds the fence already moved to its own value and agrees."""
    states = RedisStateStore(redis, "t", "fold")
    change = {3: StateChange(b"", b"1", {"a": b"x"}, {("board", "m"): 1.0})}
    assert states.apply(change) == states.apply(change) == {3: True}
    assert states.apply({3: StateChange(b"0", b"2", {"a": b"y"}, {})}) == {3: False}
    assert redis.get("t:{fold-3}:a") == b"x"


def test_a_family_of_ten_thousand_is_loaded_whole(redis: "Redis") -> None:
    """Every member with its score and its state, and nobody of another board or without a state but by name."""
    states, names = RedisStateStore(redis, "t", "fold"), [f"m{number}" for number in range(10_000)]
    values = {f"state:{name}": name.encode() for name in names[1:]}
    scores = {("clan", name): float(number) for number, name in enumerate(names)} | {("other", "x"): 1.0}
    assert states.apply({0: StateChange(b"", b"1", {**values, "state:x": b"x"}, scores)}) == {0: True}
    loaded = states.load({0: StateRequest(groups=[("clan", "state:")])})[0]
    assert loaded.groups == {"clan": {name: float(number) for number, name in enumerate(names)}}
    assert (loaded.fence, loaded.values) == (b"1", values)


def test_scripts_are_loaded_again_after_a_flush(redis: "Redis") -> None:
    """FLUSHALL and SCRIPT FLUSH drop the scripts; the next call brings them back."""
    states = RedisStateStore(redis, "t", "fold")
    assert states.apply({0: StateChange(b"", b"1", {}, {})}) == {0: True}
    redis.script_flush()
    assert states.apply({0: StateChange(b"1", b"2", {}, {})}) == {0: True}
