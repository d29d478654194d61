"""Which pools the rules of a program name, and the level that is low for each: as the newest version says."""

from referral.catalog.view import Catalog
from referral.events.pool_rules import DEFAULT_LOW_WATER
from referral.events.reward_rules import GENERATED
from referral.events.rewards import handover_of


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
