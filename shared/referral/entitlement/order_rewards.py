"""What the orders of a referred person earn: a fixed value, or a percentage of what was paid and not refunded.

The rules in force when an order was paid decide on it. The rewards follow from all orders that are known, so they are the same in
whatever order payments, refunds and conversions arrive.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from referral.entitlement.earnable_rewards import EarnableReward, EarnableRewards
from referral.entitlement.grant_lines import (
    GrantLine,
    Occasion,
    adjusted_line,
    granted_line,
    revoked_line,
    stopped_line,
)
from referral.entitlement.grants import ConversionGrants, OrderGrant
from referral.entitlement.orders import OrderState
from referral.events.conversions import ConversionCleared, OrderFact
from referral.events.money import MAX_AMOUNT, POINTS, Value, money, share_of

RulesAt = Callable[[datetime], EarnableRewards]
_PERCENT = 100


class OrderReward(Struct, frozen=True):
    """A reward that an order earns, with its value and cost."""

    occasion: Occasion
    reward: EarnableReward
    value: Value | None
    cost: Value | None

    @property
    def grant(self) -> OrderGrant:
        """The grant, as the state remembers it."""
        beneficiary = self.occasion.beneficiary(self.reward)
        return OrderGrant(self.occasion.reward_id(self.reward), beneficiary, self.value, self.cost)


def settle_orders(
    line: ConversionCleared | OrderFact, conversion: ConversionGrants, rules_at: RulesAt
) -> tuple[ConversionGrants, list[GrantLine]]:
    """The conversion with the grants that its orders earn, and the lines that lead to them: all dated by the line or later."""
    if not conversion.active:
        return conversion, []
    earned = list(_earned(line, conversion.orders, rules_at))
    stopped = [one for one in earned if conversion.stop is not None and one.reward.rule.to == "referrer"]
    owed = {one.grant.reward: one for one in earned if one not in stopped}
    before = {grant.reward: grant for grant in conversion.order_grants}
    lines: list[GrantLine] = [
        revoked_line(line.occurred_at, line.program, grant, "refunded")
        for reward, grant in before.items()
        if reward not in owed
    ]
    for reward, one in owed.items():
        lines += _lines_to(line, before.get(reward), one)
    after, stops = _with_stops(conversion, stopped)
    return replace(after, order_grants=tuple(one.grant for one in owed.values())), [*lines, *stops]


def _lines_to(line: ConversionCleared | OrderFact, before: OrderGrant | None, now: OrderReward) -> Iterator[GrantLine]:
    if before is None:
        yield granted_line(now.occasion, now.reward, now.value, now.cost)
    elif now.value is not None and before != now.grant:
        yield adjusted_line(line.occurred_at, line.program, now.grant, now.value)


def _with_stops(conversion: ConversionGrants, stopped: list[OrderReward]) -> tuple[ConversionGrants, list[GrantLine]]:
    """The conversion with what its cap stopped, and a line for each reward that it had not stopped before."""
    if conversion.stop is None:
        return conversion, []
    new = [one for one in stopped if one.grant.reward not in conversion.stopped]
    lines: list[GrantLine] = [stopped_line(one.occasion, one.reward, one.value, conversion.stop) for one in new]
    return replace(conversion, stopped=(*conversion.stopped, *(one.grant.reward for one in new))), lines


def _earned(
    line: ConversionCleared | OrderFact, orders: tuple[OrderState, ...], rules_at: RulesAt
) -> Iterator[OrderReward]:
    """What the orders earn, the earliest first. The first order that meets a rule is the person's first qualified one."""
    paid = [(order.paid_at, order.order, order) for order in orders if order.paid_at is not None and order.kept > 0]
    seen: set[str] = set()
    for paid_at, _, order in sorted(paid, key=lambda one: one[:2]):
        for reward in rules_at(paid_at).of_orders:
            if not _is_large_enough(order, reward) or not _is_in_time(order, reward):
                continue
            is_first = reward.rule.id not in seen
            if not reward.is_met_by(line.evidence, is_first_order=is_first):
                continue
            seen.add(reward.rule.id)
            yield from _valued(line, order, paid_at, reward)


def _is_large_enough(order: OrderState, reward: EarnableReward) -> bool:
    """Whether the order is in the currency of the rule, if it names one, and not below its minimum. Refunds do not change that."""
    rule = reward.rule
    return (rule.currency is None or rule.currency == order.currency) and order.amount >= (rule.min_order or 0)


def _is_in_time(order: OrderState, reward: EarnableReward) -> bool:
    if order.paid_at is None or order.followed_at is None:
        return False
    return order.paid_at - order.followed_at <= reward.within


def _valued(
    line: ConversionCleared | OrderFact, order: OrderState, paid_at: datetime, reward: EarnableReward
) -> Iterator[OrderReward]:
    at = max(paid_at, line.occurred_at) if isinstance(line, ConversionCleared) else paid_at
    occasion = Occasion(at, line.program, line.referrer, line.person, f"order:{line.id}:{order.order}", order.order)
    if reward.rule.kind != "credit":
        yield OrderReward(occasion, reward, reward.value, reward.cost)
        return
    value = order_value(order, reward)
    if value.amount > 0:
        yield OrderReward(occasion, reward, value, _order_cost(order, reward, value))


def order_value(order: OrderState, reward: EarnableReward) -> Value:
    """What a credit for the order is worth now, rounded once, half to even; MAX_AMOUNT at most.

    A percentage is of what is left of the order. A fixed value, and a percentage that `max_amount` limits, shrink in proportion to
    what was refunded.
    """
    percent, most = reward.rule.percent, reward.rule.max_amount
    if reward.value is not None:
        return _in_proportion(reward.value, order)
    paid, kept = _minor_units(order)
    limit = None if most is None else money(most, order.currency)
    if limit is not None and paid * (percent or 0) > limit.amount * _PERCENT:
        return _in_proportion(limit, order)
    return Value(min(share_of(kept, percent or 0, _PERCENT), MAX_AMOUNT), order.currency)


def _in_proportion(value: Value, order: OrderState) -> Value:
    """The part of a value for what is left of the order."""
    paid, kept = _minor_units(order)
    return Value(share_of(value.amount, kept, paid) if paid else 0, value.unit)


def _minor_units(order: OrderState) -> tuple[int, int]:
    """What was paid, and what is left of it."""
    return money(order.amount, order.currency).amount, money(order.kept, order.currency).amount


def _order_cost(order: OrderState, reward: EarnableReward, value: Value) -> Value | None:
    """The cost that the rule states, for what is left of the order; otherwise the value, if that is money."""
    if reward.rule.cost is not None:
        return None if reward.cost is None else _in_proportion(reward.cost, order)
    return None if value.unit == POINTS else value
