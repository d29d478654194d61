"""What a replay counts as rewards is what reward-dispatcher grants."""

from collections import Counter
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.replay.earnings import Earnings
from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerKind
from referral.events.reward_rules import Caps, Reward
from referral.events.rewards import RewardAdjusted, RewardGranted
from referral.events.timestamps import to_ms
from tests.support.builders.participants import AMY, PROGRAM, START, day
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.builders.reward_steps import CAPS, REWARD_RULES, STEPS
from tests.support.scenarios.decide_run import DecideRun


@given(STEPS, REWARD_RULES, REWARD_RULES, CAPS, st.sampled_from(get_args(ReferrerKind)))
def test_it_counts_what_is_granted_and_not_taken_back(
    steps: list[tuple[object, ...]], first: list[Reward], second: list[Reward], caps: Caps, kind: ReferrerKind
) -> None:
    """Friends come, go, buy and return goods under two versions of any rules: the same rewards, amounts and costs as granted."""
    terms = [reward_terms(*first, effective_from=day(-9)), reward_terms(*second, version=2, effective_from=day(1))]
    capped = tuple(replace(one, program=replace(one.program, caps=caps)) for one in terms)
    decided = DecideRun(capped, kind).play(steps)
    earnings = Earnings(lambda at: Catalog([AMY, *capped]).program_at(PROGRAM, to_ms(at)))
    for line in decided.inputs:
        earnings.apply(line)
    assert {id: one.value for id, one in earnings.rewards.items()} == decided.values
    own = sum(line.role == "referrer" for line in decided.rewards.values())
    assert (earnings.rewards_of("referrer"), earnings.rewards_of("referee")) == (own, len(decided.rewards) - own)
    worth: Counter[str] = Counter()
    for value in decided.values.values():
        worth.update({value.unit: value.amount} if value else {})
    assert earnings.values() == worth
    assert earnings.costs() == Counter(_costs(decided))
    assert sum(one.rewards for one in earnings.by_referrer().values()) == own


def _costs(decided: DecideRun) -> dict[str, int]:
    """The last known cost of each reward in effect, together by currency."""
    costs = {
        line.id: line.cost for line in decided.lines if isinstance(line, RewardGranted | RewardAdjusted) and line.cost
    }
    sums: dict[str, int] = {}
    for id in costs.keys() & decided.rewards.keys():
        sums[costs[id].unit] = sums.get(costs[id].unit, 0) + costs[id].amount
    return sums


def test_a_cap_stops_a_referral_until_another_one_leaves() -> None:
    """Two of three count for the referrer; when one of them leaves, the next one counts, not the one that was stopped."""
    tiered = reward_terms(Reward(id="ticket", to="referrer", on="conversion.cleared", kind="giveaway_entry"))
    capped = replace(tiered, program=replace(tiered.program, caps=Caps(per_referrer={"all": 2})))
    earnings = Earnings(lambda _: capped)
    for line in DecideRun((capped,)).clear(1).clear(2).clear(3).reverse(1).clear(4).inputs:
        earnings.apply(line)
    assert (earnings.referrals(), earnings.rewards_of("referrer"), earnings.capped()) == (3, 2, 1)


def test_what_qualified_before_the_first_version_earns_nothing() -> None:
    """As in production, where its line is set aside."""
    earnings = Earnings(lambda at: None if at < day(1) else reward_terms())
    for line in DecideRun((reward_terms(),)).clear(1, START).order(1, "o1", "9", day(2)).clear(2, day(2)).inputs:
        earnings.apply(line)
    assert {reward.role for reward in earnings.rewards.values()} == {"referrer", "referee"}
    assert earnings.referrals() == 1
