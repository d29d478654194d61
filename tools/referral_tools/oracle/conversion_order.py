"""What depends on the order in which referrals were cleared and reversed: which are beyond a cap, the N-th of a tier, streaks.

Everything else that the oracle computes follows from who stands in the end. This order is the system's own choice, so it is an
input (`Journal.conversions`); which referrals stand in the end is not: there the oracle's own conclusion is decisive.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import get_args
from zoneinfo import ZoneInfo

from referral.events.program import Program
from referral.events.reward_rules import Conditions, Reward
from referral.events.section import Period
from referral_tools.oracle.expected_boards import periods
from referral_tools.oracle.journal import ConversionStep


@dataclass(frozen=True, slots=True)
class CountedConversion:
    """A referral that stands: whether a cap stops it for its referrer, and its number by each rule with tiers, from 1."""

    step: ConversionStep
    capped: bool
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StreakBlock:
    """Days or weeks in a row of a referrer (a person id) that earn a rule once: the first day."""

    referrer: str
    rule: Reward
    first: date


@dataclass(slots=True)
class _Record:
    """What counts for one referrer: conversions in the order in which they were cleared, and blocks of streaks by rule."""

    conversions: dict[str, CountedConversion] = field(default_factory=dict)
    blocks: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def play_conversions(
    program: Program, steps: Iterable[ConversionStep]
) -> tuple[dict[str, CountedConversion], list[StreakBlock]]:
    """The conversions that stand after all steps, by id, and the blocks of their referrers."""
    records: dict[str, _Record] = defaultdict(_Record)
    for step in steps:
        record = records[step.referrer]
        if step.at is None:
            record.conversions.pop(step.conversion, None)
        elif step.conversion not in record.conversions:
            record.conversions[step.conversion] = _counted(step, step.at, record, program)
        for rule in program.rewards:
            if rule.on == "streak" and rule.to == "referrer":
                record.blocks[rule.id] = _blocks(rule, record, program)
    standing = {id: one for record in records.values() for id, one in record.conversions.items()}
    rules = {rule.id: rule for rule in program.rewards}
    return standing, [
        StreakBlock(referrer, rules[rule], _first_day(rules[rule], first))
        for referrer, record in records.items()
        for rule, blocks in record.blocks.items()
        for first in blocks
    ]


def depends_on_order(program: Program, standing: Iterable[ConversionStep]) -> str | None:
    """What of the program depends on the order of the log, in words; None if nothing does for these conversions."""
    for rule in program.rewards:
        if rule.tiers or rule.on == "streak":
            return f"the rule {rule.id} has {'tiers' if rule.tiers else 'a streak'}"
    zone, counts = ZoneInfo(program.timezone), Counter[tuple[str, str, str]]()
    for step in standing:
        if step.at is not None:
            counts.update((step.referrer, period, name) for period, name in _period_names(step.at, zone).items())
    for (referrer, period, name), count in counts.items():
        if count > program.caps.per_referrer.get(period, count):  # type: ignore[call-overload] # a period
            return f"{referrer} has {count} referrals in {name}, beyond the cap of the {period}"
    return None


def is_met(where: Conditions, step: ConversionStep) -> bool:
    """Whether a referral meets the conditions of a rule, apart from those on orders."""
    return (
        (not where.channels or step.channel in where.channels)
        and (not where.partners or step.partner in where.partners)
        and (not where.content or step.content in where.content)
    )


def _counted(step: ConversionStep, at: datetime, record: _Record, program: Program) -> CountedConversion:
    zone = ZoneInfo(program.timezone)
    names = _period_names(at, zone)
    others = [(one.step, _period_names(one.step.at, zone)) for one in _uncapped(record) if one.step.at]
    capped = any(
        sum(other[period] == names[period] for _, other in others) >= most
        for period, most in program.caps.per_referrer.items()
    )
    numbers = {
        rule.id: 1 + sum(is_met(rule.where, one) and other[period] == names[period] for one, other in others)
        for rule in program.rewards
        if rule.tiers
        for period in (rule.tier_period or "all",)
    }
    return CountedConversion(step, capped, numbers)


def _uncapped(record: _Record) -> Iterator[CountedConversion]:
    return (one for one in record.conversions.values() if not one.capped)


def _blocks(rule: Reward, record: _Record, program: Program) -> set[int]:
    """The first units of the blocks: those before that are still complete, then the earliest of the free units in a row."""
    zone, length = ZoneInfo(program.timezone), rule.streak or 0
    days = {_unit(rule, one.step.at, zone) for one in _uncapped(record) if one.step.at and is_met(rule.where, one.step)}
    blocks = {first for first in record.blocks[rule.id] if set(range(first, first + length)) <= days}
    free = days - {unit for first in blocks for unit in range(first, first + length)}
    for first in sorted(free):
        block = set(range(first, first + length))
        if block <= free:
            blocks.add(first)
            free -= block
    return blocks


def _unit(rule: Reward, at: datetime, zone: ZoneInfo) -> int:
    local = at.astimezone(zone).date()
    return local.toordinal() if rule.streak_unit != "week" else (local.toordinal() - local.weekday()) // 7


def _first_day(rule: Reward, unit: int) -> date:
    return date.fromordinal(unit if rule.streak_unit != "week" else unit * 7 + 1)


def _period_names(at: datetime, zone: ZoneInfo) -> dict[Period, str]:
    return dict(zip(get_args(Period), periods(at, zone), strict=True))
