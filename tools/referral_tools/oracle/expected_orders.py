"""What the orders of a referred person earn: a percentage or a fixed value, less what was refunded, in proportion."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from referral.events.facts import Fact, OrderPaid
from referral.events.money import POINTS, Value
from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral_tools.oracle.moments import to_millisecond
from referral_tools.oracle.refunded_orders import amount_left, changes_by_order, minor_amount


@dataclass(frozen=True, slots=True)
class OracleOrder:
    """A paid order: what was paid, and what is left of it, in the main unit of the currency."""

    id: str
    paid_at: datetime
    paid: Decimal
    left: Decimal
    currency: str


def orders_by_person(facts: Sequence[Fact]) -> dict[str, list[OracleOrder]]:
    """The orders of each person, the earliest first. Of two payments of one order the earlier one counts, then the smaller."""
    payments: dict[tuple[str, str], list[tuple[datetime, Decimal, str]]] = defaultdict(list)
    changes = changes_by_order(facts)
    for fact in facts:
        if isinstance(fact, OrderPaid):
            paid = to_millisecond(fact.occurred_at), fact.data.amount, fact.data.currency.upper()
            payments[fact.person, fact.data.order].append(paid)
    orders: dict[str, list[OracleOrder]] = defaultdict(list)
    for (person, order), paid_at_once in payments.items():
        at, amount, currency = min(paid_at_once)
        left = amount_left(amount, changes.get((person, order), ()))
        orders[person].append(OracleOrder(order, at, amount, left, currency))
    return {person: sorted(some, key=lambda one: (one.paid_at, one.id)) for person, some in orders.items()}


def rewarded_orders(
    rule: Reward, program: Program, orders: Iterable[OracleOrder], first_follow: datetime | None
) -> Iterator[tuple[OracleOrder, Value | None]]:
    """The orders that a rule pays for, each with the value of a credit; none for an order that was wholly refunded."""
    within = timedelta(days=rule.within_days or program.attribution.window_days)
    counted = [
        order
        for order in orders
        if order.left > 0
        and first_follow is not None
        and first_follow <= order.paid_at <= first_follow + within
        and rule.currency in (None, order.currency)
        and order.paid >= (rule.min_order or 0)
    ]
    for order in counted[:1] if rule.where.first_order else counted:
        value = _credit(rule, order) if rule.kind == "credit" else _fixed(rule)
        if rule.kind != "credit" or (value is not None and value.amount > 0):
            yield order, value


def _credit(rule: Reward, order: OracleOrder) -> Value | None:
    """A percentage of what is left; a fixed value, and a percentage that reached `max_amount`, in proportion to what is left."""
    paid, left = minor_amount(order.paid, order.currency), minor_amount(order.left, order.currency)
    fixed = _fixed(rule)
    if fixed is not None:
        return Value(round(Fraction(fixed.amount * left, paid)) if paid else 0, fixed.unit)
    share = Fraction(rule.percent or 0, 100)
    most = None if rule.max_amount is None else minor_amount(rule.max_amount, order.currency)
    if most is not None and paid * share > most:
        return Value(round(Fraction(most * left, paid)), order.currency)
    return Value(round(left * share), order.currency)


def _fixed(rule: Reward) -> Value | None:
    if rule.points is not None:
        return Value(rule.points, POINTS)
    return fixed_amount(rule.amount, rule.currency)


def fixed_amount(amount: Decimal | None, currency: str | None) -> Value | None:
    """An amount of the main unit in minor units; None without one."""
    return None if amount is None or currency is None else Value(minor_amount(amount, currency), currency)
