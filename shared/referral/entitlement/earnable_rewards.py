"""What a conversion can earn under one version of a program: its reward rules, with all that is the same for each conversion."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, assert_never

from msgspec import Struct

from referral.events.attributions import Evidence, ReferrerKind
from referral.events.budgets import TOTAL_BUDGET
from referral.events.code_formats import CodeFormat
from referral.events.entities import ProgramVersion
from referral.events.money import POINTS, Value, money
from referral.events.program import Program
from referral.events.reward_conditions import Case, Condition, conditions_of
from referral.events.reward_rules import GENERATED, Reward, Tier
from referral.events.rewards import handover_of
from referral.events.section import Period

Occasion = Literal["each", "milestone", "order", "streak", "prize"]


class EarnableReward(Struct, frozen=True):
    """A reward rule of a program version.

    `milestone` is the number of conversions that it needs (0: each conversion earns it), `holding` the holding period,
    `use` how long the reward can be used after it, `code_key` the id of the key of a generated code and `code_format` its form.
    `value` is that of a fixed amount, `cost` what `budgets` are charged for each. `tiers` are the values from the N-th referral on,
    the highest N first, with their costs. `within` is how long after the first follow orders count.
    """

    rule: Reward
    version: int
    milestone: int
    holding: timedelta | None
    use: timedelta | None
    code_key: str | None
    code_format: CodeFormat | None
    value: Value | None
    cost: Value | None
    budgets: tuple[str, ...]
    conditions: tuple[Condition, ...]
    tiers: tuple[tuple[int, Value | None, Value | None], ...]
    within: timedelta

    def is_met_by(self, evidence: Evidence, *, is_first_order: bool = False) -> bool:
        """Whether all conditions of the rule hold."""
        if not self.conditions:  # mostly
            return True
        case = Case(evidence, is_first_order)
        return all(condition(self.rule.where, case) for condition in self.conditions)


class EarnableRewards(Struct, frozen=True):
    """The rewards that each conversion earns, milestones, those of orders, streaks and prizes, each in the order of the program.

    `caps` limit the referrals that earn their referrer something, by period in the time zone `zone`.
    """

    of_each: tuple[EarnableReward, ...]
    milestones: tuple[EarnableReward, ...]
    of_orders: tuple[EarnableReward, ...]
    streaks: tuple[EarnableReward, ...]
    prizes: tuple[EarnableReward, ...]
    caps: Mapping[Period, int]
    zone: str


def earnable_rewards(terms: ProgramVersion, referrer: ReferrerKind, code_key: str) -> EarnableRewards:
    """Returns what conversions of such a referrer can earn; generated codes have the key `code_key`."""
    program = terms.program
    rewards: dict[Occasion, list[EarnableReward]] = {
        "each": [],
        "milestone": [],
        "order": [],
        "streak": [],
        "prize": [],
    }
    for rule in program.rewards_for(referrer):
        occasion = _occasion(rule)
        if occasion is not None:
            rewards[occasion].append(_earnable(rule, terms, code_key))
    return EarnableRewards(
        of_each=tuple(rewards["each"]),
        milestones=tuple(rewards["milestone"]),
        of_orders=tuple(rewards["order"]),
        streaks=tuple(rewards["streak"]),
        prizes=tuple(rewards["prize"]),
        caps=program.caps.per_referrer if referrer == "follower" else {},
        zone=program.timezone,
    )


def _occasion(rule: Reward) -> Occasion | None:
    """When a rule pays; None if it never does: what counts a referrer's referrals cannot reward a referee."""
    match rule.on:
        case "conversion.cleared":
            return "each" if rule.pays_each else "milestone"
        case "milestone":
            return "milestone" if rule.milestone else None
        case "order.qualified":
            return "order"
        case "streak":
            return "streak" if rule.to == "referrer" and rule.streak else None
        case "board.prize" | "draw.won" | "challenge.participant" | "challenge.weekly" | "challenge.final":
            return "prize" if rule.to == "referrer" else None
        case _:
            assert_never(rule.on)


def _earnable(rule: Reward, terms: ProgramVersion, code_key: str) -> EarnableReward:
    program, value = terms.program, _value(rule, rule.currency)
    holding_days = program.holding_days
    cost = _cost(rule, program, value)
    is_generated = handover_of(rule.kind) == "code" and rule.pool in (None, GENERATED)
    return EarnableReward(
        rule=rule,
        version=terms.version,
        milestone=rule.milestone or 0,
        holding=timedelta(days=holding_days) if holding_days else None,
        use=timedelta(days=rule.expires_days) if rule.expires_days else None,
        code_key=code_key if is_generated else None,
        code_format=rule.code.format if is_generated and rule.code else None,
        value=value,
        cost=cost,
        budgets=_budgets(rule, program),
        conditions=conditions_of(rule),
        tiers=_tiers(rule, program),
        within=timedelta(days=rule.within_days or program.attribution.window_days),
    )


def _value(rule: Reward | Tier, currency: str | None) -> Value | None:
    """The fixed amount of money or points of a rule or a tier."""
    if rule.points is not None:
        return Value(rule.points, POINTS)
    return money(rule.amount, currency) if rule.amount is not None and currency is not None else None


def _tiers(rule: Reward, program: Program) -> tuple[tuple[int, Value | None, Value | None], ...]:
    valued = [(tier.start, _value(tier, rule.currency)) for tier in rule.tiers]
    priced = [(start, value, _cost(rule, program, value)) for start, value in valued]
    return tuple(sorted(priced, key=lambda tier: -tier[0]))


def _cost(rule: Reward, program: Program, value: Value | None) -> Value | None:
    """What one reward costs: as the rule states it, in the currency of its budget (None for 0); otherwise its amount of money."""
    if rule.cost is None:
        return value if value is not None and value.unit != POINTS else None
    budget = rule.budget or program.caps.budget
    return money(rule.cost, budget.currency) if budget and rule.cost else None


def _budgets(rule: Reward, program: Program) -> tuple[str, ...]:
    total = (TOTAL_BUDGET,) if program.caps.budget else ()
    return (*total, rule.id) if rule.budget else total
