"""The challenge of the program: some followers join it, and post with its hashtag while it lasts.

It has dice and a platform of its own, so that people behave the same with or without it.
"""

from collections.abc import Iterator
from datetime import datetime

from referral.events.facts import (
    ChallengeJoined,
    ChallengeName,
    Permission,
    Post,
    PostPublished,
    PostRemoved,
    RightsGiven,
)
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.platform import Platform
from referral_tools.campaign.post_views import PostViews
from referral_tools.campaign.script import PlannedEvent
from referral_tools.campaign.seeded_random import SeededRandom
from referral_tools.campaign.simulation_context import SimulationContext

_DAY = 24
_WORDING = "Yes, you may show my post on your challenge page."


class Challenge:
    """Who takes part, and their posts."""

    def __init__(self, stage: SimulationContext, seed: int, start: datetime, post_views: PostViews) -> None:
        self._stage, self._post_views = stage, post_views
        self._dice = SeededRandom(f"challenge {seed}")
        self.platform = Platform(self._dice, stage.model, stage.program.id, f"challenge_{seed}", start)
        self._asked: set[SimulatedPerson] = set()

    def turn(self, step: int, at: datetime) -> None:
        """Begins a step."""
        self.platform.turn(step, at)

    def hour(self, season: float) -> None:
        """Followers join when it begins or when they begin to follow; those who have joined post."""
        challenges = self._stage.program.challenges
        day = (self._stage.step - 1) // _DAY - self._stage.model.challenge_day  # a step is the hour before it
        if not challenges or not 0 <= day < challenges[0].days:
            return
        hourly = self._stage.model.challenge_posts * season / _DAY
        for person in self._joiners(challenges[0].id):
            for _ in range(self._dice.count(hourly)):
                self._post(person, challenges[0].hashtag)

    def _joiners(self, challenge: str) -> Iterator[SimulatedPerson]:
        """Those who take part and still follow; everyone decides once."""
        for person in self._stage.crowd.followers:
            if person not in self._asked:
                self._asked.add(person)
                person.in_challenge = self._dice.happens(self._stage.model.challenge_joins)
                if person.in_challenge:
                    self._join(person, challenge)
            if person.in_challenge:
                yield person

    def _join(self, person: SimulatedPerson, challenge: str) -> None:
        joined = ChallengeJoined(**self.platform.about(person), data=ChallengeName(challenge=challenge))
        self.platform.report(person, PlannedEvent(joined))

    def _post(self, person: SimulatedPerson, hashtag: str) -> None:
        about = self.platform.about(person)
        post = Post(post=f"post_{about['id'].removeprefix('evt_')}", hashtags=(hashtag,))
        self.platform.report(person, PlannedEvent(PostPublished(**about, channel="xiaohongshu", data=post)))
        self._post_views.follow(person, post)
        if self._dice.happens(self._stage.model.rights_given):
            self._stage.later(self._dice.soon(20), lambda: self._permit(person, post))
        if self._dice.happens(self._stage.model.removed_posts):
            self._stage.later(self._dice.soon(30), lambda: self._remove(person, post))

    def _permit(self, person: SimulatedPerson, post: Post) -> None:
        """The author allows that the post is shown."""
        permission = Permission(post=post.post, wording=_WORDING)
        self.platform.report(person, PlannedEvent(RightsGiven(**self.platform.about(person), data=permission)))

    def _remove(self, person: SimulatedPerson, post: Post) -> None:
        about = self.platform.about(person)
        self.platform.report(person, PlannedEvent(PostRemoved(**about, data=Post(post=post.post))))
