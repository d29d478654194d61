"""Compares a replay under the recorded rules with what the live folds published: line by line, found by their causes."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from referral.events.line import Cause, Derived, type_tag

MAX_SAMPLE = 20


class LineDifference(Struct, frozen=True):
    """A line that differs: its cause, its type on the log and its type in the replay."""

    cause: Cause
    recorded: str | None
    replayed: str | None


class ConsistencyReport(Struct, frozen=True):
    """How many lines were compared, and how many differ, with some of these."""

    lines: int
    differences: int
    sample: tuple[LineDifference, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether the replay can be trusted."""
        return not self.differences

    def __add__(self, other: "ConsistencyReport") -> "ConsistencyReport":
        shown = (*self.sample, *other.sample)[:MAX_SAMPLE]
        return ConsistencyReport(self.lines + other.lines, self.differences + other.differences, shown)


def check_consistency(
    recorded: Iterable[Derived], replayed: Iterable[Derived], said_to: Mapping[int, int]
) -> ConsistencyReport:
    """Compares what follows from records up to the offsets `said_to` (by partition): the live fold has processed those."""
    one, other = _by_cause(recorded, said_to), _by_cause(replayed, said_to)
    causes = one.keys() | other.keys()
    differing = sorted(cause for cause in causes if one.get(cause) != other.get(cause))
    shown = [LineDifference(cause, _type(one.get(cause)), _type(other.get(cause))) for cause in differing[:MAX_SAMPLE]]
    return ConsistencyReport(len(causes), len(differing), tuple(shown))


def _by_cause(lines: Iterable[Derived], said_to: Mapping[int, int]) -> dict[Cause, Derived]:
    return {line.cause: line for line in lines if line.cause[2] <= said_to.get(line.cause[1], -1)}


def _type(line: Derived | None) -> str | None:
    return type_tag(line) if line is not None else None
