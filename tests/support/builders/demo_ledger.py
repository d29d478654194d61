"""Builders for what the demo measures: the ledger of a campaign in which nothing went wrong."""

from collections.abc import Mapping

from referral_tools.demo.measured_ledger import MeasuredLedger
from referral_tools.demo.recorded_rewards import RecordedRewards
from tests.support.builders.participants import PROGRAM


def agreeing_ledger(deliveries: Mapping[str, int], rewards: RecordedRewards | None = None) -> MeasuredLedger:
    """Returns a ledger with ten codes of one pool, of which four were given."""
    return MeasuredLedger(
        rewards=rewards or RecordedRewards(PROGRAM),
        budget_exceeded=0,
        pools=frozenset({"vip-codes"}),
        pool_codes={"uploaded": 10, "free": 5, "reserved": 1, "given": 4, "void": 0},
        pool_problems=(),
        uploaded=10,
        deliveries=deliveries,
        refused=0,
        unreconciled=0,
    )
