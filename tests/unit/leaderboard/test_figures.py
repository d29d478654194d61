"""Figures: pure functions of the facts of periods, with intervals, groups and the range before."""

from collections.abc import Sequence
from math import ceil

import pytest
from flask import Flask
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.activity import Activity
from leaderboard.domain.estimate import ENOUGH_CASES, Estimate, change_between, count, mean, rate, share, top_tenth
from leaderboard.domain.figure_series import MAX_GROUPS, Series, figure_series
from leaderboard.domain.figure_table import FIGURES, SOURCE_EVENTS, Figure, FigureId, Split
from leaderboard.domain.growth import Growth
from leaderboard.domain.period_facts import PeriodFacts, retention_of_day, total
from leaderboard.domain.spread import PeopleSums, Spread
from leaderboard.pages.figure_texts import GROUP_TEXTS, TEXTS, in_words
from referral.events.examples import examples
from referral.pages import design

NUMBERS = st.integers(0, 400)
COUNTS = st.dictionaries(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), st.integers(1, 90), max_size=20)


@st.composite
def growths(draw: st.DrawFn) -> Growth:
    """Counts as the fold makes them: no more qualified than attributed, and channels within them."""
    channels = draw(st.dictionaries(st.sampled_from(["wechat", "weibo", "web"]), st.integers(1, 50), max_size=3))
    attributed = sum(channels.values()) + draw(NUMBERS)
    parts = {"content:a": attributed // 2, "cta:a/tag": attributed // 3, "partner:kol": attributed // 4}
    departures = draw(st.dictionaries(st.sampled_from(["r1", "r7", "r30", "r", "d1", "d30", "d"]), st.integers(1, 30)))
    return Growth(attributed, draw(st.integers(0, attributed)), draw(NUMBERS), channels, departures, parts)


@st.composite
def facts_of_periods(draw: st.DrawFn) -> PeriodFacts:
    """Facts with people of three generations, all of whom are old enough."""
    growth, excluded = draw(growths()), draw(growths())
    first = draw(st.integers(0, growth.attributed))
    generations = {"0": growth.unattributed, "1": first, "2": growth.attributed - first, "unknown": excluded.followers}
    friends = draw(st.lists(st.integers(0, 9), min_size=4, max_size=4))
    measured = {
        name: PeopleSums(number, min(number, many) * 2, min(number, many) * 4)
        for (name, number), many in zip(generations.items(), friends, strict=True)
    }
    waits = {hours: hours % 5 + 1 for hours in draw(st.sets(st.integers(0, 400), max_size=8))}
    return PeriodFacts(
        growth,
        excluded,
        draw(st.builds(Activity, NUMBERS, NUMBERS, NUMBERS, NUMBERS)),
        draw(NUMBERS),
        draw(COUNTS),
        draw(COUNTS),
        draw(NUMBERS),
        Spread(generations, measured, waits),
        retention_of_day(growth, lambda age: age < 30 or bool(first % 2)),
    )


FACTS = facts_of_periods()
PERIODS = st.lists(FACTS, min_size=1, max_size=4)


def brackets(estimate: Estimate) -> bool:
    """Whether the bounds enclose the value."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return True
    slack = 1e-9 * max(1.0, estimate.value)
    return estimate.low - slack <= estimate.value <= estimate.high + slack


@given(points=PERIODS, before=PERIODS)
def test_every_estimate_of_a_figure_is_enclosed_by_its_bounds(
    points: list[PeriodFacts], before: list[PeriodFacts]
) -> None:
    """Shares are from 0 to 1; each series has as many points as the range; the whole is computed from the sum of the facts."""
    for name, figure in FIGURES.items():
        for by in (None, *figure.by):
            found = figure_series(figure, by, points, before)
            assert found.series[0].total == figure.compute(total(points)), name
            for series in found.series:
                _check_series(name, figure, series, len(points))


def _check_series(name: FigureId, figure: Figure, series: Series, length: int) -> None:
    estimates, place = [series.total, series.previous, *series.points], (name, series.key)
    assert len(series.points) == length, place
    assert all(map(brackets, estimates)), place
    if figure.measure == "share":
        assert all(one.value is None or 0 <= one.value <= 1 for one in estimates), place
    if figure.measure == "count" and name != "audience" and series.key != "none":
        assert series.total.value == sum(one.value or 0 for one in series.points), place


@given(points=PERIODS)
def test_the_sources_of_followers_add_up_to_all_of_them(points: list[PeriodFacts]) -> None:
    """Referred, discovered and those of banned referrers; the channels add up to those who are referred."""
    figure = FIGURES["followers"]
    whole, *sources = figure_series(figure, "source", points, points).series
    assert [one.key for one in sources] == ["referred", "discovered", "excluded"]
    assert sum(one.total.value or 0 for one in sources) == whole.total.value
    for by in ("channel", "content", "partner"):
        _, *groups = figure_series(figure, by, points, points).series  # type: ignore[arg-type] # a dimension
        assert sum(one.total.value or 0 for one in groups) == sources[0].total.value
    _, *degrees = figure_series(figure, "degree", points, points).series
    assert sum(one.total.value or 0 for one in degrees) == whole.total.value
    assert whole.change is not None
    assert whole.change.value == 0


@given(points=PERIODS)
def test_the_audience_ends_with_all_who_had_begun(points: list[PeriodFacts]) -> None:
    """Each point adds its followers to those before it."""
    series = figure_series(FIGURES["audience"], None, points, points).series[0]
    assert series.total.value == points[0].followers_before + sum(one.followers for one in points)


def test_the_ceiling_is_where_a_geometric_series_leads() -> None:
    """1,000 followers who bring half a friend each, who bring half a friend each, …, become 2,000; with K of 1 there is no end."""
    measured = {"0": PeopleSums(400, 200, 200)}
    facts = PeriodFacts(Growth(unattributed=1000), spread=Spread({"0": 1000}, measured))
    found = FIGURES["audience_ceiling"].compute(facts)
    assert found.value == pytest.approx(2000)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 2000 < found.high
    endless = PeriodFacts(Growth(unattributed=10), spread=Spread({"0": 10}, {"0": PeopleSums(10, 10, 10)}))
    assert FIGURES["audience_ceiling"].compute(endless).value is None
    assert FIGURES["k_factor"].compute(endless).value == 1


def test_retention_counts_who_stayed_of_those_who_are_old_enough() -> None:
    """Of ten referred people one left on the first day, two in the first week, and one after 30 days."""
    growth = Growth(attributed=6, unattributed=1, left={"r1": 1, "r7": 2, "r": 1, "d30": 3})
    facts = PeriodFacts(growth, retention=retention_of_day(growth, lambda age: True))
    retention = FIGURES["retention"]
    ages = {age: retention.by["age"].compute(facts, age) for age in ("1", "7", "30")}
    assert [(one.cases, one.n) for one in ages.values()] == [(13, 14), (11, 14), (8, 14)]
    assert retention.by["source"].compute(facts, "referred").value == 0.7
    assert retention.by["source"].compute(facts, "discovered").value == 0.25
    assert FIGURES["retention_ratio"].compute(facts).value == pytest.approx(2.8)
    assert retention_of_day(growth, lambda age: age < 7).keys() == {("referred", 1), ("discovered", 1)}


def test_the_reach_multiple_is_all_referred_people_for_each_of_the_first_degree() -> None:
    """Ten of degree 1, twelve beyond."""
    facts = PeriodFacts(spread=Spread({"0": 50, "1": 10, "2": 8, "3": 4, "unknown": 7}))
    assert FIGURES["reach_multiple"].compute(facts).value == pytest.approx(2.2)


def test_the_cycle_time_is_the_median_wait_in_days() -> None:
    """Full hours, each at its middle."""
    facts = PeriodFacts(spread=Spread(cycle_hours={24: 3, 48: 1, 12: 1}))
    assert FIGURES["cycle_time"].compute(facts).value == pytest.approx(24.5 / 24)


@given(counts=st.lists(st.integers(0, 60), max_size=40))
def test_the_share_of_the_top_tenth_is_that_of_the_largest_counts(counts: list[int]) -> None:
    """Of ten people one, of eleven two; people without a friend are not among them."""
    ranked = sorted((number for number in counts if number), reverse=True)
    found = top_tenth(counts)
    if not ranked:
        assert found == Estimate(None, 0)
        return
    assert found.value == pytest.approx(sum(ranked[: ceil(len(ranked) / 10)]) / sum(ranked))
    assert found.n == len(ranked)


@given(values=st.lists(st.integers(0, 50), min_size=2, max_size=30))
def test_a_mean_is_that_of_its_values_and_not_below_zero(values: list[int]) -> None:
    """Counts are not negative, so the lower bound is not either."""
    found = mean(values)
    assert found.value == pytest.approx(sum(values) / len(values))
    assert found.low is not None
    assert found.low >= 0


def test_fewer_than_thirty_cases_are_too_few_except_for_counts() -> None:
    """A count is complete; a share of 29 people is a guess."""
    assert share(10, ENOUGH_CASES - 1).too_few
    assert not share(10, ENOUGH_CASES).too_few
    assert rate(3, 5).too_few
    assert mean([1]).too_few
    assert not count(3).too_few
    assert Estimate(None, 0).too_few


def test_what_has_no_cases_has_no_value_and_no_change() -> None:
    """Not 0, which would be a claim."""
    assert share(0, 0) == Estimate(None, 0)
    assert rate(3, 0).value is None
    assert change_between(share(0, 0), share(1, 2)) is None
    assert share(3, 2).value is None, "more cases than there are is no proportion"


def test_a_change_of_shares_has_an_interval_and_one_of_counts_has_none() -> None:
    """56 of 70 against 48 of 80: Newcombe's own example (1998, table II)."""
    found = change_between(share(56, 70), share(48, 80))
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))
    growth = change_between(count(7), count(5))
    assert growth is not None
    assert (growth.value, growth.low) == (2, None)


