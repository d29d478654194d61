"""Rewards that were given, by hour: each counts once, for two days, in any order of arrival."""

from hypothesis import given
from hypothesis import strategies as st

from referral.events.money import Value
from referral.events.timestamps import DAY_MS, to_ms
from reward_dispatcher.domain.given_rewards import HOUR_MS, GivenHour, GivenRewards, given_within
from reward_dispatcher.folds import state_keys
from tests.support.builders.participants import PROGRAM, START, day
from tests.support.builders.reward_dispatcher import credit, grant, revocation
from tests.support.systems.ledger import LedgerFeed

NOW_MS = to_ms(day(20)) + 1_234_567
VALUES = st.none() | st.builds(Value, st.integers(1, 10**6), st.sampled_from(["CNY", "points"]))


@given(st.lists(st.tuples(st.integers(0, 5 * DAY_MS), VALUES), max_size=40), st.randoms(use_true_random=False))
def test_a_day_has_what_was_given_in_it_in_any_order(rewards: list[tuple[int, Value | None]], order: object) -> None:
    """Of the last 24 hours to the hour; two days are kept, of two partitions too."""
    shuffled = list(rewards)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    parts = [GivenRewards(), GivenRewards()]
    for number, (age_ms, value) in enumerate([(0, None), *shuffled]):
        parts[number % 2] = parts[number % 2].with_reward(NOW_MS - age_ms, value)
    first = (NOW_MS - DAY_MS) // HOUR_MS
    wanted = [one for one in [(0, None), *rewards] if (NOW_MS - one[0]) // HOUR_MS > first]
    found = given_within(parts, NOW_MS - DAY_MS, NOW_MS)
    assert found.number == len(wanted)
    for unit in ("CNY", "points"):
        amounts = [value.amount for _, value in wanted if value is not None and value.unit == unit]
        assert found.worth.get(unit, 0) == sum(amounts)
    assert all(len(part.hours) <= 49 for part in parts)


def test_the_ledger_counts_a_reward_once() -> None:
    """Neither a revocation nor a second grant of the same id changes it."""
    ledger = LedgerFeed([credit("rwd_1", 800), grant("rwd_2"), revocation("rwd_2"), grant("rwd_2", at=day(1))])
    counted = ledger.feed.state(state_keys.given(PROGRAM))
    assert isinstance(counted, GivenRewards)
    assert given_within([counted], to_ms(START) - DAY_MS, to_ms(day(1))) == GivenHour(2, {"CNY": 800})
