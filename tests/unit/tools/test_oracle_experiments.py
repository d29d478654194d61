"""The oracle's experiments: who counts with what, bounds by its own formulas, and decisions at the system's looks."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.statistics.proportion import wilson_interval
from leaderboard.statistics.ratio import PairSums
from leaderboard.statistics.sample_ratio import sample_ratio_p_value
from leaderboard.statistics.uplift import confidence_sequence, log_ratio
from referral.events.content import CallToAction, ContentItem, Experiment
from referral.events.facts import Content, ContentShared, ContentShown, Fact, Shared
from referral.events.program import Program
from referral_tools.oracle import Click, ExpectedExperiment, ExperimentLook, Journal, Oracle, PairTotals
from referral_tools.oracle.experiment_bounds import bounds, split_probability, totals_of, wilson
from tests.support.builders.journals import (
    AMY,
    BEN,
    PROGRAM,
    follow,
    hour,
    journal_person_id,
    journal_program,
    unfollow,
)

CTAS = tuple(CallToAction(id=id, placement="caption", text={"en": id}) for id in ("tag", "save"))
ITEM = ContentItem(id="hacks", format="helpful", mechanics=("practical_value",), ctas=CTAS)
EXPERIMENT = Experiment(id="exp_1", variants=("tag", "save"), metric="follows_per_impression")
DAY = 24
PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 50)), min_size=2, max_size=30)


def program(experiment: Experiment = EXPERIMENT) -> Program:
    """A program with one item, whose calls to action are compared."""
    return replace(journal_program(), content=(replace(ITEM, experiment=experiment),))


def shown(person: str, at: float, cta: str | None = "tag") -> ContentShown:
    """An impression of the item."""
    data = Content(content="hacks", cta=cta)
    return ContentShown(
        id=f"evt_shown_{person}_{at}_{cta}", program=PROGRAM, person=person, occurred_at=hour(at), data=data
    )


def shared(person: str, at: float) -> ContentShared:
    """A share of the item."""
    data = Shared(content="hacks")
    return ContentShared(
        id=f"evt_shared_{person}_{at}", program=PROGRAM, person=person, occurred_at=hour(at), data=data
    )


def found(
    facts: Iterable[Fact],
    at: float,
    clicks: dict[str, Click] | None = None,
    experiment: Experiment = EXPERIMENT,
    looks: Iterable[ExperimentLook] = (),
) -> ExpectedExperiment:
    """The experiment as the oracle has it at a time, in hours."""
    rules = program(experiment)
    journal = Journal(list(facts), [AMY, BEN], clicks or {}, clock=hour(at), looks=list(looks))
    return Oracle(rules, journal_person_id).facts(journal).experiments["exp_1"]


def test_a_person_counts_once_their_window_is_over_for_what_they_saw_first() -> None:
    """What is before or after the window does not count, and another variant is only reported."""
    facts = [shown("xhs:amy", 1), shown("xhs:amy", 5, "save"), shown("xhs:amy", 1 + 7 * DAY), shown("xhs:amy", 2, None)]
    assert found(facts, 7 * DAY).people == 0
    experiment = found([*facts, facts[0]], 7 * DAY + 1)
    assert (experiment.people, experiment.variants["tag"].totals.y, experiment.variants["tag"].multiple) == (1, 2, 1)
    assert experiment.since_s == int(hour(1).timestamp())
    assert experiment.multiple_share == 1


def test_friends_count_for_the_root_of_the_chain() -> None:
    """A friend who came by the link of a friend counts for who began the chain; another variant makes the chain mixed."""
    clicks = {
        "first": Click(AMY.code, hour(2), content="hacks", cta="tag"),
        "second": Click(BEN.code, hour(3), content="hacks", cta="save", root=AMY.id),
        "other": Click(BEN.code, hour(3), content="another"),
    }
    follows = [follow(number, 4, click=click) for number, click in enumerate(clicks)]
    experiment = found([shown("xhs:amy", 1), shown("xhs:ben", 1, "save"), *follows], 8 * DAY, clicks)
    assert experiment.variants["tag"].totals.x == 2
    assert experiment.variants["tag"].mixed == 1
    assert experiment.variants["save"].totals.x == 0


def test_who_came_through_the_item_is_no_root() -> None:
    """The split is that of the others; who came by another item is one of them, and who left again is not."""
    clicks = {
        "first": Click(AMY.code, hour(2), content="hacks", cta="tag"),
        "other": Click(BEN.code, hour(3), content="another"),
    }
    follows = [follow(number, 4, click=click) for number, click in enumerate(clicks)]
    seen = [shown(one.person, 5) for one in follows]
    facts = [shown("xhs:amy", 1, "save"), *follows, *seen]
    for experiment in (found(facts, 8 * DAY + 5, clicks), found([*facts, unfollow(0, 6)], 8 * DAY + 5, clicks)):
        assert (experiment.variants["tag"].totals.n, experiment.variants["tag"].roots) == (2, 1)
        assert experiment.variants["save"].roots == 1
        assert experiment.split_probability == 1


def test_shares_count_per_impression() -> None:
    """Only those in the window, whatever was shared before the first impression."""
    by_shares = replace(EXPERIMENT, metric="shares_per_impression")
    facts = [shared("xhs:amy", 0), shown("xhs:amy", 1), shared("xhs:amy", 2), shared("xhs:amy", 2 + 7 * DAY)]
    assert found(facts, 8 * DAY, experiment=by_shares).variants["tag"].totals == PairTotals(1, 1, 1, 1, 1, 1)


@given(PAIRS, PAIRS)
def test_bounds_are_those_of_the_system(treatment: list[tuple[int, int]], control: list[tuple[int, int]]) -> None:
    """Two implementations of the same papers, one on floats of sums, the other on fractions."""
    totals = totals_of(treatment), totals_of(control)
    sums = [PairSums(one.n, one.x, one.y, one.xx, one.yy, one.xy) for one in totals]
    estimate, own = log_ratio(*sums), bounds(*totals, 1)
    if estimate is None or min(one.log_variance or 0 for one in totals) == 0:
        return
    assert own is not None
    theirs = confidence_sequence(estimate, 0.05, 1000)
    assert (own.value, own.low, own.high) == pytest.approx((theirs.value, theirs.low, theirs.high), rel=1e-9, abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 9)), min_size=2, max_size=5), st.integers(0, 50))
def test_alarms_are_those_of_the_system(split: list[tuple[int, int]], cases: int) -> None:
    """The probability of the split, and Wilson's interval."""
    people, weights = [one for one, _ in split], [one for _, one in split]
    assert split_probability(people, weights) == pytest.approx(sample_ratio_p_value(people, weights), rel=1e-9)
    assert wilson(cases, 50) == pytest.approx(wilson_interval(cases, 50, 0.05), rel=1e-9, abs=1e-12)


