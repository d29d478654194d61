"""Sale evenings: friends redeem their welcome codes, some of them twice, some with concurrent requests."""

from referral_tools.campaign.followers import Followers
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.script import Purchase
from referral_tools.campaign.simulation_context import SimulationContext

_DAY = 24
_EVENING = 20  # hour of the day, in the program's time zone


class Market:
    """Who redeems a code, and when: some of those whose code must be ready."""

    def __init__(self, stage: SimulationContext, followers: Followers) -> None:
        self._stage, self._followers = stage, followers
        self._evenings = {day * _DAY + _EVENING for day in stage.model.sale_days}

    def hour(self) -> None:
        """Opens on sale evenings only."""
        stage = self._stage
        if stage.step not in self._evenings:
            return
        for person in [one for one in stage.crowd.followers if stage.has_welcome_code(one)]:
            if stage.dice.happens(stage.model.buyers):
                purchase = self._purchase(person)
                if not person.code_spent:  # without a code they buy all the same
                    stage.page.purchases.append(purchase)

    def _purchase(self, person: SimulatedPerson) -> Purchase:
        person.bought = True
        dice, model = self._stage.dice, self._stage.model
        return Purchase(
            person=person.id,
            order=self._followers.orders(person, with_reward=True),
            at_once=2 if dice.happens(model.impatient) else 1,
            another=self._followers.orders(person, with_reward=True) if dice.happens(model.buys_twice) else None,
        )
