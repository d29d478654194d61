"""How many clicks of one address on one code are recorded per minute: no client can fill the log or raise a counter at will.

Counted in each process, without a round trip: a redirect takes some hundred microseconds. No address is stored: a count is kept
under a hash with a key of this process (Python's hash of strings, SipHash), until its minute is over.
"""

from threading import Lock

from referral.http.rate_limit import client_network

_MINUTE_MS = 60_000
_MAX_COUNTS = 100_000  # about 10 MB


class ClickLimit:
    """The counts of the current minute, by the clock of the clicks."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._minute = 0
        self._counts: dict[int, int] = {}
        self._lock = Lock()

    def allows(self, address: str, code: str, now_ms: int) -> bool:
        """Counts a click and returns whether it is recorded.

        With more pairs of address and code than fit into memory, further pairs share counts: then a minute records at least
        `per_minute` clicks of every 100,000th part of them.
        """
        key = hash((client_network(address), code))
        with self._lock:
            if now_ms // _MINUTE_MS != self._minute:
                self._minute, self._counts = now_ms // _MINUTE_MS, {}
            if key not in self._counts and len(self._counts) >= _MAX_COUNTS:
                key %= _MAX_COUNTS
            count = self._counts.get(key, 0)
            self._counts[key] = min(count + 1, self._per_minute)
        return count < self._per_minute
