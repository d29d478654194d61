"""Whether a consumer has had no records for a while: it then waits longer for the next ones, which costs both sides less."""

import time

IDLE_AFTER_S = 10.0


class Idleness:
    """Told of each poll whether it had records."""

    def __init__(self) -> None:
        self._busy_at = time.monotonic()

    def observe(self, *, had_records: bool) -> None:
        """Notes a poll."""
        if had_records:
            self._busy_at = time.monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether no poll had records within the last ten seconds."""
        return time.monotonic() - self._busy_at > IDLE_AFTER_S