def test_the_largest_groups_are_listed_and_the_others_are_counted() -> None:
    """Names from data are bounded; the largest come first."""
    channels = {f"c{number:02}": number for number in range(1, MAX_GROUPS + 4)}
    facts = PeriodFacts(Growth(attributed=sum(channels.values()), channels=channels))
    found = figure_series(FIGURES["channels"], "channel", [facts], [facts])
    assert len(found.series) == MAX_GROUPS + 1
    assert found.left_out == 3
    assert found.series[1].key == f"c{MAX_GROUPS + 3}"


def test_groups_that_are_left_out_are_computed_at_no_point() -> None:
    """A thousand names of a year would take seconds."""
    computed: list[str] = []

    def compute(facts: PeriodFacts, name: str) -> Estimate:
        computed.append(name)
        return count(1000 - int(name))

    split = Split(lambda facts: map(str, range(100)) if facts.posts else (), compute)
    figure = Figure("count", frozenset(), lambda facts: count(facts.posts), {"content": split})
    found = figure_series(figure, "content", [PeriodFacts(posts=1)] * 7, [PeriodFacts(posts=1)])
    assert [one.key for one in found.series[1:]] == [str(number) for number in range(MAX_GROUPS)]
    assert found.left_out == 100 - MAX_GROUPS
    assert computed.count("99") == 1


def test_an_estimate_without_an_upper_bound_says_so() -> None:
    """K of 0.9 that may be 1: the audience may end at a tenfold, or never; that is no lack of cases."""
    facts = PeriodFacts(Growth(unattributed=50), spread=Spread({"0": 50}, {"0": PeopleSums(50, 45, 400)}))
    ceiling = FIGURES["audience_ceiling"].compute(facts)
    assert (ceiling.value, ceiling.n, ceiling.high) == (pytest.approx(500), 50, None)
    with design.init_app(Flask("page")).test_request_context("/"), force_locale("en"):
        assert in_words("people", ceiling) == "500, of 50 cases: too uncertain for an upper bound."


def test_every_figure_has_texts_and_examples_of_what_it_counts() -> None:
    """A forgotten entry of the table of texts, or a type of line without an example, fails here."""
    assert list(TEXTS) == list(FIGURES)
    known = examples()
    assert all(kind in known for kinds in SOURCE_EVENTS.values() for kind in kinds)
    empty: Sequence[PeriodFacts] = [PeriodFacts()]
    for figure in FIGURES.values():
        for split in figure.by.values():
            assert all(name in GROUP_TEXTS or name.isdigit() for name in split.names(empty[0]))
