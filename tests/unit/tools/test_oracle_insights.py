"""The oracle's insights: by the definitions, equal to what the system computes from the same numbers."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain import estimate
from leaderboard.domain.figure_table import FIGURES
from referral.events.facts import Content, ContentShared, ContentShown, Fact, PersonFollowed, Shared
from referral_tools.oracle import Click, ExpectedInsights, Insight, Journal, Oracle
from referral_tools.oracle.expected_insights import FIGURES as EXPECTED_FIGURES
from referral_tools.oracle.insight_estimates import (
    mean_of,
    median_of,
    odds_of,
    quotient_of,
    rate_of,
    share_of,
    top_tenth_of,
)
from tests.support.builders.journals import (
    AMY,
    BEN,
    CAT,
    PROGRAM,
    follow,
    hour,
    journal_person_id,
    journal_program,
    unfollow,
)

DIMENSION_OF = {
    "referred": "source",
    "discovered": "source",
    "wechat": "channel",
    "unknown": "channel",
    "shared": "stage",
    "clicked": "stage",
    "qualified": "stage",
}
FIRST, NEXT = date(2026, 11, 2), date(2026, 11, 3)


def event(kind: type[Fact], number: int, at: float, person: str = "xhs:amy") -> Fact:
    """An impression or a share."""
    data = Shared() if kind is ContentShared else Content()
    return kind(id=f"evt_{kind.__name__}_{number}", program=PROGRAM, person=person, occurred_at=hour(at), data=data)  # type: ignore[call-arg, arg-type]


@pytest.fixture
def insights() -> ExpectedInsights:
    """On the first day Amy brought two friends, one of them by WeChat, and one person found the account; one of Ben's left."""
    clicks = {"click": Click(AMY.code, hour(1), channel="wechat")}
    facts: list[Fact] = [
        follow(1, 2, click="click"),
        follow(2, 3, code=AMY.code),
        follow(3, 4),
        follow(4, 5, code=BEN.code),
        unfollow(4, 30),
        follow(5, 26, code=BEN.code),
        *(event(ContentShown, number, number) for number in range(10)),
        *(event(ContentShared, number, 2) for number in range(3)),
        event(ContentShared, 9, 2, "xhs:cat"),
    ]
    return Oracle(journal_program(), journal_person_id).facts(Journal(facts, [AMY, BEN], clicks)).insights


@pytest.mark.parametrize(
    ("figure", "group", "value", "n"),
    [
        ("followers", "all", 3, 3),
        ("followers", "referred", 2, 2),
        ("followers", "discovered", 1, 1),
        ("followers", "wechat", 1, 1),
        ("audience", "all", 3, 3),
        ("referral_share", "all", 2 / 3, 3),
        ("referral_share", "unknown", 1 / 3, 3),
        ("qualified_share", "all", 1, 2),
        ("channels", "all", 1 / 2, 2),
        ("shown", "all", 10, 10),
        ("shares", "all", 4, 4),
        ("clicks", "all", 1, 1),
        ("posts", "all", 0, 0),
        ("funnel", "all", 2, 2),
        ("funnel", "shared", 4, 4),
        ("funnel_steps", "clicked", 1 / 4, 4),
        ("funnel_steps", "qualified", 1, 2),
        ("followers_per_sharer", "all", 1, 2),
        ("top_tenth_share", "all", 1, 1),
        ("reach_multiple", "all", 1, 2),
        ("invitations_per_follower", "all", 4 / 3, 3),
        ("qualified_per_share", "all", 2 / 4, 4),
        ("k_of_invitations", "all", 2 / 3, 3),
        ("growth_uplift", "all", 2, 3),
    ],
)
def test_a_figure_is_what_its_definition_says(
    insights: ExpectedInsights, figure: str, group: str, value: float, n: int
) -> None:
    """Of the first day, on which Amy and Cat shared."""
    found = insights.of(figure, group, FIRST, FIRST, DIMENSION_OF.get(group, ""))
    assert found is not None
    assert (found.value, found.n) == (pytest.approx(value), n)


def test_the_audience_has_those_of_earlier_days(insights: ExpectedInsights) -> None:
    """And nothing of later ones."""
    assert insights.of("audience", "all", NEXT, NEXT) == Insight(4, 4)
    assert insights.of("audience", "all", date(2026, 10, 1), date(2026, 10, 2)) == Insight(0, 0)


def test_each_figure_and_each_dimension_has_a_definition_here() -> None:
    """A new one needs one: the demo fails without."""
    listed = {(figure, by) for figure, entry in FIGURES.items() for by in ("", *entry.by)}
    assert listed == set(EXPECTED_FIGURES)


@given(st.integers(0, 60), st.integers(0, 60))
def test_shares_and_rates_have_the_intervals_of_the_system(cases: int, n: int) -> None:
    """Wilson's and Garwood's."""
    assert equal(rate_of(cases, n), estimate.rate(cases, n))
    if cases <= n:
        assert equal(share_of(cases, n), estimate.share(cases, n))


