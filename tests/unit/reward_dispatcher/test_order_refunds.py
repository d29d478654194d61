"""Refunds of an order that earned a reward: how many of them are remembered."""

from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from referral.entitlement.orders import MAX_REFUNDS, OrderState, with_refund
from tests.support.builders.participants import day
from tests.support.builders.reward_dispatcher import friend_order_refund


def test_the_refunds_of_an_order_are_bounded() -> None:
    """One more than are remembered changes nothing, so never more is taken back than was refunded; one of all of it counts."""
    orders: tuple[OrderState, ...] = (OrderState("o1", amount=Decimal(1000), paid_at=day(1), currency="CNY"),)
    for number in range(MAX_REFUNDS - 1):
        orders = with_refund(orders, friend_order_refund(1, "o1", f"evt_{number}", "1", day(2)))
    assert orders[0].kept == 1000 - MAX_REFUNDS + 1
    assert with_refund(orders, friend_order_refund(1, "o1", "evt_last", "1", day(2))) == orders
    orders = with_refund(orders, friend_order_refund(1, "o1", "evt_all", None, day(2)))
    assert orders[0].kept == 0
    further = replace(friend_order_refund(1, "o1", "evt_further", "1"), occurred_at=day(2) + timedelta(hours=1))
    assert with_refund(orders, further) == orders
