"""Which rewards a conversion earns, and which are revoked when it is reversed.

A rule pays each conversion (its trigger is the conversion's id), a milestone of a referrer (`once: true` is the milestone of one),
a streak (`streaks`), or the orders of the referred person (`order_rewards`). A milestone, a streak and a cap count a referrer's
conversions, in the order of the log; a milestone's reward is active exactly while that many conversions count.

A conversion beyond a cap counts for nothing that its referrer earns: what it would have earned them is stopped. The friend keeps
what they were promised. A reversal frees the place for the next conversion.

A partner has terms of their own with the program and earns none of these rewards; the friends they refer earn theirs.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from referral.entitlement.counters import cap_counters, full_cap, lower_counters, raise_counters
from referral.entitlement.earnable_rewards import EarnableReward, EarnableRewards
from referral.entitlement.grant_lines import (
    GrantLine,
    Occasion,
    active_grant,
    granted_line,
    occasion_of,
    revoked_line,
    stopped_line,
)
from referral.entitlement.grants import (
    WAITING,
    ActiveGrant,
    ConversionGrants,
    Milestone,
    OrderGrant,
    ReferrerGrants,
)
from referral.entitlement.periods import period_name
from referral.entitlement.streak_rewards import extend_streaks, shorten_streaks
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.money import Value
from referral.events.rewards import RewardGranted, StopReason


class Entitlement(Struct, frozen=True):
    """The grants of the referrer and of the conversion from now on, and the output lines."""

    referrer: ReferrerGrants
    conversion: ConversionGrants
    lines: list[GrantLine]


def grant_rewards(
    line: ConversionCleared, earnable: EarnableRewards, referrer: ReferrerGrants, before: ConversionGrants = WAITING
) -> Entitlement:
    """What a newly cleared conversion earns of what it can earn, apart from orders."""
    places = cap_counters(earnable.caps, line.occurred_at, earnable.zone) if earnable.caps else {}
    stop = full_cap(earnable.caps, places, referrer.counts) if places else None
    if stop is not None:
        return _stop_rewards(line, earnable, referrer, before, stop)
    counters = _rule_counters(line, earnable)
    counted = (*places.values(), *counters.values())
    counts = raise_counters(referrer.counts, counted) if counted else referrer.counts
    raised = ReferrerGrants(referrer.conversions + 1, referrer.milestones, counts, referrer.streaks)
    own = [
        _grant_of_each(line, reward, counts.get(counters.get(reward.rule.id, ""), 0))
        for reward in _each(line, earnable)
    ]
    after, milestones = _reach_milestones(line, earnable, raised, counters)
    after, units, blocks = extend_streaks(line, earnable, after) if earnable.streaks else (after, (), [])
    grants = tuple([active_grant(grant) for grant in own])
    conversion = ConversionGrants(grants, counted, units, orders=before.orders)
    return Entitlement(after, conversion, [*own, *milestones, *blocks])


def revoke_rewards(
    line: ConversionReversed,
    conversion: ConversionGrants,
    referrer: ReferrerGrants,
    streaks: Iterable[EarnableReward] = (),
) -> Entitlement:
    """What a reversal revokes: what the conversion and its orders earned, and what is no longer reached.

    `streaks` are the streak rules of the time at which the conversion was cleared: what is left may still be as many in a row.
    """
    grants: tuple[ActiveGrant | OrderGrant, ...] = (*conversion.grants, *conversion.order_grants)
    own = [revoked_line(line.occurred_at, line.program, grant, line.reason) for grant in grants]
    waiting = ConversionGrants(active=False, orders=conversion.orders)
    if conversion.stop is not None:
        return Entitlement(referrer, waiting, [*own])
    counts = lower_counters(referrer.counts, conversion.counted) if conversion.counted else referrer.counts
    count = referrer.conversions - 1
    reached = {
        rule: one
        for rule, one in referrer.milestones.items()
        if one.referrals <= (counts.get(one.counter, 0) if one.counter else count)
    }
    lost = [one.grant for rule, one in referrer.milestones.items() if rule not in reached]
    milestones = [revoked_line(line.occurred_at, line.program, grant, "milestone_lost") for grant in lost]
    after = ReferrerGrants(count, reached, counts, referrer.streaks)
    after, changes = shorten_streaks(line, conversion, after, streaks) if conversion.units else (after, [])
    return Entitlement(after, waiting, [*own, *milestones, *changes])


def _each(line: ConversionCleared, earnable: EarnableRewards) -> list[EarnableReward]:
    return [reward for reward in earnable.of_each if reward.is_met_by(line.evidence)]


def _rule_counters(line: ConversionCleared, earnable: EarnableRewards) -> dict[str, str]:
    """The counters that the conversion raises for rules with tiers, and for milestones with conditions, by rule."""
    tiers = {
        reward.rule.id: f"tier|{reward.rule.id}|{period_name(reward.rule.tier_period or 'all', line.occurred_at, earnable.zone)}"
        for reward in earnable.of_each
        if reward.tiers and reward.is_met_by(line.evidence)
    }
    milestones = {
        reward.rule.id: f"milestone|{reward.rule.id}"
        for reward in earnable.milestones
        if reward.conditions and reward.is_met_by(line.evidence)
    }
    return tiers | milestones if milestones else tiers


def _grant_of_each(line: ConversionCleared, reward: EarnableReward, number: int) -> RewardGranted:
    """The grant for the conversion; with tiers, for the `number`-th one that the rule counts."""
    return granted_line(occasion_of(line, line.id), reward, *_price(reward, number))


def _price(reward: EarnableReward, number: int) -> tuple[Value | None, Value | None]:
    """Value and cost. The first tier begins with the first referral."""
    if not reward.tiers:
        return reward.value, reward.cost
    return next(((value, cost) for start, value, cost in reward.tiers if start <= number), reward.tiers[-1][1:])


def _reach_milestones(
    line: ConversionCleared, earnable: EarnableRewards, referrer: ReferrerGrants, counters: dict[str, str]
) -> tuple[ReferrerGrants, list[RewardGranted]]:
    """The referrer with the milestones that are reached now, and their grants."""
    lines: list[RewardGranted] = []
    milestones = referrer.milestones
    for reward, counter in _countable(earnable, counters):
        count = referrer.counts[counter] if counter else referrer.conversions
        if reward.milestone <= count and reward.rule.id not in milestones:
            grant = granted_line(_milestone(line, reward), reward, reward.value, reward.cost)
            milestones = milestones | {reward.rule.id: Milestone(active_grant(grant), reward.milestone, counter)}
            lines.append(grant)
    return (replace(referrer, milestones=milestones) if lines else referrer), lines


def _countable(earnable: EarnableRewards, counters: dict[str, str]) -> Iterator[tuple[EarnableReward, str]]:
    """The milestones for which the conversion counts, with their counters (empty: all conversions)."""
    for reward in earnable.milestones:
        if not reward.conditions:
            yield reward, ""
        elif reward.rule.id in counters:
            yield reward, counters[reward.rule.id]


def _milestone(line: ConversionCleared, reward: EarnableReward) -> Occasion:
    return occasion_of(line, f"milestone:{reward.milestone}")


def _stop_rewards(
    line: ConversionCleared,
    earnable: EarnableRewards,
    referrer: ReferrerGrants,
    before: ConversionGrants,
    stop: StopReason,
) -> Entitlement:
    """The friend's rewards, and a stop for each reward that the referrer would have had by this conversion."""
    each = _each(line, earnable)
    own = [_grant_of_each(line, reward, 0) for reward in each if reward.rule.to == "referee"]
    stopped = [
        stopped_line(occasion_of(line, line.id), reward, reward.value, stop)
        for reward in each
        if reward.rule.to == "referrer"
    ]
    stopped += [
        stopped_line(_milestone(line, reward), reward, reward.value, stop)
        for reward in earnable.milestones
        if _would_reach(line, reward, referrer)
    ]
    conversion = ConversionGrants(
        tuple(active_grant(grant) for grant in own),
        stop=stop,
        stopped=tuple(one.id for one in stopped),
        orders=before.orders,
    )
    return Entitlement(referrer, conversion, [*own, *stopped])


def _would_reach(line: ConversionCleared, reward: EarnableReward, referrer: ReferrerGrants) -> bool:
    if reward.rule.id in referrer.milestones or not reward.is_met_by(line.evidence):
        return False
    counter = f"milestone|{reward.rule.id}"
    count = referrer.counts.get(counter, 0) if reward.conditions else referrer.conversions
    return reward.milestone <= count + 1
