"""What a line does to a pool, with the catalog's chunks at hand."""

from collections.abc import Sequence

from referral.catalog.view import Catalog
from referral.events.rewards import CodeRequested, CodeReturned, PoolFilled
from reward_dispatcher.domain import code_pool as pools
from reward_dispatcher.domain.code_pool import Pool, PoolChange

PoolLine = CodeRequested | CodeReturned | PoolFilled


def apply(pool: Pool, line: PoolLine, catalog: Catalog) -> PoolChange:
    """The pool after the line. Raises LookupError where the catalog lacks a chunk that the log names."""

    def codes_of(chunk: str) -> Sequence[str]:
        found = catalog.chunk(chunk)
        if found is None:
            raise LookupError(f"the catalog has no chunk {chunk} of pool {line.pool}")
        return found.codes

    match line:
        case CodeRequested():
            return pools.request_code(pool, line, codes_of)
        case CodeReturned():
            return pools.return_code(pool, line, codes_of)
        case PoolFilled():
            return pools.add_chunk(pool, line, codes_of)
