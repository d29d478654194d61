"""A replay: what was recorded comes out as recorded, and other rules give what they would have given from the beginning."""

import random
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.replay.comparison import MAX_PEOPLE, AmountChange, BeforeAfter
from conversion_tracker.replay.replay_run import Progress, Replay, ReplayOutcome
from conversion_tracker.replay.worker import ReplayCancelled
from referral.events.entities import ProgramVersion
from referral.events.facts import BanDecision, Fact
from referral.events.line import ClockTicked
from referral.events.program import Program
from referral.events.reward_rules import Caps, Reward
from referral.topics import EVENTS
from tests.support.builders.conversion_tracker import (
    TOKENS,
    ban,
    catalog,
    follow,
    order_payment,
    order_refund,
    program_version,
    tick,
    token,
    unban,
    unfollow,
)
from tests.support.builders.histories import HISTORIES, PROGRAM_VERSIONS
from tests.support.builders.participants import AMY, BO, PROGRAM, day
from tests.support.examples import examples
from tests.support.scenarios.recorded_history import LATENESS_DAYS, RecordedHistory

REWARDS = (
    Reward(id="guide", to="referrer", on="conversion.cleared", kind="guide", once=True),
    Reward(id="code", to="referee", on="conversion.cleared", kind="discount_code"),
    Reward(id="bonus", to="referrer", on="milestone", referrals=2, kind="early_access"),
)
PEOPLE = st.sampled_from([f"xhs:friend{number}" for number in range(5)])
OTHERS = "prg_other"
SHUT_OUT = (AMY.id, "xhs:friend0")


def with_rewards(one: ProgramVersion) -> ProgramVersion:
    """The version, and what its conversions pay."""
    return replace(one, program=replace(one.program, rewards=REWARDS))


def replayed(live: RecordedHistory, rules: Program, since: datetime | None = None) -> ReplayOutcome:
    """The replay of the live log under these rules, of what happened from `since` on."""
    replay = Replay(rules, live.catalog, TOKENS, LATENESS_DAYS, lambda _: None, since)
    return replay.run(live, live.ends(EVENTS))


