"""The oracle's insights: by the definitions, equal to what the system computes from the same numbers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain import estimate
from leaderboard.domain.figure_table import FIGURES
from referral.events.facts import Content, ContentShared, ContentShown, Fact, Shared
from referral_tools.oracle import Click, ExpectedInsights, Insight, Journal, Oracle
from referral_tools.oracle.expected_insights import _mean, _rate, _share, _top_tenth
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
    ],
)
def test_a_figure_is_what_its_definition_says(
    insights: ExpectedInsights, figure: str, group: str, value: float, n: int
) -> None:
    """Of the first day, on which Amy and Cat shared."""
    found = insights.of(figure, group, FIRST, FIRST)
    assert found is not None
    assert (found.value, found.n) == (pytest.approx(value), n)


def test_the_audience_has_those_of_earlier_days(insights: ExpectedInsights) -> None:
    """And nothing of later ones."""
    assert insights.of("audience", "all", NEXT, NEXT) == Insight(4, 4)
    assert insights.of("audience", "all", date(2026, 10, 1), date(2026, 10, 2)) == Insight(0, 0)


def test_each_figure_of_the_system_has_a_definition_here(insights: ExpectedInsights) -> None:
    """A new figure needs one: otherwise the demo would not check it."""
    assert [one for one in FIGURES if insights.of(one, "all", FIRST, NEXT) is None] == []


@given(st.integers(0, 60), st.integers(0, 60))
def test_shares_and_rates_have_the_intervals_of_the_system(cases: int, n: int) -> None:
    """Wilson's and Garwood's."""
    assert equal(_rate(cases, n), estimate.rate(cases, n))
    if cases <= n:
        assert equal(_share(cases, n), estimate.share(cases, n))


@given(st.lists(st.integers(0, 30), max_size=40))
def test_means_and_the_top_tenth_have_the_intervals_of_the_system(counts: list[int]) -> None:
    """Student's, and the delta method."""
    assert equal(_mean(counts), estimate.mean(counts))
    brought = [one for one in counts if one]
    assert equal(_top_tenth(brought), estimate.top_tenth(brought))


def equal(own: Insight, theirs: estimate.Estimate) -> bool:
    """Whether value, cases and bounds are the same."""
    pairs = (own.value, theirs.value), (own.low, theirs.low), (own.high, theirs.high)
    return own.n == theirs.n and all(
        one is other if one is None or other is None else one == pytest.approx(other, rel=1e-9, abs=1e-12)
        for one, other in pairs
    )