@given(st.lists(st.integers(0, 30), max_size=40))
def test_means_and_the_top_tenth_have_the_intervals_of_the_system(counts: list[int]) -> None:
    """Student's, and the delta method."""
    assert equal(mean_of(counts), estimate.mean(counts))
    brought = [one for one in counts if one]
    assert equal(top_tenth_of(brought), estimate.top_tenth(brought))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_odds_and_quotients_have_the_intervals_of_the_system(cases: int, rest: int, others: int, more: int) -> None:
    """Wilson's as odds, and Katz's."""
    assert equal(odds_of(cases, others), estimate.odds(cases, others))
    numbers = cases, cases + rest, others, others + more
    assert equal(quotient_of(*numbers), estimate.quotient(*numbers))


@given(st.lists(st.integers(0, 30), max_size=60))
def test_medians_have_the_intervals_of_the_system(values: list[int]) -> None:
    """By the ranks of the binomial distribution."""
    assert equal(median_of(values), estimate.median_of_counts(Counter(values)))


def equal(own: Insight, theirs: estimate.Estimate) -> bool:
    """Whether value, cases and bounds are the same."""
    pairs = (own.value, theirs.value), (own.low, theirs.low), (own.high, theirs.high)
    return own.n == theirs.n and all(
        one is other if one is None or other is None else one == pytest.approx(other, rel=1e-9, abs=1e-12)
        for one, other in pairs
    )


AFTER = hour(24 * 40)
"""When everyone is older than 30 days."""


def insights_of(facts: list[Fact], clicks: dict[str, Click] | None = None) -> ExpectedInsights:
    """The insights 40 days after the start."""
    journal = Journal(facts, [AMY, BEN, CAT], clicks or {}, clock=AFTER)
    return Oracle(journal_program(), journal_person_id).facts(journal).insights


def person_follow(person: str, at: float, code: str | None = None) -> Fact:
    """The follow of a participant."""
    return PersonFollowed(id=f"evt_{person}_{at}", program=PROGRAM, person=person, occurred_at=hour(at), code=code)


@pytest.fixture
def chain() -> ExpectedInsights:
    """Amy came by herself and brought Ben after a day; Ben brought two friends, one of them after the window."""
    return insights_of(
        [
            person_follow("xhs:amy", 1),
            person_follow("xhs:ben", 25, AMY.code),
            follow(1, 28, code=BEN.code),
            follow(2, 25 + 14 * 24, code=BEN.code),
        ]
    )


@pytest.mark.parametrize(
    ("figure", "by", "group", "value", "n"),
    [
        ("k_factor", "", "all", 2 / 4, 4),
        ("k_factor", "degree", "0", 1, 1),
        ("k_factor", "degree", "1", 1, 1),
        ("k_factor", "degree", "2", 0, 2),
        ("followers", "degree", "2", 2, 2),
        ("reach_multiple", "", "all", 3, 1),
        ("audience_ceiling", "", "all", 8, 4),
        ("cycle_time", "", "all", (24 + 3) / 2 / 24 + 0.5 / 24, 2),
    ],
)
def test_friends_count_within_the_window_of_the_person_who_brought_them(
    chain: ExpectedInsights, figure: str, by: str, group: str, value: float, n: int
) -> None:
    """The friend of the fifteenth day is a follower of the second degree, but no friend in Ben's window."""
    found = chain.of(figure, group, FIRST, date(2026, 11, 20), by)
    assert found is not None
    assert (found.value, found.n) == (pytest.approx(value), n)


@pytest.mark.parametrize(
    ("by", "group", "cases", "n"),
    [
        ("", "all", 2, 4),
        ("source", "referred", 1, 2),
        ("source", "discovered", 1, 2),
        ("age", "1", 3, 4),
        ("age", "7", 3, 4),
    ],
)
def test_retention_counts_who_left_and_when(by: str, group: str, cases: int, n: int) -> None:
    """A referred friend left after two hours, a discovered one after ten days; a second unfollow changes nothing."""
    insights = insights_of(
        [
            follow(1, 1, code=AMY.code),
            unfollow(1, 3),
            unfollow(1, 4),
            follow(2, 2),
            unfollow(2, 2 + 240),
            follow(3, 3, code=AMY.code),
            follow(4, 4),
        ]
    )
    found = insights.of("retention", group, FIRST, FIRST, by)
    assert found is not None
    assert (found.value, found.n) == (pytest.approx(cases / n), n)


def test_an_unfollow_that_arrives_before_its_follow_leaves_no_trace() -> None:
    """As docs/insights.md says."""
    found = insights_of([unfollow(1, 3), follow(1, 1), follow(2, 2)]).of("retention", "all", FIRST, FIRST)
    assert found is not None
    assert (found.value, found.n) == (1, 1)


def test_followers_are_split_by_what_their_touch_named() -> None:
    """One link names a content item with its call to action, one names neither."""
    clicks = {
        "named": Click(AMY.code, hour(1), content="hacks", cta="tag"),
        "bare": Click(AMY.code, hour(1), partner="shop"),
    }
    found = insights_of([follow(1, 2, click="named"), follow(2, 2, click="bare")], clicks)
    groups = (("content", "hacks"), ("content", "none"), ("cta", "hacks/tag"), ("partner", "shop"), ("partner", "none"))
    assert [found.of("followers", group, FIRST, FIRST, by) for by, group in groups] == [Insight(1, 1)] * 5