def mixed(
    histories: Sequence[list[Fact | BanDecision | ClockTicked]], chance: random.Random
) -> list[Fact | BanDecision | ClockTicked]:
    """Histories of several people dealt into one, some of it for another program, some of it twice."""
    lines: list[Fact | BanDecision | ClockTicked] = []
    for number, history in enumerate(histories):
        for line in history:
            if isinstance(line, ClockTicked):
                lines.append(line)
            else:
                program = OTHERS if chance.random() < 0.2 else PROGRAM
                lines.append(replace(line, id=f"evt_{len(lines)}", person=f"xhs:friend{number}", program=program))
        if chance.random() < 0.3:
            lines += [
                replace(one, person=chance.choice(SHUT_OUT)) for one in (ban(5), unban(6))[: chance.randint(1, 2)]
            ]
    lines += chance.choices(lines, k=len(lines) // 4) if lines else []
    chance.shuffle(lines)
    return [*lines, tick(30)]


def lived(
    live: RecordedHistory, lines: list[Fact | BanDecision | ClockTicked], chance: random.Random
) -> RecordedHistory:
    """The lines come, and the folds take them in bouts of their own, dying now and then."""
    for line in lines:
        live.append(line)
        while chance.random() < 0.3:
            live.run_once(chance.randint(0, 1))
        if chance.random() < 0.05:
            live.crash()
    live.drain()
    return live


@settings(max_examples=examples(30), suppress_health_check=list(HealthCheck))
@given(
    st.lists(HISTORIES, min_size=1, max_size=4),
    PROGRAM_VERSIONS,
    PROGRAM_VERSIONS,
    PROGRAM_VERSIONS,
    st.randoms(use_true_random=False),
)
def test_as_recorded_it_says_what_the_live_folds_said_and_other_rules_give_what_they_give_from_the_beginning(
    histories: list[list[Fact | BanDecision | ClockTicked]],
    first: ProgramVersion,
    second: ProgramVersion,
    other: ProgramVersion,
    chance: random.Random,
) -> None:
    """Two programs on the log, two versions of the rules, several people, ticks, duplicates, crashes.

    Every line of both live folds is found in the replay, none more. Under the other rules the referrals and referrers are those of
    live folds that have known no other rules.
    """
    versions = [with_rewards(first), with_rewards(replace(second, version=2, effective_from=day(9)))]
    elsewhere = replace(first, program=replace(first.program, id=OTHERS))
    lines = mixed(histories, chance)
    live = lived(RecordedHistory(catalog(*versions, elsewhere)), lines, chance)
    found = replayed(live, with_rewards(other).program)
    assert (found.consistency.differences, found.consistency.sample) == (0, ())
    anew = RecordedHistory(catalog(with_rewards(other)))
    anew.append(*lines)
    anew.drain()
    mine = RecordedHistory(catalog(*versions))
    mine.append(*lines)
    mine.drain()
    totals = found.comparison.totals
    assert totals.referrals == BeforeAfter(len(mine.counted_referrals()), len(anew.counted_referrals()))
    was, will = mine.referrers(), anew.referrers()
    moved = {person: (was.get(person), will.get(person)) for person in was.keys() | will.keys()}
    assert {one.person: (one.before, one.after) for one in found.comparison.people} == {
        person: pair for person, pair in moved.items() if pair[0] != pair[1]
    }
    for one in found.comparison.referrers:
        assert one.referrals.before == sum(referrer == one.participant for _, referrer in mine.counted_referrals())
        assert one.referrals.after == sum(referrer == one.participant for _, referrer in anew.counted_referrals())


def _simple(rewards: Sequence[Reward] = REWARDS) -> RecordedHistory:
    """Two friends of Amy's, one of whom also clicked Bo's link later; one ordered."""
    version = program_version(evidence=("click", "code"))
    live = RecordedHistory(catalog(replace(version, program=replace(version.program, rewards=tuple(rewards)))))
    for line in (
        replace(follow(1, 5, click=token(AMY, 2)), person="xhs:friend0"),
        replace(follow(2, 6, code="AMY88"), person="xhs:friend1"),
        replace(follow(3, 7, code="BO88", click=token(AMY, 1)), person="xhs:friend2"),
        replace(order_payment(4, 8, "o1"), person="xhs:friend1"),
    ):
        live.append(line)
        live.drain()
    return live


def test_the_greatest_change_stands_first_with_referrals_rewards_and_the_followers_that_moved() -> None:
    """Codes before clicks: friend2 is Bo's, and Amy keeps the milestone of two."""
    found = replayed(_simple(), with_rewards(program_version(evidence=("code", "click"))).program).comparison
    assert [(one.participant, one.referrals, one.rewards) for one in found.referrers] == [
        (BO.id, BeforeAfter(0, 1), BeforeAfter(0, 1)),  # as many referrals as Amy loses, and a reward more
        (AMY.id, BeforeAfter(3, 2), BeforeAfter(2, 2)),
    ]
    assert (found.gaining, found.losing, found.people_moved) == (1, 1, 1)
    assert [(one.person, one.before, one.after) for one in found.people] == [("xhs:friend2", AMY.id, BO.id)]
    assert (found.totals.referrals, found.totals.referrer_rewards) == (BeforeAfter(3, 3), BeforeAfter(2, 3))
    assert found.totals.friend_rewards == BeforeAfter(3, 3)


def test_rules_that_ask_for_an_order_leave_who_ordered() -> None:
    """Nobody's referrer changes, and two referrals do not pay."""
    asks = program_version(evidence=("click", "code"), qualifies_on="order.paid", min_amount=99, currency="CNY")
    found = replayed(_simple(), with_rewards(asks).program).comparison
    assert (found.totals.referrals, found.people_moved) == (BeforeAfter(3, 1), 0)


def test_orders_and_streaks_of_the_past_are_paid_under_rules_that_reward_them() -> None:
    """friend1 paid 100 yuan, of which 10% is Amy's; friends on three days in a row are a streak of three."""
    live = _simple()
    live.append(replace(order_refund(5, 9, "o1", amount=Decimal(40)), person="xhs:friend1"))
    live.drain()
    share = Reward(id="share", to="referrer", on="order.qualified", kind="credit", percent=10, currency="CNY")
    streak = Reward(id="streak", to="referrer", on="streak", streak=3, kind="credit", points=30)
    rules = program_version(evidence=("click", "code")).program
    found = replayed(live, replace(rules, rewards=(share, streak))).comparison.totals
    assert found.referrer_rewards == BeforeAfter(2, 2)
    assert found.values == (AmountChange("CNY", 0, 600), AmountChange("points", 0, 30))
    assert found.costs == (AmountChange("CNY", 0, 600),)
    capped = replace(rules, rewards=(share, streak), caps=Caps(per_referrer={"month": 2}))
    assert replayed(live, capped).comparison.totals.capped == BeforeAfter(0, 1)


def test_a_period_has_what_qualified_and_was_earned_in_it() -> None:
    """Only friend2 came after day 6.5. Amy has had her guide before; Bo gets his."""
    rules = replace(program_version(evidence=("code", "click")).program, rewards=REWARDS[:2])
    live = _simple(REWARDS[:2])
    outcome = replayed(live, rules, day(6.5))
    found = outcome.comparison
    assert [(one.participant, one.referrals, one.rewards) for one in found.referrers] == [
        (BO.id, BeforeAfter(0, 1), BeforeAfter(0, 1)),
        (AMY.id, BeforeAfter(1, 0), BeforeAfter(0, 0)),
    ]
    assert (found.totals.referrals, found.totals.friend_rewards) == (BeforeAfter(1, 1), BeforeAfter(1, 1))
    assert [one.person for one in found.people] == ["xhs:friend2"]
    assert outcome.consistency == replayed(live, rules).consistency


def test_what_happened_before_a_period_decides_what_is_earned_in_it() -> None:
    """The friend of day 6 is Amy's second: the milestone of two is earned in the period, by a friend of before as well."""
    rules = with_rewards(program_version(evidence=("click", "code"))).program
    found = replayed(_simple(), replace(rules, rewards=REWARDS[:2]), day(5.5)).comparison.totals
    assert found.referrals == BeforeAfter(2, 2)
    assert found.referrer_rewards == BeforeAfter(1, 0)  # the bonus, which the other rules do not have


@pytest.mark.parametrize(("since", "referrals"), [(day(0), 3), (day(9), 0)])
def test_a_period_may_be_everything_or_empty(since: datetime, referrals: int) -> None:
    """From before the first event on, a period is the whole past; after the last one, nothing is compared."""
    rules = with_rewards(program_version(evidence=("code", "click"))).program
    found, everything = replayed(_simple(), rules, since).comparison, replayed(_simple(), rules).comparison
    assert found.totals.referrals == BeforeAfter(referrals, referrals)
    assert (found == everything) == (referrals > 0)
    assert (found.referrers == ()) == (found.people == ()) == (referrals == 0)


def test_lines_that_are_not_as_recorded_are_counted_and_named() -> None:
    """A log on which somebody tampered, or folds that have changed since: the answer says that it is not to be trusted."""
    live = _simple()
    records = live.log.records
    place = next(place for place, found in records.items() if place[0] == "conversions" and found)
    changed = records[place][0].value.replace(b"conversion.cleared", b"conversion.rejected")
    records[place][0] = records[place][0]._replace(value=changed.replace(b'"program"', b'"reasons":["ban"],"program"'))
    found = replayed(live, with_rewards(program_version()).program).consistency
    assert (found.equal, found.differences) == (False, len(changed.split(b"\n")))
    assert {(one.recorded, one.replayed) for one in found.sample} == {("conversion.rejected", "conversion.cleared")}


def test_what_the_live_folds_have_not_come_to_yet_is_replayed_and_not_held_against_them() -> None:
    """They may be behind, or Redis may have been wiped: only what they must have said is compared."""
    live = _simple()
    live.append(
        replace(follow(9, 9, code="AMY88"), person="xhs:friend4"), replace(unfollow(10, 9), person="xhs:friend0")
    )
    found = replayed(live, with_rewards(program_version(evidence=("click", "code"))).program)
    assert (found.consistency.equal, found.consistency.lines) == (True, 9)  # three lines a referral
    assert found.comparison.totals.referrals == BeforeAfter(3, 3)


def test_many_followers_that_moved_are_counted_and_some_of_them_shown() -> None:
    """The answer is bounded, and says how many there are."""
    live = RecordedHistory(catalog(program_version()))
    many = MAX_PEOPLE + 20
    live.append(*(replace(follow(number, 5, code="AMY88"), person=f"xhs:p{number}") for number in range(many)))
    live.drain()
    found = replayed(live, program_version(evidence=("mention",)).program).comparison
    assert (found.people_moved, len(found.people)) == (many, MAX_PEOPLE)


def test_it_tells_how_far_it_is_and_ends_when_nobody_wants_it() -> None:
    """Each phase, with its records and those in all; what is raised while telling ends the replay."""
    live, told = _simple(), list[tuple[str, int, int]]()

    def tell(progress: Progress) -> None:
        told.append((progress.phase, progress.records, progress.total))

    def refuse(progress: Progress) -> None:
        raise ReplayCancelled

    rules = program_version().program
    Replay(rules, live.catalog, TOKENS, LATENESS_DAYS, tell).run(live, live.ends(EVENTS))
    assert list(dict.fromkeys(phase for phase, _, _ in told)) == ["attributing", "screening", "comparing"]
    assert [one for one in told if one[0] == "attributing"][-1] == ("attributing", 4, 4)
    with pytest.raises(ReplayCancelled):
        Replay(rules, live.catalog, TOKENS, LATENESS_DAYS, refuse).run(live, live.ends(EVENTS))
