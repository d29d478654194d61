"""How many invalid lines of a partition a fold sets aside before it stops: a few are bad data, a flood means a defect.

Modelled on Arroyo's dead-letter policy (https://github.com/getsentry/arroyo): a limit on consecutive invalid lines and one on
their share.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TooManyInvalidLines(Exception):
    """The fold stopped before applying the batch; nothing is lost."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A partition's recent lines: consecutive invalid ones at the end, and how many of the last `lines` were invalid."""

    run: int = 0
    invalid: float = 0.0
    lines: float = 0.0


class InvalidLimit:
    """Allows fewer than `consecutive` invalid lines in a row and at most `share` of the last `window`; 0 sets no limit."""

    def __init__(self, consecutive: int = 500, share: float = 0.5, window: int = 2000) -> None:
        self._consecutive = consecutive
        self._share = share
        self._window = window
        self._tallies: dict[int, Tally] = {}

    def check(self, partition: int, valid: Sequence[bool]) -> Tally:
        """The tally after a batch, given the validity of its lines in order; nothing is recorded yet.

        Raises TooManyInvalidLines beyond the limit.
        """
        before = self._tallies.get(partition, Tally())
        run, longest = _runs(before.run, valid)
        tally = self._limit_to_window(run, before.invalid + valid.count(False), before.lines + len(valid))
        if self._consecutive and (longest >= self._consecutive or tally.invalid > self._share * self._window):
            raise TooManyInvalidLines(
                f"partition {partition}: {longest} consecutive lines, and {tally.invalid:.0f} of the last"
                f" {tally.lines:.0f}, are invalid. The fold stopped before applying them; nothing is lost. If a newer"
                " version of the system wrote them, run that version here. If they are garbage, start once with"
                " REFERRAL_INVALID_RUN=0: each is then written to the topic `rejected` with its reason, and skipped."
            )
        return tally

    def record(self, partition: int, tally: Tally) -> None:
        """Keeps the tally of a batch that was applied."""
        self._tallies[partition] = tally

    def _limit_to_window(self, run: int, invalid: float, lines: float) -> Tally:
        """Beyond the window, older lines weigh less and less."""
        if lines > self._window:
            invalid, lines = invalid * self._window / lines, self._window
        return Tally(run, invalid, lines)


def _runs(run: int, valid: Sequence[bool]) -> tuple[int, int]:
    """(consecutive invalid lines at the end, the longest such run), if `run` preceded these lines."""
    if valid and all(valid):
        return 0, run
    longest = run
    for good in valid:
        run = 0 if good else run + 1
        longest = max(longest, run)
    return run, longest
