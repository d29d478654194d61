"""How many of a referrer's referrals caps, tiers and conditional milestones have counted, by the name of the counter.

A referral counts in the order of the log, and stops counting when it is reversed. A counter exists while it is above 0, so there is
at most one for each day, week or month in which the referrer had a referral.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from referral.entitlement.periods import period_name
from referral.events.rewards import StopReason
from referral.events.section import Period

_REASONS: Mapping[Period, StopReason] = {
    "day": "cap:day",
    "week": "cap:week",
    "month": "cap:month",
    "all": "cap:all",
}


def cap_counters(caps: Mapping[Period, int], at: datetime, zone: str) -> dict[Period, str]:
    """The counters of the caps for a referral that qualified at a time, by period."""
    return {period: f"cap|{period}|{period_name(period, at, zone)}" for period in caps}


def full_cap(caps: Mapping[Period, int], names: Mapping[Period, str], counts: Mapping[str, int]) -> StopReason | None:
    """The reason for which one more referral is stopped: the shortest period whose cap is reached; None within all caps."""
    full = (period for period in _REASONS if period in caps and counts.get(names[period], 0) >= caps[period])
    return next((_REASONS[period] for period in full), None)


def raise_counters(counts: dict[str, int], names: Iterable[str]) -> dict[str, int]:
    """The counters after one more referral."""
    return counts | {name: counts.get(name, 0) + 1 for name in names}


def lower_counters(counts: dict[str, int], names: Iterable[str]) -> dict[str, int]:
    """The counters without a referral that they had counted."""
    lowered = counts | {name: counts.get(name, 0) - 1 for name in names}
    return {name: count for name, count in lowered.items() if count > 0}
