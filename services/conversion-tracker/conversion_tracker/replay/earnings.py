"""What referrers and their friends would have in the end, under one set of rules.

The lines of `conversions` go through the functions that reward-dispatcher grants by (`referral.entitlement`), in the same order. So
rewards of each conversion, milestones, tiers, streaks, orders with their refunds, conditions and caps count here as they pay there.

All lines are applied. Those from before a period decide what is earned in it, but only what was earned in it is counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from referral.entitlement.conversion_rewards import grant_rewards, revoke_rewards
from referral.entitlement.earnable_rewards import EarnableRewards, earnable_rewards
from referral.entitlement.grant_lines import GrantLine
from referral.entitlement.grants import WAITING, ConversionGrants, ReferrerGrants
from referral.entitlement.order_rewards import RulesAt, settle_orders
from referral.entitlement.orders import orders_after
from referral.events.attributions import ReferrerKind
from referral.events.conversions import (
    ConversionCleared,
    ConversionFact,
    ConversionHeld,
    ConversionOrdered,
    ConversionOrderRefunded,
    ConversionOrderReinstated,
    ConversionRejected,
    ConversionReversed,
    OrderFact,
)
from referral.events.entities import ProgramVersion
from referral.events.money import Value
from referral.events.rewards import RewardAdjusted, RewardGranted, RewardRevoked, RewardStopped, Role

TermsAt = Callable[[datetime], ProgramVersion | None]
"""The version of the program in force at a time; None before the first."""
_NO_CODES = ""  # codes are not generated


@dataclass(slots=True)
class EarnedReward:
    """A reward that is granted and not taken back: when it was earned, whose it is, what it is worth, and what it costs."""

    at: datetime
    role: Role
    referrer: str
    value: Value | None
    cost: Value | None


@dataclass(slots=True)
class ReferrerEarnings:
    """The numbers of one referrer: conversions that count, and their own rewards."""

    referrals: int = 0
    rewards: int = 0


@dataclass(frozen=True, slots=True)
class _EarningConversion:
    """A conversion: when it qualified, whose it is, and what it has earned."""

    at: datetime
    referrer: str
    grants: ConversionGrants


@dataclass(slots=True)
class Earnings:
    """The conversions of a program and what they earn. `rewards` are those in effect by id.

    The numbers are those of what qualified or was earned from `since` on; None: of everything.
    """

    terms_at: TermsAt
    since: datetime | None = None
    rewards: dict[str, EarnedReward] = field(default_factory=dict)
    _referrers: dict[str, ReferrerGrants] = field(default_factory=dict)
    _conversions: dict[str, _EarningConversion] = field(default_factory=dict)  # by id
    _earnable: dict[tuple[int, ReferrerKind], EarnableRewards] = field(default_factory=dict)  # by version

    def apply(self, line: ConversionFact | OrderFact) -> None:
        """Applies the next line of a referrer. What qualified when no version was in force earns nothing, as in production."""
        match line:
            case ConversionCleared():
                self._clear(line)
            case ConversionReversed():
                self._reverse(line)
            case ConversionOrdered() | ConversionOrderRefunded() | ConversionOrderReinstated():
                self._settle(line)
            case ConversionHeld() | ConversionRejected():
                pass
            case _:
                assert_never(line)

    def by_referrer(self) -> dict[str, ReferrerEarnings]:
        """The numbers of each referrer who has any."""
        found: dict[str, ReferrerEarnings] = {}
        for conversion in self._counted_conversions():
            found.setdefault(conversion.referrer, ReferrerEarnings()).referrals += 1
        for reward in self._counted_rewards():
            if reward.role == "referrer":
                found.setdefault(reward.referrer, ReferrerEarnings()).rewards += 1
        return found

    def referrals(self) -> int:
        """The number of conversions that count."""
        return sum(1 for _ in self._counted_conversions())

    def capped(self) -> int:
        """The number of referrals whose referrer earns nothing because of a cap."""
        return sum(one.grants.stop is not None for one in self._counted_conversions())

    def rewards_of(self, role: Role) -> int:
        """The number of rewards of referrers or of friends."""
        return sum(reward.role == role for reward in self._counted_rewards())

    def values(self) -> Counter[str]:
        """What the credits are worth, by currency or points, in minor units."""
        return _sums(reward.value for reward in self._counted_rewards())

    def costs(self) -> Counter[str]:
        """What the rewards cost, by currency, in minor units."""
        return _sums(reward.cost for reward in self._counted_rewards())

    def _counted_conversions(self) -> Iterator[_EarningConversion]:
        return (one for one in self._conversions.values() if one.grants.active and self._is_counted(one.at))

    def _counted_rewards(self) -> Iterator[EarnedReward]:
        return (one for one in self.rewards.values() if self._is_counted(one.at))

    def _is_counted(self, at: datetime) -> bool:
        return self.since is None or at >= self.since

    def _clear(self, line: ConversionCleared) -> None:
        before = self._conversion(line.id)
        earnable = self._rewards(line.referrer_kind, line.occurred_at)
        if before.active or earnable is None:
            return
        earned = grant_rewards(line, earnable, self._referrers.get(line.referrer, ReferrerGrants()), before)
        self._referrers[line.referrer] = earned.referrer
        self._record(line.referrer, earned.lines)
        settled, lines = settle_orders(line, earned.conversion, self._rules_at(line.referrer_kind))
        self._conversions[line.id] = _EarningConversion(line.occurred_at, line.referrer, settled)
        self._record(line.referrer, lines)

    def _reverse(self, line: ConversionReversed) -> None:
        conversion = self._conversion(line.id)
        if not conversion.active:
            return
        rules = self._rewards(line.referrer_kind, line.cleared_at) if conversion.units else None
        streaks = rules.streaks if rules else ()
        left = revoke_rewards(line, conversion, self._referrers.get(line.referrer, ReferrerGrants()), streaks)
        self._referrers[line.referrer] = left.referrer
        self._conversions[line.id] = _EarningConversion(line.cleared_at, line.referrer, left.conversion)
        self._record(line.referrer, left.lines)

    def _settle(self, line: OrderFact) -> None:
        before = self._conversion(line.id)
        orders = orders_after(before.orders, line)
        rules_at = self._rules_at(line.referrer_kind)
        after, lines = settle_orders(line, replace(before, orders=orders), rules_at)
        known = self._conversions.get(line.id)
        self._conversions[line.id] = _EarningConversion(known.at if known else line.occurred_at, line.referrer, after)
        self._record(line.referrer, lines)

    def _record(self, referrer: str, lines: Iterable[GrantLine]) -> None:
        for line in lines:
            match line:
                case RewardGranted():
                    self.rewards[line.id] = EarnedReward(line.occurred_at, line.role, referrer, line.value, line.cost)
                case RewardAdjusted():
                    self.rewards[line.id].value, self.rewards[line.id].cost = line.value, line.cost
                case RewardRevoked():
                    del self.rewards[line.id]
                case RewardStopped():
                    pass
                case _:
                    assert_never(line)

    def _conversion(self, conversion: str) -> ConversionGrants:
        return self._conversions[conversion].grants if conversion in self._conversions else WAITING

    def _rules_at(self, kind: ReferrerKind) -> RulesAt:
        return lambda at: self._rewards(kind, at) or _NOTHING

    def _rewards(self, kind: ReferrerKind, at: datetime) -> EarnableRewards | None:
        """What can be earned under the version in force at a time."""
        terms = self.terms_at(at)
        if terms is None:
            return None
        key = terms.version, kind
        if key not in self._earnable:
            self._earnable[key] = earnable_rewards(terms, kind, _NO_CODES)
        return self._earnable[key]


_NOTHING = EarnableRewards((), (), (), (), (), {}, "UTC")


def _sums(values: Iterable[Value | None]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for value in values:
        if value is not None:
            sums[value.unit] += value.amount
    return sums
