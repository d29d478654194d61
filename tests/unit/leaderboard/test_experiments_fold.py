"""Experiments count people whose window is over, each once, whatever the order of lines; and decide once."""

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.domain.experiment_sums import ExperimentSums, VariantSums, from_totals, to_totals
from leaderboard.domain.exposure import MAX_EVENTS, Exposure
from leaderboard.folds.activity_fold import ActivityFold
from leaderboard.folds.experiments_fold import ExperimentsFold
from leaderboard.folds.growth_fold import GrowthFold
from leaderboard.statistics.ratio import PairSums
from referral.catalog.view import Catalog
from referral.decided_experiments import decision_board
from referral.events.attributions import attribution_key
from referral.events.experiments import (
    ExperimentDecided,
    ExperimentFollowed,
    ExperimentInvited,
    ExperimentMeasured,
    ExperimentPersonBanned,
    ExperimentSummed,
    ExperimentUnfollowed,
    experiment_line_key,
)
from referral.events.facts import PersonBanned, PersonUnbanned, fact_key
from referral.events.line import ClockTicked
from referral.events.timestamps import DAY_MS, to_ms
from referral.log.memory_log import MemoryLog
from tests.support.builders.experiments import (
    EXPERIMENT,
    EXPERIMENT_VERSION,
    ITEM,
    PROGRAM_WITH_EXPERIMENT,
    followed,
    shared,
    shown,
    sums_of_people,
    unfollowed,
)
from tests.support.builders.participants import PROGRAM, START, person_id
from tests.support.folds import FoldFeed, LogFold

AMY = person_id("xhs:amy")
LATENESS_DAYS = 35
CATALOG = Catalog([EXPERIMENT_VERSION])
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def tick(days: float) -> ClockTicked:
    """The clock, some days after the start."""
    return ClockTicked(occurred_at=START + days * DAY, id=f"tick_{days}")


def measured_lines(lines: list[Any], *ticks: ClockTicked) -> list[ExperimentMeasured]:
    """What the activity fold measures of events and ticks."""
    feed = FoldFeed(ActivityFold(LATENESS_DAYS, 1), CATALOG, only_loaded=True)
    return measured_of(feed.feed([*lines, *ticks], to_ms(START)))


def measured_of(lines: list[Any]) -> list[ExperimentMeasured]:
    """Those lines that measure a person: a tick leads to reports of closed boards, too."""
    return [line for line in lines if isinstance(line, ExperimentMeasured)]


def figures(line: ExperimentMeasured) -> tuple[str, int, int, int]:
    """Variant, impressions, shares and variants seen."""
    return line.variant, line.shown, line.shares, line.variants


def test_a_window_is_measured_when_it_is_over() -> None:
    """It begins with the first impression; what happened before or after it does not count."""
    lines = [
        shared(AMY, START),
        shown(AMY, START + HOUR),
        shown(AMY, START + 2 * DAY),
        shared(AMY, START + 3 * DAY),
        shown(AMY, START + HOUR + 7 * DAY),
        shared(AMY, START + HOUR + 7 * DAY),
    ]
    assert measured_lines(lines, tick(7)) == []
    [line] = measured_lines(lines, tick(7), tick(7.1), tick(9))
    assert figures(line) == ("tag", 2, 1, 1)
    assert (line.window_start, line.window_end) == (START + HOUR, START + HOUR + 7 * DAY)
    assert (line.person, line.experiment) == (AMY, "exp_cta1")


def test_what_names_no_variant_or_no_experiment_is_no_exposure() -> None:
    """A share alone measures no one either."""
    other = replace(shown(AMY, START), data=replace(shown(AMY, START).data, content="other"))
    assert (
        measured_lines([shown(AMY, START, None), shown(AMY, START, "last"), other, shared(AMY, START)], tick(9)) == []
    )


@given(order=st.permutations(range(5)), late=st.integers(0, 5))
def test_any_order_of_events_measures_the_same(order: list[int], late: int) -> None:
    """Those that arrive once the window was measured correct the line: the last one is valid."""
    lines = [
        shown(AMY, START + 3 * HOUR, "save"),
        shown(AMY, START + HOUR, "tag"),
        shown(AMY, START + DAY, "tag"),
        shared(AMY, START + 2 * DAY),
        shared(AMY, START + 7 * DAY),
    ]
    arriving = [lines[index] for index in order]
    found = measured_lines([*arriving[:late], tick(7.5), *arriving[late:], tick(7.6), tick(15)])
    assert figures(found[-1]) == ("tag", 3, 2, 2)


