"""What rewards may still cost: how many of the outstanding ones are likely used, and when a budget ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from leaderboard.domain.estimate import ALPHA, Estimate, share
from leaderboard.statistics.poisson_rate import rate_interval

LONGEST_DAYS = 3_650
"""An end that is further away is not shown: nothing is known of it."""
_ENDED = ("redeemed", "clawback", "revoked", "expired")


@dataclass(frozen=True, slots=True)
class RuleLiability:
    """The rewards of a rule that were granted and neither used, revoked nor expired, of which `held` wait for something.

    `use_rate` is the share of used ones among those used or expired, `likely` how many of the outstanding will be used by it.
    """

    rule: str
    outstanding: int
    held: int
    use_rate: Estimate
    likely: Estimate


@dataclass(frozen=True, slots=True)
class BudgetEnd:
    """When a budget ends if rewards cost as much a day as in the recent past; None if that is not within ten years.

    `per_day` is in minor units of the currency; the dates of its bounds are `earliest` and `latest`.
    """

    per_day: Estimate
    on: date | None
    earliest: date | None
    latest: date | None


def rule_liability(rule: str, by_status: Mapping[str, int]) -> RuleLiability:
    """Returns the liability of a rule from its rewards by status."""
    outstanding = sum(number for status, number in by_status.items() if status not in _ENDED)
    used = by_status.get("redeemed", 0) + by_status.get("clawback", 0)
    use_rate = share(used, used + by_status.get("expired", 0))
    return RuleLiability(rule, outstanding, by_status.get("held", 0), use_rate, _times(use_rate, outstanding))


def budget_end(spent: int, free: int, qualified: int, recent: int, recent_days: int, today: date) -> BudgetEnd:
    """Returns when a budget ends: amounts in minor units, referrals that qualified ever and in the recent days.

    What a referral has cost so far is taken as what it will cost; the interval is that of the number of referrals a day (Garwood).
    """
    if spent <= 0 or qualified <= 0 or recent_days <= 0:
        return BudgetEnd(Estimate(None, recent), None, None, None)
    cost = spent / qualified
    low, high = (bound * cost for bound in rate_interval(recent, recent_days, ALPHA))
    per_day = Estimate(recent / recent_days * cost, recent, low, high)
    return BudgetEnd(per_day, _end(free, per_day.value or 0, today), _end(free, high, today), _end(free, low, today))


def _times(rate: Estimate, number: int) -> Estimate:
    if rate.value is None or rate.low is None or rate.high is None:
        return Estimate(None, rate.n)
    return Estimate(rate.value * number, rate.n, rate.low * number, rate.high * number)


def _end(free: int, per_day: float, today: date) -> date | None:
    if per_day <= 0 or max(free, 0) / per_day > LONGEST_DAYS:
        return None
    return today + timedelta(days=int(max(free, 0) / per_day))
