"""The system's figures beside the oracle's: where they agree, what is lost, what is doubled."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FigureComparison:
    """One figure as both sides have it."""

    figure: str
    system: object
    oracle: object

    @property
    def agrees(self) -> bool:
        """Whether they are equal."""
        return self.system == self.oracle


@dataclass(slots=True)
class ComparisonResult:
    """All figures. `lost` counts what the oracle has and the system lacks, `doubled` what the system has beyond it."""

    rows: list[FigureComparison] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0

    def compare(self, figure: str, system: object, oracle: object) -> None:
        """Adds a figure."""
        self.rows.append(FigureComparison(figure, system, oracle))

    def count(self, system: Mapping[str, int], oracle: Mapping[str, int]) -> None:
        """Adds what one side has more of than the other, name by name."""
        self.lost += (Counter(oracle) - Counter(system)).total()
        self.doubled += (Counter(system) - Counter(oracle)).total()

    @property
    def agrees(self) -> bool:
        """Whether every figure is equal, nothing lost and nothing doubled."""
        return all(row.agrees for row in self.rows) and self.lost == self.doubled == 0


def differing(pairs: Iterable[tuple[object, object]]) -> int:
    """How many pairs are not equal."""
    return sum(one != other for one, other in pairs)
