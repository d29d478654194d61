"""Compares the accounts of a program's pools by the log with what the running system would give."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from referral_tools.pool_accounting import PoolAccount
from referral_tools.pool_log import PoolLog
from referral_tools.service_client import ServiceClient, path

_SETTLING_S = 10.0


@dataclass(frozen=True, slots=True)
class CheckedPool:
    """The account of a pool, and how many codes the running system would give (`free`)."""

    account: PoolAccount
    free: int

    @property
    def missing(self) -> int:
        """How many codes of the uploaded ones are in no state; negative: in several."""
        one = self.account
        return one.uploaded - (self.free + one.reserved + one.given + one.void)


@dataclass(frozen=True, slots=True)
class PoolCheck:
    """The pools that got codes, and what does not add up or must not be on the log."""

    pools: Sequence[CheckedPool]
    problems: Sequence[str]


def check_pools(log: PoolLog, client: ServiceClient, program: str, pool: str | None = None) -> PoolCheck:
    """Checks one pool, or all of a program; lines that are on their way get ten seconds. Raises LogUnavailable."""
    deadline = time.monotonic() + _SETTLING_S
    found = _compare(log, client, program, pool)
    while found.problems and time.monotonic() < deadline:
        time.sleep(0.5)
        found = _compare(log, client, program, pool)
    return found


def _compare(log: PoolLog, client: ServiceClient, program: str, wanted: str | None) -> PoolCheck:
    log.read()
    live = {one["pool"]: one for one in client.document("GET", path("programs", program, "pools"))["items"]}
    accounts = [one for one in log.accounting.accounts() if one.uploaded and wanted in (None, one.pool)]
    pools = [CheckedPool(one, live.get(one.pool, {}).get("left", 0)) for one in accounts]
    wrong = [_explanation(one) for one in pools if one.missing]
    return PoolCheck(pools, [*log.accounting.problems, *wrong])


def _explanation(pool: CheckedPool) -> str:
    return (
        f"pool {pool.account.pool}: the log leaves {pool.account.free:,} codes free, the running system would give {pool.free:,}."
        " Is a fold behind (`/readyz`), or are lines set aside (`referral rejected list`)?"
    )
