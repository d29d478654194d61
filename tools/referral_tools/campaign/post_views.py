"""How often posts by followers are viewed: the platform reports it once a day, until the interest is over.

It has dice and a platform of its own, so that people behave the same with or without it.
"""

from datetime import datetime

from referral.events.facts import Engagement, Post, PostEngaged
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.platform import Platform
from referral_tools.campaign.script import PlannedEvent
from referral_tools.campaign.seeded_random import SeededRandom
from referral_tools.campaign.simulation_context import SimulationContext

_DAY = 24
_SHARES = (0.6, 0.3, 0.1)
"""Of the views of a post, how many fall on its first, second and third day."""
_MOST = 500.0
"""Views of one day of a post."""


class PostViews:
    """The views of each post, by the influence of its author."""

    def __init__(self, stage: SimulationContext, seed: int, start: datetime) -> None:
        self._stage = stage
        self._dice = SeededRandom(f"post views {seed}")
        self.platform = Platform(self._dice, stage.model, stage.program.id, f"views_{seed}", start)

    def turn(self, step: int, at: datetime) -> None:
        """Begins a step."""
        self.platform.turn(step, at)

    def follow(self, person: SimulatedPerson, post: Post) -> None:
        """A post was published: its views are reported at the end of each of its first days."""
        for day, share in enumerate(_SHARES, start=1):
            mean = min(share * self._stage.model.views_per_post * person.influence, _MOST)
            if views := self._dice.count(mean):
                self._stage.later(day * _DAY, lambda views=views: self._report(person, post, views))  # type: ignore[misc]

    def _report(self, person: SimulatedPerson, post: Post, views: int) -> None:
        engaged = Engagement(post=post.post, kind="view", count=views)
        about = self.platform.about(person)
        self.platform.report(
            person, PlannedEvent(PostEngaged(**about, channel="xiaohongshu", data=engaged)), awaited=False
        )
