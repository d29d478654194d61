"""Who may watch what, and how many streams there are: decided by the view of the stream's route, enforced by the server."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from leaderboard.domain.live_changes import Position
from referral.http.problems import Problem
from referral.telemetry.metrics import counter, gauge

ENVIRON_KEY = "leaderboard.live_admission"
"""Where the WSGI environment of a request has the `Admission`, if the server of live streams passed it on."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What someone may watch. `client` is who is counted: a key, an operator, a link, or an address.

    `counts`: whether the stream has how much changed, or only that something did. `is_anonymous`: anyone may watch it, without key,
    session or link. `is_valid` answers at once, without I/O:
    whether the grant still holds; `lifetime_s` is how long a stream lasts before its reader has to be admitted again.
    """

    program: str
    client: str
    counts: bool
    is_valid: Callable[[], bool]
    lifetime_s: float = 15 * 60.0
    is_anonymous: bool = False


ANONYMOUS_SHARE = 0.75
"""The part of a process's streams that anonymous readers may have: the rest is for keys, operators and links."""


class Seats:
    """Counts the open streams of a process, of anonymous readers, and of each client. Thread-safe."""

    def __init__(self, most: int, most_of_a_client: int) -> None:
        self._most, self._most_of_a_client = most, most_of_a_client
        self._most_anonymous = ceil(most * ANONYMOUS_SHARE)
        self._taken: Counter[str] = Counter()
        self._anonymous = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._taken.total()

    def take(self, client: str, *, is_anonymous: bool = False) -> None:
        """Takes a seat. Raises Problem 429 if the client has too many streams, 503 if the process or anonymous readers have."""
        with self._lock:
            if self._taken[client] >= self._most_of_a_client:
                counter("live_streams_ended").labels("client_limit").inc()
                detail = (
                    f"{self._most_of_a_client} live streams are open for you already: close some, or share one stream."
                )
                raise Problem(429, "too_many_streams", detail, headers={"Retry-After": "30"})
            most = self._most_anonymous if is_anonymous else self._most
            if self._taken.total() >= self._most or (is_anonymous and self._anonymous >= most):
                counter("live_streams_ended").labels("process_limit").inc()
                detail = f"{most} live streams are open here, as many as there may be. Try again after `Retry-After` seconds."
                raise Problem(503, "streams_full", detail, headers={"Retry-After": "30"})
            self._taken[client] += 1
            self._anonymous += is_anonymous
            gauge("live_streams").set(self._taken.total())

    def leave(self, client: str, *, is_anonymous: bool = False) -> None:
        """Gives a seat back."""
        with self._lock:
            self._anonymous -= is_anonymous
            self._taken[client] -= 1
            if self._taken[client] <= 0:
                del self._taken[client]
            gauge("live_streams").set(self._taken.total())


class Admission:
    """Filled in by the view of a stream: what its reader may watch, and from where on. The seat is taken until `end`."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._lock = threading.Lock()
        self._has_ended = False
        self.grant: Grant | None = None
        self.position: Position | None = None

    def admit(self, grant: Grant, position: Position | None) -> None:
        """Lets the reader in, unless they have left meanwhile. Raises Problem if there are too many streams."""
        with self._lock:
            if self._has_ended:
                return
            self._seats.take(grant.client, is_anonymous=grant.is_anonymous)
            self.grant, self.position = grant, position

    def end(self) -> None:
        """Gives the seat back, also one that the view would take after this call: its reader has left. Once."""
        with self._lock:
            if self.grant is not None and not self._has_ended:
                self._seats.leave(self.grant.client, is_anonymous=self.grant.is_anonymous)
            self._has_ended = True
