"""What is left in each pool of a program, beside the level that is low for it."""

from referral.catalog.view import Catalog
from reward_dispatcher.domain.code_pool import Pool, free
from reward_dispatcher.http_api.responses import PoolResponse
from reward_dispatcher.pool_levels import low_water, named_pools
from reward_dispatcher.pool_store import PoolStore


def pool_levels(catalog: Catalog, store: PoolStore, program: str) -> list[PoolResponse]:
    """The pools that got codes or that a rule of the newest version names, by name."""
    named = set(named_pools(catalog, program))
    pools = store.pools(program, sorted({*named, *store.names(program)}))
    return [_response(catalog, program, name, pool, name in named) for name, pool in pools.items()]


def _response(catalog: Catalog, program: str, name: str, pool: Pool, named: bool) -> PoolResponse:
    level, left = low_water(catalog, program, name), free(pool)
    return PoolResponse(
        pool=name,
        uploaded=pool.uploaded,
        left=left,
        issued=pool.issued,
        void=pool.void,
        waiting=pool.queued,
        low_water=level,
        low=named and left < level,
    )