def test_events_that_are_too_late_start_no_second_window() -> None:
    """What is left of a person is a mark that they were measured."""
    feed = FoldFeed(ActivityFold(LATENESS_DAYS, 1), CATALOG)
    assert len(measured_of(feed.feed([shown(AMY, START), tick(7), tick(7 + LATENESS_DAYS)], to_ms(START)))) == 1
    late = [shown(AMY, START + 50 * DAY), shared(AMY, START + 50 * DAY), tick(99)]
    assert measured_of(feed.feed(late, to_ms(START + 50 * DAY))) == []
    [state] = [one for one in feed.all_states() if isinstance(one, Exposure)]
    assert state == Exposure("exp_cta1", is_measured=True, is_closed=True)


def test_a_person_has_at_most_so_many_events() -> None:
    """Otherwise one person's state would grow without a limit."""
    exposure = Exposure("exp_cta1")
    for second in range(MAX_EVENTS + 5):
        exposure = exposure.with_impression(second, "tag").with_share(second)
    assert len(exposure.shown) == len(exposure.shares) == MAX_EVENTS


def test_a_second_experiment_of_an_item_has_windows_of_its_own() -> None:
    """It replaces the first one's state; what is left of that does not count for it."""
    second = replace(ITEM, experiment=replace(EXPERIMENT, id="exp_cta2"))
    later = replace(
        EXPERIMENT_VERSION,
        version=2,
        effective_from=START + 30 * DAY,
        program=replace(PROGRAM_WITH_EXPERIMENT, content=(second,)),
    )
    feed = FoldFeed(ActivityFold(LATENESS_DAYS, 1), Catalog([EXPERIMENT_VERSION, later]))
    lines = [shown(AMY, START), tick(7), shown(AMY, START + 31 * DAY), shared(AMY, START + 8 * DAY), tick(38)]
    first, other = measured_of(feed.feed(lines, to_ms(START + 31 * DAY)))
    assert (first.experiment, other.experiment) == ("exp_cta1", "exp_cta2")
    assert figures(other) == ("tag", 1, 0, 1)


def test_a_follow_through_the_item_is_forwarded_and_its_reversal_too() -> None:
    """Follows by other evidence are none of the experiment's."""
    feed = FoldFeed(GrowthFold(1), CATALOG, only_loaded=True)
    follow = followed("bob", AMY, START + DAY, "save")
    plain = replace(follow, id="ref_plain", evidence=replace(follow.evidence, content=None, cta=None))
    other = replace(follow, id="ref_other", evidence=replace(follow.evidence, content="other"))
    line, invited = feed.feed([follow, plain, other])
    assert isinstance(line, ExperimentFollowed)
    assert (line.person, line.referral, line.variant, line.followed_at) == (AMY, follow.id, "save", START + DAY)
    assert isinstance(invited, ExperimentInvited)
    assert (invited.person, invited.referral, invited.invited) == (follow.person, follow.id, True)
    [gone] = feed.feed([unfollowed(plain), unfollowed(other), unfollowed(follow), unfollowed(follow)])
    assert gone == ExperimentUnfollowed(
        occurred_at=START + DAY + HOUR, program=PROGRAM, experiment="exp_cta1", person=AMY, referral=follow.id
    )


def test_a_follow_down_the_chain_counts_for_who_began_it_until_it_is_undone() -> None:
    """The referrer passed on what the root had shared; the reversal names the referrer only."""
    feed = FoldFeed(GrowthFold(1), CATALOG, only_loaded=True)
    follow = followed("cat", "bob", START + DAY)
    follow = replace(follow, evidence=replace(follow.evidence, root=AMY))
    lines = feed.feed([follow, unfollowed(follow)])
    assert [(type(line), line.person) for line in lines] == [
        (ExperimentFollowed, AMY),
        (ExperimentInvited, follow.person),
        (ExperimentUnfollowed, AMY),
    ]


def test_an_invitation_is_taken_back_by_a_correction_alone() -> None:
    """Who leaves, or is banned, was invited all the same."""
    for reason, expected in (("unfollowed", []), ("banned", []), ("corrected", [False])):
        feed = FoldFeed(GrowthFold(1), CATALOG, only_loaded=True)
        follow = followed("bob", AMY, START + DAY, "save")
        feed.feed([follow])
        lines = feed.feed([replace(unfollowed(follow), reason=reason)])
        assert [line.invited for line in lines if isinstance(line, ExperimentInvited)] == expected, reason


def measured(person: str, shown: int, shares: int, variant: str = "tag", variants: int = 1) -> ExperimentMeasured:
    """A window of a week from the start."""
    return ExperimentMeasured(
        occurred_at=START + 7 * DAY,
        program=PROGRAM,
        experiment="exp_cta1",
        person=person,
        variant=variant,
        window_start=START,
        window_end=START + 7 * DAY,
        shown=shown,
        shares=shares,
        variants=variants,
    )


