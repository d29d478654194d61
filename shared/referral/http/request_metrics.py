"""Metrics of requests by route, and one wide log event per request."""

import logging
import time
from typing import Protocol

import structlog
from flask import Request, Response, g

from referral.http.request_ids import request_id
from referral.telemetry.metrics import counter, histogram

# The method is a label, and a client may send any text as the method.
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_MIN_LOG_INTERVAL_S = 1.0
log = structlog.get_logger()


class _Counter(Protocol):
    def inc(self) -> None:
        """Adds one."""


class _Timer(Protocol):
    def observe(self, seconds: float) -> None:
        """Records a duration."""


class RequestObserver:
    """Records the requests of one service. Labelled metrics are looked up once per route and cached."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._counters: dict[tuple[str, str, int], _Counter] = {}
        self._timers: dict[str, _Timer] = {}
        self._quiet_until = 0.0
        self._unlogged_failures = 0

    def record_response(self, request: Request, response: Response, seconds: float, *, fast_path: bool) -> None:
        """Counts and logs a request. Fast paths log failures only, at most one per second."""
        route = request.url_rule.rule if request.url_rule is not None else "unknown"
        self.count(route, request.method, response.status_code, seconds)
        if not fast_path or (response.status_code >= 500 and self._may_log()):
            self._log_request(request, route, response.status_code, seconds)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts a request and records its duration."""
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
        """Whether a failure may be logged now: an outage must not flood the log."""
        now = time.monotonic()
        if now < self._quiet_until:
            self._unlogged_failures += 1
            return False
        self._quiet_until = now + _MIN_LOG_INTERVAL_S
        return True

    def _log_request(self, request: Request, route: str, status: int, seconds: float) -> None:
        not_logged, self._unlogged_failures = self._unlogged_failures, 0
        log.log(
            logging.ERROR if status >= 500 else logging.INFO,
            "request",
            request_id=request_id(request.environ),
            method=request.method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            **{name: g.get(name) for name in ("caller", "program", "problem", "reason") if name in g},
            **({"failures_not_logged": not_logged} if not_logged else {}),
        )
