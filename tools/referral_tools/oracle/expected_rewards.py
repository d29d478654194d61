"""What both sides have in the end: the rewards whose reason is still valid, and those that were used before."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from referral.events.ids import reward_id
from referral.events.money import POINTS, Value
from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral_tools.oracle.conversion_order import (
    CountedConversion,
    StreakBlock,
    depends_on_order,
    is_met,
    play_conversions,
)
from referral_tools.oracle.expected_attribution import ExpectedReferral
from referral_tools.oracle.expected_codes import ExpectedCodeUses
from referral_tools.oracle.expected_orders import OracleOrder, fixed_amount, rewarded_orders
from referral_tools.oracle.journal import ConversionStep, PersonIdOf, RedemptionAnswer

_NOT_OF_REFERRALS = ("streak", "board.prize", "draw.won")


@dataclass(frozen=True, slots=True)
class OwedReward:
    """A reward that is owed: by which rule, to which person (external id), and the value of a credit."""

    id: str
    rule: str
    beneficiary: str
    value: Value | None = None


class NotComputable(ValueError):
    """What the program owes depends on the order of the log, which the journal does not have; the message names the rule."""


class RewardsOwed:
    """Computes the rewards of one program. One version of the rules holds throughout."""

    def __init__(self, program: Program, person_id: PersonIdOf, orders: Mapping[str, Sequence[OracleOrder]]) -> None:
        self._program, self._person_id, self._orders = program, person_id, orders

    def of(
        self, conversions: Mapping[str, ExpectedReferral], recorded: Sequence[ConversionStep] = ()
    ) -> dict[str, OwedReward]:
        """Every reward whose reason is still valid, by id: of these conversions, which stand, in the order that was recorded.

        Raises NotComputable if nothing was recorded and the rewards depend on it.
        """
        steps = _conclude(conversions, recorded)
        if steps and not recorded and (reason := depends_on_order(self._program, steps)):
            raise NotComputable(f"{reason}: what it owes depends on the order of the log, which was not recorded")
        counted, blocks = play_conversions(self._program, steps)
        by_referrer: dict[str, list[tuple[CountedConversion, ExpectedReferral]]] = defaultdict(list)
        for id, one in counted.items():
            by_referrer[one.step.referrer].append((one, conversions[id]))
        names = {
            referral.referrer.id: referral.referrer.external_id
            for referral in conversions.values()
            if referral.referrer
        }
        owed = [reward for some in by_referrer.values() for reward in self._of_referrer(some)]
        owed += [self._streak(block, names[block.referrer]) for block in blocks]
        return {reward.id: reward for reward in owed}

    def _of_referrer(self, some: list[tuple[CountedConversion, ExpectedReferral]]) -> Iterator[OwedReward]:
        for rule in self._program.rewards:
            met = [(one, referral) for one, referral in some if is_met(rule.where, one.step)]
            needed = (
                rule.referrals
                if rule.on == "milestone"
                else (1 if rule.once and rule.on != "order.qualified" else None)
            )
            if rule.on in _NOT_OF_REFERRALS or (rule.on == "milestone" and rule.to == "referee"):
                continue
            if needed is not None and rule.to == "referrer":
                if sum(not one.capped for one, _ in met) >= needed:
                    yield self._owed_reward(rule, met[0][1], f"milestone:{needed}", _fixed(rule))
                continue
            for one, referral in met:
                if rule.to == "referee" or not one.capped:
                    yield from self._of_conversion(rule, one, referral)

    def _of_conversion(self, rule: Reward, one: CountedConversion, referral: ExpectedReferral) -> Iterator[OwedReward]:
        conversion = one.step.conversion
        if rule.on != "order.qualified":
            yield self._owed_reward(
                rule, referral, conversion, _tier(rule, one.numbers) if rule.tiers else _fixed(rule)
            )
            return
        orders = self._orders.get(referral.person, ())
        for order, value in rewarded_orders(rule, self._program, orders, referral.first_followed_at):
            yield self._owed_reward(rule, referral, f"order:{conversion}:{order.id}", value)

    def _owed_reward(self, rule: Reward, referral: ExpectedReferral, trigger: str, value: Value | None) -> OwedReward:
        if rule.to == "referrer" and referral.referrer is not None:
            owner, name = referral.referrer.id, referral.referrer.external_id
        else:
            owner, name = self._person_id(referral.person), referral.person
        return OwedReward(reward_id(self._program.id, rule.id, owner, trigger), rule.id, name, value)

    def _streak(self, block: StreakBlock, name: str) -> OwedReward:
        rule = block.rule
        trigger = f"streak:{rule.streak_unit or 'day'}:{rule.streak}:{block.first}"
        id = reward_id(self._program.id, rule.id, block.referrer, trigger)
        return OwedReward(id, rule.id, name, _fixed(rule))


def used_rewards(answers: Iterable[RedemptionAnswer], with_codes: ExpectedCodeUses) -> dict[OwedReward, set[str]]:
    """Which orders each reward was used for as a whole, by requests and by orders. More than one is one too many."""
    orders: dict[OwedReward, set[str]] = defaultdict(set)
    for answer in answers:
        if answer.used:
            orders[OwedReward(answer.reward, answer.rule, answer.beneficiary)].add(answer.order)
    for code in with_codes.used():
        if code.value is None:
            orders[OwedReward(code.reward, code.rule, code.beneficiary)] |= with_codes.orders_of(code)
    return dict(orders)


def _conclude(conversions: Mapping[str, ExpectedReferral], recorded: Sequence[ConversionStep]) -> list[ConversionStep]:
    """The recorded steps; at their end those by which exactly these conversions stand, the earliest first."""
    standing: dict[str, ConversionStep] = {}
    for step in recorded:
        if step.at is None:
            standing.pop(step.conversion, None)
        else:
            standing[step.conversion] = step
    own = {id: own_step for id, one in conversions.items() if (own_step := _step(id, one))}
    wrong = [one for id, one in standing.items() if own.get(id) != one]
    right = sorted((one for id, one in own.items() if standing.get(id) != one), key=_by_time)
    return [*recorded, *(ConversionStep(one.conversion, one.referrer, None) for one in wrong), *right]


def _step(conversion: str, one: ExpectedReferral) -> ConversionStep | None:
    if one.referrer is None or one.qualified_at is None:
        return None
    return ConversionStep(conversion, one.referrer.id, one.qualified_at, one.channel, one.partner, one.content)


def _by_time(step: ConversionStep) -> tuple[datetime | None, str]:
    return step.at, step.conversion


def _tier(rule: Reward, numbers: Mapping[str, int]) -> Value | None:
    """The value of the highest tier that begins at the referral's number or before, otherwise of the first one."""
    tiers = sorted(rule.tiers, key=lambda tier: tier.start)
    tier = max((one for one in tiers if one.start <= numbers[rule.id]), key=lambda one: one.start, default=tiers[0])
    return Value(tier.points, POINTS) if tier.points is not None else fixed_amount(tier.amount, rule.currency)


def _fixed(rule: Reward) -> Value | None:
    return Value(rule.points, POINTS) if rule.points is not None else fixed_amount(rule.amount, rule.currency)