def look(at: datetime, people: int, better: int, partition: int = 0, multiple: int = 0) -> ExperimentLook:
    """A look at which each person has ten impressions, and `better` times as many friends by one variant as by the other."""
    totals = {
        name: totals_of([(1 + (number % 3 == 0), 10) for number in range(people)] * times)
        for name, times in (("save", 1), ("tag", 1))
    }
    tag = totals["tag"]
    more = PairTotals(tag.n, tag.x * better, tag.y, tag.xx * better**2, tag.yy, tag.xy * better)
    return ExperimentLook(
        "exp_1", partition, at, hour(0), {**totals, "tag": more}, multiple, {"save": people, "tag": people}
    )


def test_the_rule_decides_at_the_first_look_that_is_certain() -> None:
    """Not with too few people, too early, with people who saw several variants, or without a difference; then it does."""
    late = hour(9 * DAY)
    assert found([], 1, looks=[look(late, 149, 4)]).decided is None
    assert found([], 1, looks=[look(late - timedelta(days=3), 400, 4)]).decided is None
    assert found([], 1, looks=[look(late, 400, 4, multiple=9)]).decided is None
    assert found([], 1, looks=[look(late, 400, 1)]).decided is None
    assert found([], 1, looks=[look(late, 400, 4)]).decided == "tag"
    assert found([], 1, looks=[look(late, 75, 4), look(late, 75, 4, partition=1)]).decided == "tag"
    assert found([], 1, looks=[look(late, 400, 4), look(late, 400, 1)]).decided == "tag"
    manual = replace(EXPERIMENT, automatic_end=False)
    assert found([], 1, experiment=manual, looks=[look(late, 400, 4)]).decided is None
