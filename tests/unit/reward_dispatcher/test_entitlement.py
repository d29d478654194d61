"""What a cleared conversion earns both sides, and what its reversal revokes."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.entitlement.conversion_rewards import grant_rewards
from referral.entitlement.earnable_rewards import earnable_rewards
from referral.entitlement.grants import ReferrerGrants
from referral.events.attributions import ReferrerKind
from referral.events.ids import reward_id
from referral.events.reward_rules import Reward
from referral.events.rewards import RewardGranted, RewardRevoked
from tests.support.builders.participants import AMY, PROGRAM, day, person_id
from tests.support.builders.reward_dispatcher import FIRST20, GUIDE, friend_conversion, reward_terms, rewards_of
from tests.support.scenarios.entitlement import Entitlement


def play(
    steps: list[tuple[bool, int]], kind: ReferrerKind = "follower"
) -> tuple[dict[str, RewardGranted], list[object], set[int]]:
    """Returns the rewards in effect, all lines, and the friends left after clearing (True) and reversing (False) friends."""
    entitlement = Entitlement(kind)
    for converts, friend in steps:
        entitlement.set_converted(friend, converts, reward_terms())
    return entitlement.rewards, entitlement.lines, entitlement.friends


def test_the_first_conversion_rewards_both_sides() -> None:
    """The friend gets the code, the referrer the guide; ids follow from program, rule, beneficiary and trigger."""
    active, _, _ = play([(True, 1)])
    assert set(active) == {
        reward_id(PROGRAM, "first20", person_id("xhs:friend1"), "cnv_1"),
        reward_id(PROGRAM, "guide", AMY.id, "milestone:1"),
    }


def test_a_rule_with_once_rewards_the_first_friend_only() -> None:
    """`once` is the milestone of one: the referrer gets no second guide for further friends."""
    active, _, _ = play([(True, 1), (True, 2)])
    assert sorted(line.rule for line in active.values()) == ["first20", "first20", "guide"]


def test_a_milestone_is_granted_at_its_number_and_revoked_below_it() -> None:
    """The third friend earns the bonus, and an unfollow revokes it with its own reason."""
    with_three, _, _ = play([(True, 1), (True, 2), (True, 3)])
    assert "bonus3" in {line.rule for line in with_three.values()}
    with_two, lines, _ = play([(True, 1), (True, 2), (True, 3), (False, 2)])
    assert "bonus3" not in {line.rule for line in with_two.values()}
    assert [line.reason for line in lines if isinstance(line, RewardRevoked)] == ["unfollowed", "milestone_lost"]


def test_holding_and_expiry_count_from_the_conversion() -> None:
    """The holding period begins with the conversion, the days of use when it ends."""
    entitlement = grant_rewards(
        friend_conversion(1, day(2)), rewards_of(reward_terms(holding_days=7)), ReferrerGrants()
    )
    code = next(line for line in entitlement.lines if line.rule == "first20")
    assert isinstance(code, RewardGranted)
    assert (code.due_at, code.expires_at) == (day(9), day(69))


def test_only_the_grant_of_a_generated_code_has_a_key() -> None:
    """Neither a guide nor an uploaded code has one."""
    terms = reward_terms(
        GUIDE, FIRST20, replace(FIRST20, id="plain", pool=None), replace(FIRST20, id="vip", pool="vip")
    )
    lines = grant_rewards(friend_conversion(1), earnable_rewards(terms, "follower", "a"), ReferrerGrants()).lines
    keys = {line.rule: line.code_key for line in lines if isinstance(line, RewardGranted)}
    assert keys == {"guide": None, "first20": "a", "plain": "a", "vip": None}


def test_a_milestone_with_another_number_is_not_paid_again() -> None:
    """A milestone is one promise: a new number in a new version does not pay it again under another trigger."""
    rule = Reward(id="bonus", to="referrer", on="milestone", referrals=1, kind="shoutout")
    first = grant_rewards(friend_conversion(1), rewards_of(reward_terms(rule)), ReferrerGrants())
    changed = reward_terms(replace(rule, referrals=2), version=2)
    assert not grant_rewards(friend_conversion(2), rewards_of(changed), first.referrer).lines


def test_a_milestone_for_the_referee_is_not_paid() -> None:
    """A milestone counts a referrer's friends; which of them got it would depend on who came last."""
    odd = reward_terms(Reward(id="odd", to="referee", on="milestone", referrals=1, kind="shoutout"))
    assert not grant_rewards(friend_conversion(1), rewards_of(odd), ReferrerGrants()).lines


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 6)), max_size=40))
def test_the_active_rewards_follow_from_the_friends_that_count(steps: list[tuple[bool, int]]) -> None:
    """After any clearings and reversals, the rewards are those of the friends that are left, with the same ids."""
    active, _, friends = play(steps)
    expected = {reward_id(PROGRAM, "first20", person_id(f"xhs:friend{n}"), f"cnv_{n}") for n in friends}
    expected |= {reward_id(PROGRAM, "guide", AMY.id, "milestone:1")} if friends else set()
    expected |= {reward_id(PROGRAM, "bonus3", AMY.id, "milestone:3")} if len(friends) >= 3 else set()
    assert set(active) == expected


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 6)), max_size=40))
def test_a_partner_earns_no_rewards_and_their_friends_do(steps: list[tuple[bool, int]]) -> None:
    """Partners have terms of their own: neither referrer rewards nor milestones. Their friends' rewards are not affected."""
    active, _, friends = play(steps, "partner")
    assert set(active) == {reward_id(PROGRAM, "first20", person_id(f"xhs:friend{n}"), f"cnv_{n}") for n in friends}
