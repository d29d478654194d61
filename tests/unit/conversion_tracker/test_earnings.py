"""What a replay counts as rewards is what reward-dispatcher grants."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.replay.earnings import Earnings
from referral.events.attributions import ReferrerKind
from referral.events.program import Reward
from referral.events.rewards import RewardGranted
from reward_dispatcher.domain.entitlement import ConversionGrants, ReferrerGrants, grant_rewards, revoke_rewards
from tests.support.builders.reward_dispatcher import AMY, fell, terms
from tests.support.builders.reward_dispatcher import cleared as conversion

ON = st.sampled_from(["conversion.cleared", "milestone"])
RULES = st.lists(
    st.builds(
        Reward,
        id=st.sampled_from(["guide", "code", "bonus", "shout"]),
        to=st.sampled_from(["referrer", "referee"]),
        on=ON,
        kind=st.just("guide"),
        referrals=st.integers(1, 4),
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
    rules = [terms(*one, version=number) for number, one in enumerate(versions, 1) if one] or [terms()]
    earnings, referrer = Earnings(), ReferrerGrants()
    converted, standing = dict[int, ConversionGrants](), dict[str, RewardGranted]()
    for comes, friend, which in steps:
        under = rules[which % len(rules)]
        if comes:
            earnings.add_conversion(f"cnv_{friend}", under, kind)
        else:
            earnings.remove_conversion(f"cnv_{friend}")
        if comes == (friend in converted):
            continue  # the fold passes over what is no news
        if comes:
            verdict = grant_rewards(replace(conversion(friend), referrer_kind=kind), under, AMY.external_id, referrer)
        else:
            verdict = revoke_rewards(fell(friend), converted.pop(friend), referrer)
        referrer = verdict.referrer
        if verdict.conversion is not None:
            converted[friend] = verdict.conversion
        for line in verdict.lines:
            if isinstance(line, RewardGranted):
                standing[line.id] = line
            else:
                del standing[line.id]
    own = sum(line.role == "referrer" for line in standing.values())
    assert (earnings.referrer_rewards, earnings.referee_rewards) == (own, len(standing) - own)
    assert set(earnings.conversions) == {f"cnv_{friend}" for friend in converted}
