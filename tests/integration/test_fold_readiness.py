"""Readiness of a fold process."""

import os
import signal
import subprocess
import sys

import httpx
import pytest
from redis import Redis

from referral import __version__
from referral.config import Settings
from referral_tools.stack.ports import free_ports
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def test_a_fold_on_a_redis_that_may_evict_is_not_ready(
    settings: Settings, environ: dict[str, str], redis: "Redis"
) -> None:
    """Eviction breaks the folds' state: if a person's key is evicted while the fence stays, that person is counted again.

    The metrics show the service and its version.
    """
    [port] = free_ports(1)
    here = {**os.environ, **environ, "REFERRAL_METRICS_PORT": str(port)}
    with subprocess.Popen([sys.executable, "-m", "leaderboard", "fold", "growth"], env=here) as process:
        try:
            wait_until(lambda: _checks(port) == {"growth": "ok", "progress": "ok", "redis": "ok"})
            shown = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            assert f'referral_build_info{{service="leaderboard/growth",version="{__version__}"}} 1.0' in shown
            redis.config_set("maxmemory-policy", "allkeys-lru")
            assert "set it to noeviction" in _checks(port)["redis"]
            assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 503
        finally:
            redis.config_set("maxmemory-policy", "noeviction")
            process.send_signal(signal.SIGTERM)


def _checks(port: int) -> dict[str, str]:
    try:
        return dict(httpx.get(f"http://127.0.0.1:{port}/readyz").json()["checks"])
    except httpx.TransportError:
        return {}  # not listening yet
