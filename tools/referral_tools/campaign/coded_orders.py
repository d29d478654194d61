"""Orders that the shop reports with the code of a reward: whose code, how much of it, and what becomes of the order."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from referral.events.facts import OrderPaid
from referral_tools.campaign.order_changes import OrderChanges, PlannedChange
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.scenes import Checkout, PayWithCode
from referral_tools.campaign.seeded_random import SeededRandom
from referral_tools.campaign.simulation_context import SimulationContext

_WELCOME, _VOUCHER = "first20", "vip"  # a percentage, used as a whole; a fixed amount, used in parts
_COUPON = "SPRING24"  # the shop's own, of no reward
_PROMOTERS = 60  # the most influential ones: they have friends enough for a voucher
_LIVES: tuple[tuple[PlannedChange, ...], ...] = (
    (),
    (3,),
    (2, 4),
    (2, 2),
    (1,),
    ("cancelled",),
    ("cancelled", "reinstated"),
    (2, "cancelled", "reinstated", 4),
)
_CHECKOUTS: tuple[Checkout, ...] = ("none", "none", "used", "held")


class CodedOrders:
    """Writes the orders of an evening. One code is used for one order of an evening, so that it is certain which order wins."""

    def __init__(self, stage: SimulationContext, dice: SeededRandom, changes: OrderChanges) -> None:
        self._stage, self._dice, self._changes = stage, dice, changes
        self._used: dict[tuple[str, str], SimulatedPerson] = {}  # by owner and rule

    def scenes(self, place: Callable[[SimulatedPerson], OrderPaid]) -> Iterator[PayWithCode]:
        """The orders of this hour; `place` makes the payment of a person."""
        again = [key for key in self._used if self._dice.happens(self._stage.model.coded_again)]
        orders = [(self._used[key], key[1]) for key in again]
        for owner, rule in (*orders, *self._first_orders()):
            self._used[owner.id, rule] = owner
            buyer = self._buyer(owner)
            fact = place(buyer)
            self._plan_changes(buyer, fact)
            yield self._payment(owner, rule, fact)
        coupon = place(self._dice.choice(self._stage.crowd.followers))
        yield PayWithCode("", "", replace(coupon, data=replace(coupon.data, reward_code=_COUPON)))

    def _first_orders(self) -> Iterator[tuple[SimulatedPerson, str]]:
        stage, dice = self._stage, self._dice
        for person in stage.crowd.followers:
            if stage.has_welcome_code(person) and not person.code_spent and dice.happens(stage.model.coded_friends):
                person.code_spent = True
                yield person, _WELCOME
        promoters = sorted((one for one in stage.crowd.followers if one.enrolled), key=lambda one: -one.influence)
        for person in promoters[:_PROMOTERS]:
            if (person.id, _VOUCHER) not in self._used and dice.happens(stage.model.coded_promoters):
                yield person, _VOUCHER

    def _buyer(self, owner: SimulatedPerson) -> SimulatedPerson:
        """Mostly the owner; anyone may use a code."""
        crowd, dice = self._stage.crowd, self._dice
        return dice.choice(crowd.followers) if dice.happens(0.3) else owner

    def _plan_changes(self, buyer: SimulatedPerson, fact: OrderPaid) -> None:
        """Plans what happens to the order; of some orders the first change is reported before the payment."""
        dice = self._dice
        hours = 0 if dice.happens(0.3) else dice.randrange(1, 30)
        for change in dice.choice(_LIVES):
            if hours:
                self._changes.later(hours, buyer, fact.data, change)
            else:
                self._changes.now(buyer, fact.data, change)
            hours += dice.randrange(1, 24)

    def _payment(self, owner: SimulatedPerson, rule: str, fact: OrderPaid) -> PayWithCode:
        dice = self._dice
        twice = dice.happens(0.2)
        if rule == _WELCOME:
            return PayWithCode(owner.id, rule, fact, checkout=dice.choice(_CHECKOUTS), twice=twice)
        if dice.happens(0.1):
            fact = replace(fact, data=replace(fact.data, currency="EUR"))
        return PayWithCode(owner.id, rule, fact, percent=dice.choice((40, 60, None)), twice=twice)
