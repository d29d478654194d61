"""What happens to orders after they were paid: refunds, cancellations and reinstatements, in whatever order they are reported."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from referral.events.currencies import minor_unit_digits
from referral.events.facts import Fact, OrderCancelled, OrderRefunded, OrderReinstated

OrderChange = OrderRefunded | OrderCancelled | OrderReinstated


def changes_by_order(facts: Iterable[Fact]) -> dict[tuple[str, str], list[OrderChange]]:
    """The changes of each order, by its buyer and its id at the shop."""
    changes: dict[tuple[str, str], list[OrderChange]] = {}
    for fact in facts:
        if isinstance(fact, OrderChange):
            changes.setdefault((fact.person, fact.data.order), []).append(fact)
    return changes


def amount_left(amount: Decimal, changes: Iterable[OrderChange]) -> Decimal:
    """What is left of an order of this amount after everything that happened to it."""
    refunds = _refunds_that_count(changes)
    if None in refunds:
        return Decimal(0)
    return max(amount - sum((one for one in refunds if one is not None), Decimal(0)), Decimal(0))


def returned_share(amount: Decimal, currency: str, changes: Iterable[OrderChange]) -> Fraction:
    """Which part of an order of this amount was given back, 0 to 1; each refund rounded to the currency's minor unit."""
    whole = max(1, minor_amount(amount, currency))
    refunds = _refunds_that_count(changes)
    returned = sum(whole if one is None else minor_amount(one, currency) for one in refunds)
    return Fraction(min(whole, returned), whole)


def minor_amount(amount: Decimal, currency: str) -> int:
    """An amount of the currency's main unit in minor units, rounded half to even."""
    return round(Fraction(amount.scaleb(minor_unit_digits(currency))))


def _refunds_that_count(changes: Iterable[OrderChange]) -> list[Decimal | None]:
    """The amounts of the refunds since the last reinstatement, each event once; None is all of the order, as a cancellation is."""
    distinct = {change.id: change for change in changes}.values()
    last = max((_moment(one) for one in distinct if isinstance(one, OrderReinstated)), default=None)
    later = [one for one in distinct if last is None or _moment(one) > last]
    return [
        one.data.amount or None if isinstance(one, OrderRefunded) else None
        for one in later
        if not isinstance(one, OrderReinstated)
    ]


def _moment(change: OrderChange) -> tuple[datetime, int, str]:
    return change.occurred_at, len(change.id), change.id