def credited(person: str, referral: str, days: float, variant: str | None = None) -> ExperimentFollowed:
    """A friend's follow, some days after the start."""
    at = START + days * DAY
    return ExperimentFollowed(
        occurred_at=at,
        program=PROGRAM,
        experiment="exp_cta1",
        person=person,
        referral=referral,
        followed_at=at,
        variant=variant,
    )


def invitation(person: str, referral: str, invited: bool = True) -> ExperimentInvited:
    """A friend brought the person, or does no longer."""
    return ExperimentInvited(
        occurred_at=START, program=PROGRAM, experiment="exp_cta1", person=person, referral=referral, invited=invited
    )


def withdrawn(follow: ExperimentFollowed) -> ExperimentUnfollowed:
    """The follow counts no longer."""
    return ExperimentUnfollowed(
        occurred_at=START, program=PROGRAM, experiment="exp_cta1", person=follow.person, referral=follow.referral
    )


def sums_after(lines: list[Any]) -> ExperimentSums:
    """The sums that the lines lead to."""
    feed = FoldFeed(ExperimentsFold(), CATALOG, only_loaded=True)
    feed.feed(lines, to_ms(START))
    found: ExperimentSums | None = feed.state(f"sums:{PROGRAM}|exp_cta1")
    return found or ExperimentSums()


LINES: list[Any] = [
    measured(AMY, 10, 2),
    credited(AMY, "ref_1", 1, "tag"),
    credited(AMY, "ref_2", 6.9, "save"),
    credited(AMY, "ref_3", 7),
    measured("bob", 4, 0, "save", variants=2),
    credited("cat", "ref_4", 1),
    invitation("bob", "ref_1"),
    invitation("bob", "ref_2"),
]
SUMS = ExperimentSums(
    {
        "save": VariantSums(PairSums(1, 0, 4, 0, 16, 0), PairSums(1, 0, 4, 0, 16, 0), multiple=1),
        "tag": VariantSums(PairSums(1, 2, 10, 4, 100, 20), PairSums(1, 2, 10, 4, 100, 20), mixed=1, roots=1),
    },
    int(START.timestamp()),
)


@given(order=st.permutations(LINES))
def test_any_order_of_lines_gives_the_same_sums(order: list[Any]) -> None:
    """Follows count within the window; who was not measured does not count; chains that mix variants are counted."""
    assert sums_after(order) == SUMS


@given(order=st.permutations(LINES))
def test_what_is_corrected_or_undone_changes_the_sums_as_if_it_had_never_been(order: list[Any]) -> None:
    """A later measurement of a person replaces the earlier one; a follow that is undone does not count."""
    extra = credited("bob", "ref_9", 2, "tag")
    wrong = [measured(AMY, 3, 3, "save"), extra, credited(AMY, "ref_1", 1, "tag")]
    assert sums_after([*wrong, *order, withdrawn(extra)]) == SUMS


@given(order=st.permutations([measured("bob", 4, 0), *(invitation("bob", f"ref_{number}") for number in range(3))]))
def test_a_person_is_invited_until_each_of_their_referrals_is_corrected(order: list[Any]) -> None:
    """Whichever came first."""
    alone = sums_after([measured("bob", 4, 0)])
    taken_back = [invitation("bob", f"ref_{number}", False) for number in range(3)]
    assert alone.variants["tag"].roots == 1
    assert sums_after([*order, *taken_back[:2]]).variants["tag"].roots == 0
    assert sums_after([*order, *taken_back]) == alone


def ban(person: str, banned: bool = True) -> ExperimentPersonBanned:
    """A ban of a person, or its end, as the activity fold forwards it."""
    return ExperimentPersonBanned(
        occurred_at=START, program=PROGRAM, person=person, experiments=("exp_cta1", "exp_old"), banned=banned
    )


@given(order=st.permutations([*LINES, ban(AMY), ban(AMY)]))
def test_a_banned_person_is_in_no_sums_until_the_ban_is_lifted(order: list[Any]) -> None:
    """Whether they were banned before or after what they did; a second ban changes nothing."""
    assert sums_after(order) == ExperimentSums({"save": SUMS.variants["save"]}, SUMS.since_s)
    assert sums_after([*order, ban(AMY, False)]) == SUMS


