"""The rewards of streaks: granted for each block of days or weeks in a row, taken back when a block loses one of them."""

from collections.abc import Iterable

from msgspec.structs import replace

from referral.entitlement.earnable_rewards import EarnableReward, EarnableRewards
from referral.entitlement.grant_lines import GrantLine, active_grant, granted_line, occasion_of, revoked_line
from referral.entitlement.grants import Block, ConversionGrants, ReferrerGrants, Streak
from referral.entitlement.periods import first_day, unit_number
from referral.entitlement.streaks import new_blocks, with_referral, without_referral
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.rewards import RewardGranted


def extend_streaks(
    line: ConversionCleared, earnable: EarnableRewards, referrer: ReferrerGrants
) -> tuple[ReferrerGrants, tuple[tuple[str, int], ...], list[RewardGranted]]:
    """The referrer with the conversion in their streaks, the units that it is in by rule, and the grants of new blocks."""
    streaks, units, lines = dict(referrer.streaks), [], []
    for reward in earnable.streaks:
        unit = unit_number(reward.rule.streak_unit or "day", line.occurred_at, earnable.zone)
        extended = with_referral(streaks.get(reward.rule.id, Streak()), unit)
        if extended is None or not reward.is_met_by(line.evidence):
            continue
        units.append((reward.rule.id, unit))
        streaks[reward.rule.id], grants = _grant_blocks(line, reward, extended)
        lines += grants
    return replace(referrer, streaks=streaks), tuple(units), lines


def shorten_streaks(
    line: ConversionReversed,
    conversion: ConversionGrants,
    referrer: ReferrerGrants,
    rules: Iterable[EarnableReward],
) -> tuple[ReferrerGrants, list[GrantLine]]:
    """The referrer without the conversion in their streaks, and the lines about blocks that this breaks or moves."""
    streaks, lines = dict(referrer.streaks), list[GrantLine]()
    by_rule = {reward.rule.id: reward for reward in rules}
    for rule, unit in conversion.units:
        streak, broken = without_referral(streaks.get(rule, Streak()), unit)
        if broken is not None:
            lines.append(revoked_line(line.occurred_at, line.program, broken, "streak_lost"))
            streak, grants = _grant_blocks(line, by_rule[rule], streak) if rule in by_rule else (streak, [])
            lines += grants
        streaks[rule] = streak
    kept = {rule: streak for rule, streak in streaks.items() if streak.referrals}
    return replace(referrer, streaks=kept), lines


def _grant_blocks(
    line: ConversionCleared | ConversionReversed, reward: EarnableReward, streak: Streak
) -> tuple[Streak, list[RewardGranted]]:
    units, unit, lines = reward.rule.streak or 0, reward.rule.streak_unit or "day", []
    blocks = dict(streak.blocks)
    for first in list(new_blocks(streak, units)):
        occasion = occasion_of(line, f"streak:{unit}:{units}:{first_day(unit, first)}")
        grant = granted_line(occasion, reward, reward.value, reward.cost)
        blocks[first] = Block(units, active_grant(grant))
        lines.append(grant)
    return Streak(streak.referrals, blocks), lines
