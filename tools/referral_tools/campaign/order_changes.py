"""What happens to an order after it was placed, as the shop reports it: refunds, a cancellation, a reinstatement."""

from decimal import Decimal
from typing import Literal

from referral.events.facts import (
    Order,
    OrderCancelled,
    OrderName,
    OrderRefunded,
    OrderReinstated,
    Refund,
)
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.platform import Platform
from referral_tools.campaign.script import PlannedEvent
from referral_tools.campaign.simulation_context import SimulationContext

PlannedChange = int | Literal["cancelled", "reinstated"]
"""A number N is a refund of one N-th of the order; 1 is a refund without an amount, of all of it."""


class OrderChanges:
    """Reports changes of orders through the shop's platform, which delivers some late and some twice."""

    def __init__(self, stage: SimulationContext, platform: Platform) -> None:
        self._stage, self._platform = stage, platform

    def later(self, hours: int, person: SimulatedPerson, order: Order, change: PlannedChange) -> None:
        """The change happens in so many hours."""
        self._stage.later(hours, lambda: self.now(person, order, change))

    def now(self, person: SimulatedPerson, order: Order, change: PlannedChange) -> None:
        """The change happens in this hour."""
        about = self._platform.about(person)
        match change:
            case "cancelled":
                fact: OrderCancelled | OrderReinstated | OrderRefunded = OrderCancelled(
                    **about, data=OrderName(order=order.order)
                )
            case "reinstated":
                fact = OrderReinstated(**about, data=OrderName(order=order.order))
            case part:
                amount = None if part == 1 else (order.amount / part).quantize(Decimal("0.01"))
                fact = OrderRefunded(**about, data=Refund(order=order.order, amount=amount))
        self._platform.report(person, PlannedEvent(fact))
