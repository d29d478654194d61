"""Readiness of a process with one fold and with several."""

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


def test_folds_that_share_a_process_are_consumers_of_their_own(settings: Settings, environ: dict[str, str]) -> None:
    """Each has its checks, gets its partitions and reads the directory; SIGTERM ends them in order."""
    [port] = free_ports(1)
    names = ("boards", "growth", "activity", "closings", "experiments")
    here = {**os.environ, **environ, "REFERRAL_METRICS_PORT": str(port)}
    expected = {check: "ok" for name in names for check in (name, f"{name}-progress")} | {"redis": "ok"}
    with subprocess.Popen([sys.executable, "-m", "leaderboard", "fold", *names], env=here) as process:
        try:
            wait_until(lambda: _checks(port) == expected)
            assert 'service="leaderboard/folds"' in httpx.get(f"http://127.0.0.1:{port}/metrics").text
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


def test_a_fold_that_does_not_exist_is_refused_with_the_usage(environ: dict[str, str]) -> None:
    """Also among others that exist, and none at all."""
    for words in (["fold", "boards", "bords"], ["fold"]):
        command = [sys.executable, "-m", "leaderboard", *words]
        ended = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert ended.stderr.startswith("usage: python -m leaderboard")


def _checks(port: int) -> dict[str, str]:
    try:
        return dict(httpx.get(f"http://127.0.0.1:{port}/readyz").json()["checks"])
    except httpx.TransportError:
        return {}  # not listening yet
