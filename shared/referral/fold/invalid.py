"""How much of a topic may be invalid before a fold stops: a few bad lines are set aside, a flood means that something is wrong.

The idea is Arroyo's dead-letter policy (https://github.com/getsentry/arroyo): a bound on a run of invalid lines and on their share.
"""


class TooMuchInvalid(Exception):
    """The fold has stopped before applying the batch; nothing is lost."""


class InvalidLimit:
    """Counts invalid lines; `check` raises once `consecutive` came with no valid one between, or `share` of the last `window`."""

    def __init__(self, consecutive: int = 500, share: float = 0.5, window: int = 2000) -> None:
        self._consecutive = consecutive
        self._share = share
        self._window = window
        self._run = 0
        self._invalid = 0.0
        self._lines = 0.0

    def count(self, *, invalid: int, valid: int) -> None:
        """Takes note of a batch. Beyond the window, what is older weighs less and less."""
        self._run = invalid + (0 if valid else self._run)
        self._invalid += invalid
        self._lines += invalid + valid
        if self._lines > self._window:
            self._invalid *= self._window / self._lines
            self._lines = self._window

    def check(self) -> None:
        """Raises TooMuchInvalid beyond the bounds."""
        if self._run >= self._consecutive or self._invalid > self._share * self._window:
            raise TooMuchInvalid(
                f"about {self._invalid:.0f} of the last {self._lines:.0f} lines were invalid ({self._run} in a row): the fold"
                " stops. See `referral.rejected` for the lines and their reasons; start it again when the producer is mended."
            )
