"""The orders of a referred person: amounts and refunds, as far as they are known."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from referral.events.conversions import ConversionOrdered, ConversionOrderRefunded

MAX_ORDERS = 100
"""How many orders of one person are remembered; further ones earn nothing."""
MAX_REFUNDS = 100
"""How many refunds of one order are remembered; with the next one all of it counts as refunded."""
ALL = Decimal(-1)
"""The amount of a refund of the whole order."""


class OrderState(Struct, frozen=True, array_like=True):
    """An order: when it was paid (None: only a refund has arrived yet), its amount in the main unit, and its refunds by id."""

    order: str
    paid_at: datetime | None = None
    followed_at: datetime | None = None
    amount: Decimal = Decimal(0)
    currency: str = ""
    refunds: dict[str, Decimal] = {}

    @property
    def kept(self) -> Decimal:
        """What is left of the amount after all refunds."""
        if ALL in self.refunds.values():
            return Decimal(0)
        return max(self.amount - sum(self.refunds.values()), Decimal(0))


def with_order(orders: tuple[OrderState, ...], line: ConversionOrdered) -> tuple[OrderState, ...]:
    """The orders after one was paid; of two payments of one order the earlier one counts, then the smaller."""
    known = _find(orders, line.order)
    order = known or OrderState(line.order)
    paid = replace(
        order, paid_at=line.occurred_at, followed_at=line.followed_at, amount=line.amount, currency=line.currency
    )
    if order.paid_at is not None:
        paid = min(order, paid, key=_payment)
        paid = replace(paid, followed_at=line.followed_at)
    return _with(orders, known, paid)


def with_refund(orders: tuple[OrderState, ...], line: ConversionOrderRefunded) -> tuple[OrderState, ...]:
    """The orders after one was refunded, whether it is known yet or not. A refund counts once, by its id."""
    known = _find(orders, line.order)
    order = known or OrderState(line.order)
    if line.refund in order.refunds:
        return orders
    amount = ALL if line.amount is None or len(order.refunds) >= MAX_REFUNDS else line.amount
    return _with(orders, known, replace(order, refunds=order.refunds | {line.refund: amount}))


def _payment(order: OrderState) -> tuple[datetime | None, Decimal, str]:
    return order.paid_at, order.amount, order.currency


def _find(orders: tuple[OrderState, ...], order: str) -> OrderState | None:
    return next((one for one in orders if one.order == order), None)


def _with(orders: tuple[OrderState, ...], known: OrderState | None, order: OrderState) -> tuple[OrderState, ...]:
    if known is not None:
        return tuple(order if one is known else one for one in orders)
    return (*orders, order) if len(orders) < MAX_ORDERS else orders
