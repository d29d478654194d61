"""How much of a partition may be invalid before a fold stops: a few bad lines are set aside, a flood means that something is wrong.

The idea is Arroyo's dead-letter policy (https://github.com/getsentry/arroyo): a bound on a run of invalid lines and on their share.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TooManyInvalidLines(Exception):
    """The fold has stopped before applying the batch; nothing is lost."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a partition's lines were lately: invalid ones in a row up to now, and invalid ones among the last `lines`."""

    run: int = 0
    invalid: float = 0.0
    lines: float = 0.0


class InvalidLimit:
    """Bounds invalid lines: fewer than `consecutive` in a row, at most `share` of the last `window`. 0 in a row: no bounds."""

    def __init__(self, consecutive: int = 500, share: float = 0.5, window: int = 2000) -> None:
        self._consecutive = consecutive
        self._share = share
        self._window = window
        self._tallies: dict[int, Tally] = {}

    def check(self, partition: int, valid: Sequence[bool]) -> Tally:
        """The tally after a batch, line by line in order. Raises TooMuchInvalid beyond the bounds; nothing is noted yet."""
        before = self._tallies.get(partition, Tally())
        run, longest = _runs(before.run, valid)
        tally = self._limit_to_window(run, before.invalid + valid.count(False), before.lines + len(valid))
        if self._consecutive and (longest >= self._consecutive or tally.invalid > self._share * self._window):
            raise TooManyInvalidLines(
                f"partition {partition}: {longest} lines in a row and {tally.invalid:.0f} of the last {tally.lines:.0f}"
                " could not be taken. The fold stops before it applies them; nothing is lost. Where a newer version"
                " wrote them, start that version here. Where they are rubbish, start once with REFERRAL_INVALID_RUN=0:"
                " they are then kept in the topic `rejected`, each with its reason, and passed over."
            )
        return tally

    def record(self, partition: int, tally: Tally) -> None:
        """The batch was applied: its tally counts from here on."""
        self._tallies[partition] = tally

    def _limit_to_window(self, run: int, invalid: float, lines: float) -> Tally:
        """Beyond the window, what is older weighs less and less."""
        if lines > self._window:
            invalid, lines = invalid * self._window / lines, self._window
        return Tally(run, invalid, lines)


def _runs(run: int, valid: Sequence[bool]) -> tuple[int, int]:
    """(invalid lines in a row at the end, the most in a row anywhere), where `run` stood before."""
    if valid and all(valid):
        return 0, run
    longest = run
    for good in valid:
        run = 0 if good else run + 1
        longest = max(longest, run)
    return run, longest
