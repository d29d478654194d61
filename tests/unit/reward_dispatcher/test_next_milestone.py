"""The next milestone that a wallet promises: it is granted with exactly so many more friends, and not before."""

from hypothesis import given
from hypothesis import strategies as st

from referral.events.program import Program
from referral.events.reward_rules import Conditions, Reward
from reward_dispatcher.domain.next_milestone import next_milestone
from tests.support.builders.reward_dispatcher import FIRST20, GUIDE, reward_terms
from tests.support.scenarios.entitlement import Entitlement

FRIENDS = st.integers(0, 12)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Returns a program with milestones, some for friends of one channel only, among rules that are none."""
    numbers = draw(st.lists(st.tuples(st.integers(1, 15), st.booleans()), max_size=5))
    milestones = [
        Reward(
            id=f"m{index}",
            to="referrer",
            on="milestone",
            referrals=number,
            kind="early_access",
            where=Conditions(channels=("weibo",)) if conditional else Conditions(),
        )
        for index, (number, conditional) in enumerate(numbers)
    ]
    others = draw(st.lists(st.sampled_from([GUIDE, FIRST20]), unique_by=lambda rule: rule.id))
    return reward_terms(*draw(st.permutations([*milestones, *others])) or [FIRST20]).program


def rules_of_referrer(program: Program) -> list[Reward]:
    """Returns the rules that the wallet passes."""
    return [rule for rule in program.rewards if rule.to == "referrer"]


def earned_by(program: Program, friends: int) -> set[str]:
    """Returns the rules of Amy's rewards once so many of her friends count, none of them through Weibo."""
    entitlement, terms = Entitlement(), reward_terms(*program.rewards)
    for friend in range(friends):
        entitlement.set_converted(friend, True, terms, "wechat")
    return {line.rule for line in entitlement.rewards.values() if line.role == "referrer"}


@given(program=programs(), friends=FRIENDS)
def test_the_promised_reward_comes_with_the_last_missing_friend_and_not_before(program: Program, friends: int) -> None:
    """Whatever else the program has: the rules that grant rewards keep what the wallet says."""
    progress = next_milestone(rules_of_referrer(program), friends)
    if progress is None:
        assert earned_by(program, friends) == earned_by(program, 20), "further friends reach nothing"
        return
    assert progress.missing >= 1
    assert progress.rule.id not in earned_by(program, progress.needed - 1)
    assert progress.rule.id in earned_by(program, friends + progress.missing)


@given(program=programs(), friends=FRIENDS)
def test_no_milestone_in_between_is_left_out(program: Program, friends: int) -> None:
    """What is earned stays the same until the promised number, so the promise is the nearest one."""
    progress = next_milestone(rules_of_referrer(program), friends)
    if progress is not None:
        assert earned_by(program, friends) == earned_by(program, progress.needed - 1)


@given(program=programs(), friends=FRIENDS)
def test_a_further_friend_never_moves_the_promise_away(program: Program, friends: int) -> None:
    """One more friend leaves one fewer missing, until the milestone is reached; then a later one follows, or none."""
    before, after = (next_milestone(rules_of_referrer(program), number) for number in (friends, friends + 1))
    if before is None:
        assert after is None
    elif before.missing > 1:
        assert after is not None
        assert (after.rule, after.missing) == (before.rule, before.missing - 1)
    else:
        assert after is None or after.needed > before.needed


def test_of_two_with_the_same_number_the_first_of_the_program_is_named() -> None:
    """So that the wallet names the same one each time."""
    first, second = (Reward(id=id, to="referrer", on="milestone", referrals=3, kind="gift") for id in ("b", "a"))
    progress = next_milestone([first, second], 1)
    assert progress is not None
    assert (progress.rule.id, progress.friends, progress.needed, progress.missing) == ("b", 1, 3, 2)
