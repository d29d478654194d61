"""Which pools the rules of a program name, the level that is low for each (as the newest version says), and the gauges of these."""

from itertools import groupby, islice
from operator import itemgetter

from referral.catalog.view import Catalog
from referral.events.pool_rules import DEFAULT_LOW_WATER
from referral.events.reward_rules import GENERATED
from referral.events.rewards import handover_of
from referral.telemetry.level_exporter import Levels
from reward_dispatcher.domain.code_pool import free
from reward_dispatcher.pool_store import PoolStore

_MOST_POOLS = 500


def read_pool_levels(store: PoolStore, catalog: Catalog) -> Levels:
    """The gauges of the first pools that rules name. Raises redis's errors."""
    found = ((program, pool) for program in sorted(catalog.programs()) for pool in named_pools(catalog, program))
    levels: Levels = {}
    for program, pools in groupby(islice(found, _MOST_POOLS), key=itemgetter(0)):
        for name, pool in store.pools(program, [one for _, one in pools]).items():
            labels = program, name
            levels["pool_codes_left", labels] = free(pool)
            levels["pool_low_water", labels] = low_water(catalog, program, name)
            levels["pool_rewards_waiting", labels] = pool.queued
    return levels


def low_water(catalog: Catalog, program: str, pool: str) -> int:
    """Below how many codes a pool is low."""
    versions = catalog.versions(program)
    rules = versions[-1].program.pools.get(pool) if versions else None
    return rules.low_water if rules else DEFAULT_LOW_WATER


def named_pools(catalog: Catalog, program: str) -> list[str]:
    """The pools of uploaded codes that rules name, by name."""
    rules = [rule for version in catalog.versions(program)[-1:] for rule in version.program.rewards]
    named = {rule.pool for rule in rules if rule.pool and handover_of(rule.kind) == "code"}
    return sorted(named - {GENERATED})
