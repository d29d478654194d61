"""Who may watch what, and how many streams there are: decided by the view of the stream's route, enforced by the server."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from leaderboard.domain.live_changes import Position
from referral.http.problems import Problem
from referral.telemetry.metrics import counter, gauge

ENVIRON_KEY = "leaderboard.live_admission"
"""Where the WSGI environment of a request has the `Admission`, if the server of live streams passed it on."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What someone may watch. `client` is who is counted: a key, an operator, a link, or an address.

    `counts`: whether the stream has how much changed, or only that something did. `is_valid` answers at once, without I/O:
    whether the grant still holds; `lifetime_s` is how long a stream lasts before its reader has to be admitted again.
    """

    program: str
    client: str
    counts: bool
    is_valid: Callable[[], bool]
    lifetime_s: float = 15 * 60.0


class Seats:
    """Counts the open streams of a process and of each client. Thread-safe."""

    def __init__(self, most: int, most_of_a_client: int) -> None:
        self._most, self._most_of_a_client = most, most_of_a_client
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._taken.total()

    def take(self, client: str) -> None:
        """Takes a seat. Raises Problem 429 if the client has too many streams, 503 if the process has."""
        with self._lock:
            if self._taken[client] >= self._most_of_a_client:
                counter("live_streams_ended").labels("client_limit").inc()
                detail = (
                    f"{self._most_of_a_client} live streams are open for you already: close some, or share one stream."
                )
                raise Problem(429, "too_many_streams", detail, headers={"Retry-After": "30"})
            if self._taken.total() >= self._most:
                counter("live_streams_ended").labels("process_limit").inc()
                detail = f"{self._most} live streams are open here, as many as there may be. Try again after `Retry-After` seconds."
                raise Problem(503, "streams_full", detail, headers={"Retry-After": "30"})
            self._taken[client] += 1
            gauge("live_streams").set(self._taken.total())

    def leave(self, client: str) -> None:
        """Gives a seat back."""
        with self._lock:
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
            self._seats.take(grant.client)
            self.grant, self.position = grant, position

    def end(self) -> None:
        """Gives the seat back, also one that the view would take after this call: its reader has left. Once."""
        with self._lock:
            if self.grant is not None and not self._has_ended:
                self._seats.leave(self.grant.client)
            self._has_ended = True
