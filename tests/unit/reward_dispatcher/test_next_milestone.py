"""The next milestone that a wallet promises: it is granted with exactly so many more friends, and not before."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.events.entities import ProgramVersion
from referral.events.program import Program
from referral.events.reward_rules import Caps, Conditions, Reward
from referral.events.section import Period
from reward_dispatcher.domain.next_milestone import cap_room, next_milestone
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


def with_caps(program: Program, caps: Mapping[Period, int]) -> ProgramVersion:
    """Returns the program's version with these caps."""
    terms = reward_terms(*program.rewards)
    return replace(terms, program=replace(terms.program, caps=Caps(per_referrer=dict(caps))))


@given(program=programs(), cap=st.integers(1, 15), friends=FRIENDS)
def test_what_a_cap_stops_is_neither_counted_nor_promised(program: Program, cap: int, friends: int) -> None:
    """The wallet says what the reward rules count, and names no reward that no further friend can reach."""
    terms, entitlement = with_caps(program, {"all": cap}), Entitlement()

    def earned_with(number: int) -> set[str]:
        for friend in range(number):
            entitlement.set_converted(friend, True, terms, "wechat")
        return {line.rule for line in entitlement.rewards.values() if line.role == "referrer"}

    before = earned_with(friends)
    counted = entitlement.referrer
    room = cap_room(terms.program.caps.per_referrer, counted.counts, terms.effective_from, "UTC")
    progress = next_milestone(rules_of_referrer(program), counted.conversions, room.ever)
    assert counted.conversions == min(friends, cap)
    if progress is None:
        assert earned_with(30) - before <= {"guide"}, "no milestone follows"
    else:
        assert progress.rule.id not in before
        assert progress.rule.id in earned_with(friends + progress.missing)


@pytest.mark.parametrize(
    ("counts", "ever", "full"),
    [
        ({}, 9, None),
        ({"cap|day|2026-11-24": 1}, 9, None),
        ({"cap|day|2026-11-24": 2, "cap|all|all": 2}, 7, "day"),
        ({"cap|day|2026-11-23": 2, "cap|all|all": 2}, 7, None),
        ({"cap|day|2026-11-24": 2, "cap|month|2026-11": 5, "cap|all|all": 8}, 1, "month"),
        ({"cap|all|all": 9}, 0, None),
        ({"cap|all|all": 12}, 0, None),
    ],
)
def test_the_longest_full_cap_says_until_when_no_friend_counts(
    counts: dict[str, int], ever: int, full: Period | None
) -> None:
    """By the day of the program's time zone: it is the 24th in Shanghai, and the 23rd in UTC."""
    caps: dict[Period, int] = {"day": 2, "month": 5, "all": 9}
    room = cap_room(caps, counts, datetime(2026, 11, 23, 17, tzinfo=UTC), "Asia/Shanghai")
    assert (room.ever, room.full) == (ever, full)
