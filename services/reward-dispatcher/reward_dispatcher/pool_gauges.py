"""Exports what is left in the pools that rules name, for the alert of low pools."""

import threading
from itertools import islice

import structlog
from prometheus_client import Gauge

from referral.catalog.follower import CatalogFollower
from referral.telemetry.metrics import gauge
from reward_dispatcher.domain.code_pool import free
from reward_dispatcher.pool_levels import low_water, named_pools
from reward_dispatcher.pool_store import PoolStore

_INTERVAL_S = 15.0
_MOST_POOLS = 500
log = structlog.get_logger()


class PoolGauges:
    """Reads the pools every few seconds. `run_once` does what the thread repeats."""

    def __init__(self, store: PoolStore, follower: CatalogFollower) -> None:
        self._store = store
        self._follower = follower
        self._shown: set[tuple[str, str]] = set()
        self._stopping = threading.Event()

    def start(self) -> "PoolGauges":
        """Starts the thread; returns itself."""
        threading.Thread(target=self._run, name="pools", daemon=True).start()
        return self

    def stop(self) -> None:
        """Ends the thread soon."""
        self._stopping.set()

    def run_once(self) -> None:
        """Sets the gauges of each pool; a pool that no rule names any more is removed. Raises redis's errors."""
        catalog = self._follower.view
        found = ((program, pool) for program in sorted(catalog.programs()) for pool in named_pools(catalog, program))
        current = list(islice(found, _MOST_POOLS))
        for program in dict.fromkeys(program for program, _ in current):
            names = [pool for of, pool in current if of == program]
            for name, pool in self._store.pools(program, names).items():
                values = (free(pool), low_water(catalog, program, name), pool.queued)
                for metric, value in zip(self._gauges(), values, strict=True):
                    metric.labels(program, name).set(value)
        for gone in self._shown - set(current):
            for metric in self._gauges():
                metric.remove(*gone)
        self._shown = set(current)

    def _gauges(self) -> tuple[Gauge, ...]:
        return gauge("pool_codes_left"), gauge("pool_low_water"), gauge("pool_rewards_waiting")

    def _run(self) -> None:
        while not self._stopping.wait(_INTERVAL_S):
            try:
                self.run_once()
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever Redis raises
                log.warning("pools not read", reason=f"{type(error).__name__}: {error}")
