"""How many clicks of one address on one code are recorded per minute: no client can fill the log or raise a counter at will.

Counted in each process, without a round trip: a redirect takes some hundred microseconds. No address is stored: a count is kept
under a hash with a key of this process (Python's hash of strings, SipHash), until its minute is over.
"""

from referral.http.client_network import client_network

_MINUTE_MS = 60_000
_MAX_COUNTS = 100_000  # about 10 MB


class ClickLimit:
    """The counts of the current minute, by the clock of the clicks. Without a lock: threads may record a few clicks more."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._minute = 0
        self._counts: dict[int, int] = {}

    def allows(self, address: str, code: str, now_ms: int) -> bool:
        """Counts a click and returns whether it is recorded.

        With more pairs of address and code than fit into memory, further pairs share counts: then a minute records at least
        `per_minute` clicks of every 100,000th part of them.
        """
        minute, key = now_ms // _MINUTE_MS, hash((client_network(address), code))
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        counts = self._counts
        count = counts.get(key, 0)
        if not count and len(counts) >= _MAX_COUNTS:
            key %= _MAX_COUNTS
            count = counts.get(key, 0)
        if count < self._per_minute:
            counts[key] = count + 1
            return True
        return False
