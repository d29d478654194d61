"""The page of published claims: what is in a range, what is not, and who still followed after 30 days."""

from datetime import timedelta

import pytest

from referral.events.attributions import (
    AttributionLine,
    Evidence,
    ReferralAttributed,
    ReferralReversed,
    ReferralUnattributed,
    ReversalReason,
    Stage,
)
from referral.events.line import Cause
from referral_tools.oracle import PairTotals, totals_of
from referral_tools.published_figures.claim import Claim, Measured
from referral_tools.published_figures.claims_page import published_page
from referral_tools.published_figures.measure import _ratio, _risk_ratio, _stay_ratio
from referral_tools.published_figures.retention import Cohort, Retention, retention
from tests.support.builders.journals import PROGRAM, START, hour

CAUSE: Cause = ("events", 0, 0, 0, 0)
DAY = 24
END = START + timedelta(days=60)


def referred(person: str, at: float) -> ReferralAttributed:
    """A follow with a referrer."""
    return ReferralAttributed(
        occurred_at=hour(at),
        program=PROGRAM,
        cause=CAUSE,
        id=f"ref_{person}",
        person=person,
        referrer="psn_amy",
        version=1,
        evidence=Evidence(kind="code", touched_at=hour(at), event="evt_1"),
    )


def discovered(person: str, at: float) -> ReferralUnattributed:
    """A follow without a referrer."""
    return ReferralUnattributed(occurred_at=hour(at), program=PROGRAM, cause=CAUSE, person=person, reason="no_evidence")


def reversed_(
    person: str, since: float, at: float, reason: ReversalReason = "unfollowed", undoes: Stage = "attributed"
) -> ReferralReversed:
    """The end of a follow, or a verdict that is corrected."""
    return ReferralReversed(
        occurred_at=hour(at),
        program=PROGRAM,
        cause=CAUSE,
        person=person,
        undoes=(undoes,),
        reason=reason,
        since=hour(since),
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([referred("a", 1)], Retention(Cohort(1, 1, 30), Cohort())),
        ([referred("a", 1), reversed_("a", 1, 1 + 29 * DAY)], Retention(Cohort(1, 0, 29), Cohort())),
        ([referred("a", 1), reversed_("a", 1, 1 + 30 * DAY)], Retention(Cohort(1, 1, 30), Cohort())),
        ([discovered("a", 1), reversed_("a", 1, 7, undoes="unattributed")], Retention(Cohort(), Cohort(1, 0, 0.25))),
        (
            [discovered("a", 1), reversed_("a", 1, 1, "corrected", "unattributed"), referred("a", 1)],
            Retention(Cohort(1, 1, 30), Cohort()),
        ),
        ([referred("a", 1), reversed_("a", 1, 13), referred("a", 17)], Retention(Cohort(1, 0, 0.5), Cohort())),
        ([referred("a", 31 * DAY), discovered("b", -1)], Retention()),
    ],
)
def test_retention_is_of_the_first_follow(lines: list[AttributionLine], expected: Retention) -> None:
    """A person who comes back left all the same; too late a follow has not had 30 days, an earlier one is not new."""
    assert retention(lines, START, END) == expected


def claim(value: float, low: float | None = None, high: float | None = None) -> Claim:
    """A claim of two to three times."""
    return Claim("Reach", "2–3×", 2.0, 3.0, "times", Measured(value, 40, "people", low, high), "a", "b", "c")


@pytest.mark.parametrize(
    ("found", "finding"),
    [
        (claim(2.5), "in the range"),
        (claim(1.5, 1.2, 2.1), "the interval reaches it"),
        (claim(1.5, 1.2, 1.9), "**below it**"),
        (claim(4.0, 3.5, 4.4), "**above it**"),
        (Claim("Reach", "2–3×", 2.0, 3.0, "times", None, "a", "b", "c"), "not measured"),
    ],
)
def test_a_claim_is_in_its_range_or_not(found: Claim, finding: str) -> None:
    """As the interval says, in both tables of the page."""
    page = published_page([found], 7, END.date(), 12, agree=True)
    assert f"| {finding} |" in page
    assert "| Reach | a | b | c |" in page
    assert "all agreed" in page


def test_quotients_have_intervals_around_them() -> None:
    """A ratio of totals over people, and of two shares; none without people."""
    beyond = _ratio(totals_of([(2, 1), (5, 2), (3, 3)]), "people")
    assert beyond is not None
    assert beyond.low is not None
    assert beyond.high is not None
    assert beyond.value == pytest.approx(10 / 6)
    assert beyond.low < beyond.value < beyond.high
    assert _ratio(PairTotals(), "people") is None
    twice = _risk_ratio(Cohort(100, 90), Cohort(100, 45))
    assert twice is not None
    assert twice.value == pytest.approx(2)
    assert _risk_ratio(Cohort(), Cohort(1, 1)) is None


def test_who_leaves_half_as_often_stays_twice_as_long() -> None:
    """Days followed for each who left; no value if no one did."""
    longer = _stay_ratio(Cohort(100, 95, 2900), Cohort(100, 90, 2900))
    assert longer is not None
    assert longer.low is not None
    assert longer.high is not None
    assert (longer.value, longer.n) == (pytest.approx(2), 15)
    assert longer.low < 1
    assert longer.high > 2
    assert _stay_ratio(Cohort(100, 100, 3000), Cohort(100, 90, 2900)) is None


def test_the_page_says_when_the_two_sides_did_not_agree() -> None:
    """Then nothing on it may be believed."""
    assert "**not all agreed**" in published_page([], 7, END.date(), 1, agree=False)
