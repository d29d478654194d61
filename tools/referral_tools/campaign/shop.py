"""The shop: orders with codes, refunds and cancellations, and the scenes of a campaign on their days.

It has dice and a platform of its own, so that people behave the same whatever the shop does.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import get_args

from referral.events.facts import Order, OrderPaid
from referral_tools.campaign.coded_orders import CodedOrders
from referral_tools.campaign.order_changes import OrderChanges
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.platform import Platform
from referral_tools.campaign.scenes import HowUsed, RaiseBudget, Scene, SpendCredit, SwitchReceiver, UploadCodes
from referral_tools.campaign.script import Evidence, PlannedEvent
from referral_tools.campaign.seeded_random import SeededRandom
from referral_tools.campaign.simulation_context import SimulationContext

_DAY = 24
_EVENING = 21  # hour of the day: after the sale evenings


class Shop:
    """Refunds orders that followers placed, takes orders by code, and plays the scenes."""

    def __init__(self, stage: SimulationContext, seed: int, start: datetime) -> None:
        self._stage = stage
        self._dice = SeededRandom(f"shop {seed}")
        self.platform = Platform(self._dice, stage.model, stage.program.id, f"shop_{seed}", start)
        self._changes = OrderChanges(stage, self.platform)
        self._coded = CodedOrders(stage, self._dice, self._changes)
        self._uploaded = 0

    def turn(self, step: int, at: datetime) -> None:
        """Begins a step."""
        self.platform.turn(step, at)

    def hour(self) -> None:
        """Orders by code, and the scenes of this hour."""
        stage, dice = self._stage, self._dice
        for _ in range(dice.count(stage.model.code_orders / _DAY)):
            self._order_by_code()
        day, hour = divmod(stage.step, _DAY)
        if hour == _EVENING:
            stage.page.scenes.extend(self._scenes(day))

    def sold(self, person: SimulatedPerson, order: Order, *, with_reward: bool) -> None:
        """An order was placed; some come back: a part, or (an order without a reward) all of it, which may be valid after all."""
        dice, model = self._dice, self._stage.model
        if not dice.happens(model.refunds):
            return
        hours = dice.soon(2 * _DAY)
        if with_reward or not dice.happens(model.whole_refunds):
            part = dice.choice((2, 3, 4))
            self._changes.later(hours, person, order, part)
        elif not dice.happens(model.cancellations):
            self._changes.later(hours, person, order, 1)
        else:
            self._changes.later(hours, person, order, "cancelled")
            if dice.happens(model.reinstatements):
                self._changes.later(hours + dice.soon(_DAY), person, order, "reinstated")

    def _order_by_code(self) -> None:
        """By a person who knows of the account, with a friend's code: it counts if they follow later, not if they did before."""
        dice, crowd = self._dice, self._stage.crowd
        friends = [person for person in crowd.followers[:200] if person.enrolled]
        if not friends or not crowd.undecided:
            return
        person = dice.choice(crowd.undecided)
        evidence = Evidence(code_of=dice.choice(friends).id)
        self.platform.report(person, PlannedEvent(self._paid(person), evidence))

    def _paid(self, person: SimulatedPerson) -> OrderPaid:
        about = self.platform.about(person)
        name = f"order_{about['id'].removeprefix('evt_')}"
        order = Order(order=name, amount=Decimal(self._dice.randrange(59, 500)), currency="CNY")
        return OrderPaid(**about, data=order)

    def _scenes(self, day: int) -> Iterator[Scene]:
        model = self._stage.model
        if count := dict(model.code_uploads).get(day):
            yield UploadCodes("vip-codes", self._uploaded, count)
            self._uploaded += count
        if total := dict(model.budget_raises).get(day):
            yield RaiseBudget("share", total)
        if day in model.receiver_outage:
            yield SwitchReceiver(up=day == model.receiver_outage[-1])
        if day in model.spending_days:
            yield from self._spendings()
        if day in model.coded_days:
            yield from self._coded.scenes(self._paid)

    def _spendings(self) -> Iterator[Scene]:
        """Some promoters use part of their credit for an order; those without credit do not."""
        for person in self._stage.crowd.followers:
            if person.enrolled and self._dice.happens(self._stage.model.spenders):
                fact = self._paid(person)
                self.platform.report(person, PlannedEvent(fact))
                how = self._dice.choice(get_args(HowUsed))
                yield SpendCredit(person.id, fact.data.order, self._dice.randrange(20, 90), how)
