"""A published claim, and what was measured for it."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["times", "percent", "count", "each"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured value with its 95% interval (None for a complete count) and the number of cases."""

    value: float
    n: int
    cases: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim: its range as published, what was measured, and how.

    `assumes` is what the simulation was given that bears on it, `computes` what the system alone found out.
    """

    name: str
    published: str
    low: float
    high: float
    unit: Unit
    measured: Measured | None
    how: str
    assumes: str
    computes: str

    @property
    def finding(self) -> str:
        """How the measured value relates to the published range."""
        if self.measured is None:
            return "not measured"
        if self.low <= self.measured.value <= self.high:
            return "in the range"
        bounds = self.measured.low, self.measured.high
        if bounds[0] is not None and bounds[1] is not None and bounds[0] <= self.high and bounds[1] >= self.low:
            return "the interval reaches it"
        return "**below it**" if self.measured.value < self.low else "**above it**"


def text(value: float, unit: Unit) -> str:
    """A value in its unit."""
    match unit:
        case "times":
            return f"{value:.2f}×"
        case "percent":
            return f"{value:.1%}"
        case "count":
            return f"{value:,.0f}"
        case "each":
            return f"{value:.2f}"
