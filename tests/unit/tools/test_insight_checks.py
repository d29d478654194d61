"""The demo's comparison of insights: what differs and what was never compared is named."""

from datetime import date

import pytest

from referral_tools.demo.comparison import ComparisonResult
from referral_tools.demo.insight_checks import check_insights, compare_insights
from referral_tools.demo.system_figures import EstimateFigures, FigureRange, FigureSeries
from referral_tools.oracle import Insight

DAY, BEFORE = date(2026, 11, 2), date(2026, 11, 1)


class System:
    """Lists figures, each with one value and one group."""

    def __init__(self, figures: dict[str, list[str]], value: float | None = 3.0) -> None:
        self._figures, self._value = figures, EstimateFigures(value, None, None, 3)

    def insight_figures(self) -> dict[str, list[str]]:
        """See SystemFigures."""
        return self._figures

    def insight(self, figure: str, first: date, last: date, unit: str, by: str = "") -> FigureRange:
        """See SystemFigures."""
        groups = ["all", *(["wechat"] if by else [])]
        series = [FigureSeries(key, self._value, self._value, []) for key in groups]
        return FigureRange(DAY, DAY, BEFORE, BEFORE, series)


class Expected:
    """Knows one figure, and one dimension of it."""

    def of(self, figure: str, group: str, first: date, last: date, by: str = "") -> Insight | None:
        """See ExpectedInsights."""
        return Insight(3.0, 3) if (figure, by) in (("clicks", ""), ("clicks", "channel")) else None


def verdict_of(system: System) -> ComparisonResult:
    """The verdict on what a system shows."""
    verdict = ComparisonResult()
    compare_insights(verdict, check_insights(system, Expected(), DAY, DAY))  # type: ignore[arg-type]
    return verdict


def test_equal_values_of_every_listed_figure_and_dimension_agree() -> None:
    """Two values for each of four units, and as many of the group."""
    verdict = verdict_of(System({"clicks": ["channel"]}))
    assert verdict.agrees
    assert verdict.rows[0].figure.startswith("16 values")


@pytest.mark.parametrize(
    ("figures", "named"),
    [({"clicks": ["cta"]}, "clicks by cta"), ({"clicks": [], "shares": []}, "shares")],
)
def test_a_figure_that_was_never_compared_is_named(figures: dict[str, list[str]], named: str) -> None:
    """So a figure that the oracle lacks cannot pass unseen."""
    verdict = verdict_of(System(figures))
    assert not verdict.agrees
    assert verdict.rows[1].system == [named]


def test_a_value_that_differs_is_counted_by_figure() -> None:
    """Four units, the range and the range before."""
    assert verdict_of(System({"clicks": []}, 4.0)).rows[0].system == {"clicks": 8}


def test_empty_values_alone_are_no_comparison() -> None:
    """Here the oracle has a value and the system none: both are named."""
    verdict = verdict_of(System({"clicks": []}, None))
    assert [row.agrees for row in verdict.rows] == [False, False]
