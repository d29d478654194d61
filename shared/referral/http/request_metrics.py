"""What is told of each answer: counted and timed by route, and one wide log event."""

import logging
import time
from typing import Protocol

import structlog
from flask import Request, Response, g

from referral.http.request_ids import request_id
from referral.telemetry.metrics import counter, histogram

# The method is a label, and a caller may send any word for it.
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_SECONDS_BETWEEN = 1.0
log = structlog.get_logger()


class _Counter(Protocol):
    def inc(self) -> None:
        """One more."""


class _Timer(Protocol):
    def observe(self, seconds: float) -> None:
        """It took so long."""


class RequestObserver:
    """The metrics of one service's answers, their labels resolved once a route, and its log events."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._counters: dict[tuple[str, str, int], _Counter] = {}
        self._timers: dict[str, _Timer] = {}
        self._quiet_until = 0.0
        self._unlogged_failures = 0

    def record_response(self, request: Request, response: Response, seconds: float, *, hot: bool) -> None:
        """Counts an answer, and logs it. Of the hot path only failures are logged, and one a second at most."""
        route = request.url_rule.rule if request.url_rule is not None else "unknown"
        self.count(route, request.method, response.status_code, seconds)
        if not hot or (response.status_code >= 500 and self._may_log()):
            self._log_request(request, route, response.status_code, seconds)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts and times an answer."""
        self._counter(route, method, status).inc()
        self._timer(route).observe(seconds)

    def _counter(self, route: str, method: str, status: int) -> _Counter:
        found = self._counters.get((route, method, status))
        if found is None:
            known = method in _METHODS
            found = counter("http_requests").labels(self._service, route, method if known else "other", str(status))
            if known:
                self._counters[route, method, status] = found
        return found

    def _timer(self, route: str) -> _Timer:
        found = self._timers.get(route)
        if found is None:
            found = self._timers[route] = histogram("http_seconds").labels(self._service, route)
        return found

    def _may_log(self) -> bool:
        """Whether it is time to tell of a failure again: an outage must not turn into a flood of lines."""
        now = time.monotonic()
        if now < self._quiet_until:
            self._unlogged_failures += 1
            return False
        self._quiet_until = now + _SECONDS_BETWEEN
        return True

    def _log_request(self, request: Request, route: str, status: int, seconds: float) -> None:
        untold, self._unlogged_failures = self._unlogged_failures, 0
        log.log(
            logging.ERROR if status >= 500 else logging.INFO,
            "request",
            request_id=request_id(request.environ),
            method=request.method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            **{name: g.get(name) for name in ("caller", "program", "problem", "reason") if name in g},
            **({"failures_untold": untold} if untold else {}),
        )
