"""Compares a replay under the recorded rules with the lines of the live folds: line by line, matched by their causes."""

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
    """How many lines were compared, how many differ, and a sample of these."""

    lines: int
    differences: int
    sample: tuple[LineDifference, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether the replay can be trusted."""
        return not self.differences

    def __add__(self, other: "ConsistencyReport") -> "ConsistencyReport":
        sample = (*self.sample, *other.sample)[:MAX_SAMPLE]
        return ConsistencyReport(self.lines + other.lines, self.differences + other.differences, sample)


def check_consistency(
    recorded: Iterable[Derived], replayed: Iterable[Derived], folded_up_to: Mapping[int, int]
) -> ConsistencyReport:
    """Compares the lines caused by records up to these offsets (by partition), which the live fold has processed."""
    ours, theirs = _by_cause(replayed, folded_up_to), _by_cause(recorded, folded_up_to)
    causes = ours.keys() | theirs.keys()
    differing = sorted(cause for cause in causes if ours.get(cause) != theirs.get(cause))
    sample = [
        LineDifference(cause, _type(theirs.get(cause)), _type(ours.get(cause))) for cause in differing[:MAX_SAMPLE]
    ]
    return ConsistencyReport(len(causes), len(differing), tuple(sample))


def _by_cause(lines: Iterable[Derived], folded_up_to: Mapping[int, int]) -> dict[Cause, Derived]:
    return {line.cause: line for line in lines if line.cause[2] <= folded_up_to.get(line.cause[1], -1)}


def _type(line: Derived | None) -> str | None:
    return type_tag(line) if line is not None else None
