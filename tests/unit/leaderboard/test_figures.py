"""Figures: pure functions of the facts of periods, with intervals, groups and the range before."""

from collections.abc import Sequence
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.activity import Activity
from leaderboard.domain.estimate import ENOUGH_CASES, Estimate, change_between, count, mean, rate, share, top_tenth
from leaderboard.domain.figure_series import MAX_GROUPS, figure_series
from leaderboard.domain.figure_table import FIGURES, SOURCE_EVENTS, FigureId
from leaderboard.domain.growth import Growth
from leaderboard.domain.period_facts import PeriodFacts, total
from leaderboard.pages.figure_texts import GROUP_TEXTS, TEXTS
from referral.events.examples import examples

NUMBERS = st.integers(0, 400)
COUNTS = st.dictionaries(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), st.integers(1, 90), max_size=20)


@st.composite
def growths(draw: st.DrawFn) -> Growth:
    """Counts as the fold makes them: no more qualified than attributed, and channels within them."""
    channels = draw(st.dictionaries(st.sampled_from(["wechat", "weibo", "web"]), st.integers(1, 50), max_size=3))
    attributed = sum(channels.values()) + draw(NUMBERS)
    return Growth(attributed, draw(st.integers(0, attributed)), draw(NUMBERS), channels)


FACTS = st.builds(
    PeriodFacts, growths(), growths(), st.builds(Activity, NUMBERS, NUMBERS, NUMBERS), NUMBERS, COUNTS, COUNTS, NUMBERS
)
PERIODS = st.lists(FACTS, min_size=1, max_size=4)


def brackets(estimate: Estimate) -> bool:
    """Whether the bounds enclose the value."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return True
    slack = 1e-9 * max(1.0, estimate.value)
    return estimate.low - slack <= estimate.value <= estimate.high + slack


@pytest.mark.parametrize("name", FIGURES)
@given(points=PERIODS, before=PERIODS)
def test_every_estimate_of_a_figure_is_enclosed_by_its_bounds(
    name: FigureId, points: list[PeriodFacts], before: list[PeriodFacts]
) -> None:
    """Shares are from 0 to 1; each series has as many points as the range; the whole is computed from the sum of the facts."""
    figure = FIGURES[name]
    for by in (None, *figure.by):
        found = figure_series(figure, by, points, before)
        assert found.series[0].total == figure.compute(total(points))
        for series in found.series:
            estimates = [series.total, series.previous, *series.points]
            assert len(series.points) == len(points)
            assert all(map(brackets, estimates)), (by, series.key)
            if figure.measure == "share":
                assert all(one.value is None or 0 <= one.value <= 1 for one in estimates)
            if figure.measure == "count" and name != "audience":
                assert series.total.value == sum(one.value or 0 for one in series.points)


@given(points=PERIODS)
def test_the_sources_of_followers_add_up_to_all_of_them(points: list[PeriodFacts]) -> None:
    """Referred, discovered and those of banned referrers; the channels add up to those who are referred."""
    figure = FIGURES["followers"]
    whole, *sources = figure_series(figure, "source", points, points).series
    assert [one.key for one in sources] == ["referred", "discovered", "excluded"]
    assert sum(one.total.value or 0 for one in sources) == whole.total.value
    _, *channels = figure_series(figure, "channel", points, points).series
    assert sum(one.total.value or 0 for one in channels) == sources[0].total.value
    assert whole.change is not None
    assert whole.change.value == 0


@given(points=PERIODS)
def test_the_audience_ends_with_all_who_had_begun(points: list[PeriodFacts]) -> None:
    """Each point adds its followers to those before it."""
    series = figure_series(FIGURES["audience"], None, points, points).series[0]
    assert series.total.value == points[0].followers_before + sum(one.followers for one in points)


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


def test_every_figure_has_texts_and_examples_of_what_it_counts() -> None:
    """A forgotten entry of the table of texts, or a type of line without an example, fails here."""
    assert list(TEXTS) == list(FIGURES)
    known = examples()
    assert all(kind in known for kinds in SOURCE_EVENTS.values() for kind in kinds)
    empty: Sequence[PeriodFacts] = [PeriodFacts()]
    for figure in FIGURES.values():
        for split in figure.by.values():
            assert set(split.names(empty[0])) <= GROUP_TEXTS.keys()
