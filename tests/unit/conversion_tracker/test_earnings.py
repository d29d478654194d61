"""What a replay counts as rewards is what reward-dispatcher grants."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.replay.earnings import Earnings
from referral.events.attributions import Evidence, ReferrerKind
from referral.events.facts import Channel
from referral.events.reward_rules import Conditions, Reward
from tests.support.builders.participants import START
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.scenarios.entitlement import Entitlement

CHANNELS: tuple[Channel, ...] = ("wechat", "weibo")
ON = st.sampled_from(["conversion.cleared", "milestone"])
RULES = st.lists(
    st.builds(
        Reward,
        id=st.sampled_from(["guide", "code", "bonus", "shout"]),
        to=st.sampled_from(["referrer", "referee"]),
        on=ON,
        kind=st.just("guide"),
        referrals=st.integers(1, 4),
        where=st.sampled_from([Conditions(), Conditions(channels=("wechat",))]),
        once=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda rule: rule.id,
)
STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 6), st.integers(0, 1)), max_size=40)


@given(STEPS, st.tuples(RULES, RULES), st.sampled_from(get_args(ReferrerKind)))
def test_it_counts_what_would_be_granted_and_not_taken_back(
    steps: list[tuple[bool, int, int]], versions: tuple[list[Reward], list[Reward]], kind: ReferrerKind
) -> None:
    """Friends of a follower or a partner come, go and come back under two versions of any rules: as many as entitlement leaves."""
    rules = [reward_terms(*one, version=number) for number, one in enumerate(versions, 1) if one] or [reward_terms()]
    earnings, entitlement = Earnings(), Entitlement(kind)
    for comes, friend, which in steps:
        under = rules[which % len(rules)]
        if comes:
            evidence = Evidence(kind="code", touched_at=START, event="evt", channel=CHANNELS[friend % 2])
            earnings.add_conversion(f"cnv_{friend}", under, kind, evidence)
        else:
            earnings.remove_conversion(f"cnv_{friend}")
        entitlement.set_converted(friend, comes, under, CHANNELS[friend % 2])
    own = sum(line.role == "referrer" for line in entitlement.rewards.values())
    assert (earnings.referrer_rewards, earnings.referee_rewards) == (own, len(entitlement.rewards) - own)
    assert set(earnings.conversions) == {f"cnv_{friend}" for friend in entitlement.friends}
