"""The orders of a referred person: amounts and refunds, as far as they are known."""

from datetime import datetime
from decimal import Decimal
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.events.conversions import (
    ConversionOrdered,
    ConversionOrderRefunded,
    ConversionOrderReinstated,
    OrderFact,
)

MAX_ORDERS = 100
"""How many orders of one person are remembered; further ones earn nothing."""
MAX_REFUNDS = 100
"""How many refunds of one order count, the last of them only if it is of all of it: never more is taken back than was refunded."""
ALL = Decimal(-1)
"""The amount of a refund of the whole order."""


class OrderState(Struct, frozen=True, array_like=True):
    """An order: when it was paid (None: only a refund has arrived yet), its amount in the main unit, and its refunds by id.

    `reinstated` is the last time, with the id of the event, at which it was valid after all. `refunded_at` are the times of
    refunds; an order from before they were kept lacks them.
    """

    order: str
    paid_at: datetime | None = None
    followed_at: datetime | None = None
    amount: Decimal = Decimal(0)
    currency: str = ""
    refunds: dict[str, Decimal] = {}
    reinstated: tuple[datetime, str] | None = None
    refunded_at: dict[str, datetime] = {}

    @property
    def kept(self) -> Decimal:
        """What is left of the amount after all refunds."""
        if ALL in self.refunds.values():
            return Decimal(0)
        return max(self.amount - sum(self.refunds.values()), Decimal(0))


def orders_after(orders: tuple[OrderState, ...], line: OrderFact) -> tuple[OrderState, ...]:
    """The orders after a line about one of them."""
    match line:
        case ConversionOrdered():
            return with_order(orders, line)
        case ConversionOrderRefunded():
            return with_refund(orders, line)
        case ConversionOrderReinstated():
            return with_reinstatement(orders, line)
        case _:
            assert_never(line)


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
    most = MAX_REFUNDS - (line.amount is not None)
    is_void = line.refund in order.refunds or len(order.refunds) >= most
    if is_void or (order.reinstated and (line.occurred_at, line.refund) < order.reinstated):
        return orders
    amount = ALL if line.amount is None else line.amount
    times = order.refunded_at | {line.refund: line.occurred_at}
    return _with(orders, known, replace(order, refunds=order.refunds | {line.refund: amount}, refunded_at=times))


def with_reinstatement(orders: tuple[OrderState, ...], line: ConversionOrderReinstated) -> tuple[OrderState, ...]:
    """The orders after one is valid after all: refunds from before are void, in whatever order they arrive."""
    known = _find(orders, line.order)
    order = known or OrderState(line.order)
    moment = line.occurred_at, line.reinstatement
    if order.reinstated is not None and order.reinstated >= moment:
        return orders
    times = {refund: at for refund, at in order.refunded_at.items() if (at, refund) > moment}
    refunds = {refund: order.refunds[refund] for refund in times}
    return _with(orders, known, replace(order, refunds=refunds, reinstated=moment, refunded_at=times))


def _payment(order: OrderState) -> tuple[datetime | None, Decimal, str]:
    return order.paid_at, order.amount, order.currency


def _find(orders: tuple[OrderState, ...], order: str) -> OrderState | None:
    return next((one for one in orders if one.order == order), None)


def _with(orders: tuple[OrderState, ...], known: OrderState | None, order: OrderState) -> tuple[OrderState, ...]:
    if known is not None:
        return tuple(order if one is known else one for one in orders)
    return (*orders, order) if len(orders) < MAX_ORDERS else orders
