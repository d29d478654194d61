"""Requests that came through a proxy which the settings do not name.

Behind a proxy every request has the proxy's address. Unless REFERRAL_PROXIES counts the proxy, all clients without an API key
share one rate limit.
"""

import structlog

from referral.telemetry.metrics import counter

log = structlog.get_logger()

_REMEDY = (
    "X-Forwarded-For is ignored because REFERRAL_PROXIES is 0, so all clients behind this proxy share one rate limit. Set"
    " REFERRAL_PROXIES to the number of proxies before this service (1 behind the front door)."
)


class IgnoredProxies:
    """Counts requests with X-Forwarded-For while no proxy is trusted, and logs a warning about the first one."""

    def __init__(self) -> None:
        self._counter = counter("http_ignored_forwarded_for")
        self._warned = False

    def count(self) -> None:
        """Counts a request."""
        self._counter.inc()
        if not self._warned:
            self._warned = True
            log.warning("proxy not trusted", remedy=_REMEDY)


def warn_of_shared_address(host: str, proxies: int) -> None:
    """Logs a warning at start if a service that other machines can reach trusts no proxy: one may be in front of it."""
    if not proxies and host not in ("127.0.0.1", "::1"):
        log.warning(
            "no proxy trusted",
            remedy="Behind a proxy, set REFERRAL_PROXIES to the number of proxies: otherwise all clients share one rate limit.",
        )
