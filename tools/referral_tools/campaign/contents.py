"""Which content item a person sees, and with which call to action: in an experiment always that of who began their chain.

The platform assigns a person who began none by the hash of their id, as the system assigns participants: see docs/experiments.md.
"""

from link_issuer.domain.experiment_assignment import assigned_variant
from referral.events.content import experiment_of
from referral.events.facts import Content
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.simulation_context import SimulationContext


class Contents:
    """The items of the program, as people see them."""

    def __init__(self, stage: SimulationContext) -> None:
        self._stage, self._items = stage, stage.program.content

    def view(self, person: SimulatedPerson) -> Content:
        """An item of the program, with one of its calls to action or none."""
        dice = self._stage.dice
        if not self._items:
            return Content()
        item = dice.choice(self._items)
        if item.experiment is not None:
            return self.as_seen_by(person, Content(content=item.id))
        asks = item.ctas and dice.happens(self._stage.model.cta_shown)
        return Content(content=item.id, cta=dice.choice(item.ctas).id if asks else None)

    def as_seen_by(self, person: SimulatedPerson, content: Content) -> Content:
        """The item with the person's own variant if it has an experiment; otherwise as it is."""
        experiment = experiment_of(self._items, content.content or "")
        if experiment is None or content.content is None:
            return content
        variant = person.variants.setdefault(content.content, assigned_variant(experiment, person.id))
        return Content(content=content.content, cta=variant)

    def pass_on(self, friend: SimulatedPerson, content: Content, click: int | None = None) -> None:
        """A friend comes to an item by what another person shared, with `click` if by a link.

        From then on they see the variant of that person, unless they have seen one before.
        """
        item = content.content or ""
        if item in friend.variants or content.cta is None or experiment_of(self._items, item) is None:
            return
        friend.variants[item] = content.cta
        if click is not None:
            friend.chains[item] = click
