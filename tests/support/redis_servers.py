"""Redis in tests, whether it is one server or a cluster."""

import pytest
from prometheus_client import REGISTRY

from referral.config import Settings
from referral.redis_client import RedisClient, connect_for_folds, servers_of
from tests.support.settings import SIGNING_KEY

on_both_kinds_of_redis = pytest.mark.parametrize("redis_kind", ["server", "cluster"], indirect=True)
"""Runs a test on one server and on a cluster."""


def connect_to_redis(url: str) -> RedisClient:
    """Returns a client as folds have it."""
    return connect_for_folds(Settings(signing_key=SIGNING_KEY, redis=url))


def empty(redis: RedisClient) -> None:
    """Removes all keys."""
    for server in servers_of(redis):
        server.flushdb()


def matching_keys(redis: RedisClient, pattern: str) -> list[bytes]:
    """Returns the names of keys."""
    return [key for server in servers_of(redis) for key in server.scan_iter(pattern, count=1_000)]


def forget_scripts(redis: RedisClient) -> None:
    """Removes all scripts."""
    for server in servers_of(redis):
        server.script_flush()


def cluster_retries(reason: str) -> float:
    """Returns how many commands this process has sent again to clusters for a reason."""
    return REGISTRY.get_sample_value("referral_redis_cluster_retries_total", {"reason": reason}) or 0.0
