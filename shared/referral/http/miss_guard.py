"""Look-ups that find nothing: each reads the catalog to its end, at the expense of the caller."""

from threading import BoundedSemaphore

from flask import g, has_request_context, request

from referral.catalog.follower import CatalogFollower
from referral.http.problems import Problem
from referral.http.rate_limit import RateLimiter

_SHARE_OF_THREADS = 4


class MissGuard:
    """The catalog's `refresh` in an HTTP process. Guesses from many addresses occupy at most a quarter of its threads."""

    def __init__(self, follower: CatalogFollower, limiter: RateLimiter, threads: int) -> None:
        self._follower = follower
        self._limiter = limiter
        self._waiting = BoundedSemaphore(max(1, threads // _SHARE_OF_THREADS))

    def refresh(self) -> bool:
        """Returns once the catalog has everything acknowledged before the request, which reads it once however much it looks for.

        Returns whether it was read now.

        Raises LogUnavailable; Problem 429 if the request's address has had too many misses, and 503 if too many requests wait.
        """
        if not has_request_context():
            self._follower.read_to_end()
            return True
        if "has_complete_catalog" in g:
            return False
        self._limiter.count_miss(request)
        if self._limiter.has_known_key(request):
            self._follower.read_to_end()
        else:
            self._read_in_turn()
        g.has_complete_catalog = True
        return True

    def _read_in_turn(self) -> None:
        if not self._waiting.acquire(blocking=False):
            detail = "Too many requests look for something that is not known yet. Send the request again in a second."
            raise Problem(503, "busy", detail, headers={"Retry-After": "1"})
        try:
            self._follower.read_to_end()
        finally:
            self._waiting.release()