def test_a_ban_is_forwarded_with_all_experiments_that_the_program_has_had() -> None:
    """An earlier version's experiment is still shown; a program that never had one gets no line."""
    other = replace(ITEM, experiment=replace(EXPERIMENT, id="exp_older"))
    older = replace(EXPERIMENT_VERSION, program=replace(PROGRAM_WITH_EXPERIMENT, content=(other,)))
    newer = replace(EXPERIMENT_VERSION, version=2)
    banned = PersonBanned(id="b1", occurred_at=START, program=PROGRAM, person=AMY, by="ops", note="")
    lifted = PersonUnbanned(id="b2", occurred_at=START, program=PROGRAM, person=AMY, by="ops", note="")
    feed = FoldFeed(ActivityFold(LATENESS_DAYS, 1), Catalog([older, newer]), only_loaded=True)
    lines = feed.feed([banned, lifted])
    assert [(line.person, line.experiments, line.banned) for line in lines] == [
        (AMY, ("exp_cta1", "exp_older"), True),
        (AMY, ("exp_cta1", "exp_older"), False),
    ]
    without = replace(EXPERIMENT_VERSION, program=replace(PROGRAM_WITH_EXPERIMENT, content=()))
    assert FoldFeed(ActivityFold(LATENESS_DAYS, 1), Catalog([without])).feed([banned]) == []


def summed(partition: int, tag: VariantSums, save: VariantSums, days: float = 30) -> ExperimentSummed:
    """What a partition has, some days after the start."""
    return ExperimentSummed(
        occurred_at=START + days * DAY,
        program=PROGRAM,
        experiment="exp_cta1",
        partition=partition,
        since=START,
        variants=to_totals({"save": save, "tag": tag}),
    )


GOOD, POOR = sums_of_people([(3, 10), (2, 10)] * 60), sums_of_people([(1, 10), (0, 10)] * 60)


def test_the_sums_of_all_partitions_decide_once() -> None:
    """A partition's later sums replace its earlier ones, also if they arrive first."""
    feed = FoldFeed(ExperimentsFold(), CATALOG, only_loaded=True)
    assert feed.feed([summed(0, GOOD, POOR), summed(0, GOOD, POOR, 31), summed(0, POOR, GOOD, 29)]) == []
    [decided] = feed.feed([summed(1, GOOD, POOR, 32)])
    assert isinstance(decided, ExperimentDecided)
    assert (decided.variant, decided.people, decided.metric) == ("tag", 480, "shares_per_impression")
    assert decided.low > 0
    assert feed.scores[decision_board(PROGRAM, "exp_cta1"), "tag"] == to_ms(decided.occurred_at)
    assert feed.feed([summed(2, GOOD, POOR, 33), decided]) == []


def test_an_experiment_that_ends_by_hand_or_was_removed_is_not_decided() -> None:
    """The rule is that of the program version in force."""
    by_hand = replace(ITEM, experiment=replace(EXPERIMENT, automatic_end=False))
    for content in ((by_hand,), ()):
        version = replace(EXPERIMENT_VERSION, program=replace(PROGRAM_WITH_EXPERIMENT, content=content))
        feed = FoldFeed(ExperimentsFold(), Catalog([version]))
        assert feed.feed([summed(0, GOOD, POOR), summed(1, GOOD, POOR)]) == []


def test_events_and_follows_lead_to_a_decision_through_all_three_folds() -> None:
    """On one log, with partitions: who saw the better call to action shares more, and the experiment says so."""
    log_clock = LogFold(ActivityFold(LATENESS_DAYS, 1), CATALOG)
    log: MemoryLog = log_clock.log
    activity, growth = log_clock, LogFold(GrowthFold(1), CATALOG, log)
    experiments = LogFold(ExperimentsFold(), CATALOG, log)
    events: list[Any] = []
    for number in range(320):
        person, cta = person_id(f"p{number}"), "tag" if number % 2 else "save"
        events += [shown(person, START + hour * HOUR, cta) for hour in range(5)]
        events += [shared(person, START + hour * HOUR) for hour in range(1 + 2 * (cta == "tag") + number % 3 // 2)]
    activity.append((fact_key(line), line) for line in events)
    follow = followed("friend", person_id("p1"), START + DAY)
    growth.append([(attribution_key(follow), follow)])
    for fold in (activity, growth):
        fold.append_tick(tick(8))
        fold.drain()
    activity.clock.advance(8 * DAY_MS)
    experiments.drain()
    experiments.append_tick(tick(16))
    experiments.drain()
    kinds = [msgspec.json.decode(raw) for raw in log.lines("standings")]
    [decided] = [line for line in kinds if line["type"] == "experiment.decided"]
    assert (decided["variant"], decided["people"]) == ("tag", 320)
    sums = [
        from_totals(msgspec.convert(line, ExperimentSummed).variants)
        for line in kinds
        if line["type"] == "experiment.summed"
    ]
    assert sum(one["tag"].follows.x for one in sums if "tag" in one) == 1
    assert experiment_line_key(msgspec.convert(decided, ExperimentDecided)) == f"{PROGRAM}|experiment:exp_cta1"
    assert not activity.rejected
