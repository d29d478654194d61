"""Follows, unfollows and follows again."""

from referral.events.facts import Content, Follow, PersonFollowed, PersonUnfollowed
from referral_tools.campaign.comments import Comments
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.script import NO_EVIDENCE, Evidence, PlannedEvent
from referral_tools.campaign.simulation_context import SimulationContext

_DAY = 24


class Following:
    """Who follows, and what the platform reports about it."""

    def __init__(self, stage: SimulationContext, comments: Comments) -> None:
        self._stage, self._comments = stage, comments

    def begin(
        self,
        person: SimulatedPerson,
        evidence: Evidence = NO_EVIDENCE,
        code: str | None = None,
        content: Content | None = None,
    ) -> None:
        """The person follows, with their evidence if they have any; `code` is an unknown code, `content` is under what they do.

        Who follows under a post and names a promoter writes it in a comment: no platform reports that.
        """
        stage = self._stage
        if content is not None and evidence is not NO_EVIDENCE:
            self._comment(person, evidence)
        else:
            self._report(person, evidence, code, content)
        stage.crowd.add(person, stage.step)
        if stage.dice.happens(stage.model.repeated_follows):
            stage.later(stage.dice.soon(30), lambda: self._report_twice(person))

    def follow(
        self, person: SimulatedPerson, evidence: Evidence, *, counts: bool, content: Content | None = None
    ) -> None:
        """A friend decides to follow, unless they already have; `counts` is whether the evidence is valid."""
        if person.following:
            return
        person.referral_count = person.referral_count or (counts and not person.followed_before)
        self.begin(person, evidence, content=content)

    def unfollow(self, person: SimulatedPerson) -> None:
        """The person unfollows; some follow again later."""
        stage = self._stage
        if not person.following or person.followed_step == stage.step:
            return
        stage.crowd.remove(person)
        stage.platform.report(person, PlannedEvent(PersonUnfollowed(**stage.platform.about(person))))
        if stage.dice.happens(stage.model.returns):
            stage.later(stage.dice.soon(6 * _DAY), lambda: self._refollow(person))

    def _refollow(self, person: SimulatedPerson) -> None:
        if not person.following:
            self.begin(person, self._random_code())

    def _report_twice(self, person: SimulatedPerson) -> None:
        """The platform reports a known follow again, as a fact with an id of its own."""
        if person.following:
            self._report(person, self._random_code())

    def _report(
        self, person: SimulatedPerson, evidence: Evidence, code: str | None = None, content: Content | None = None
    ) -> None:
        about = self._stage.platform.about(person)
        data = Follow(content=content.content, cta=content.cta) if content else Follow()
        self._stage.platform.report(person, PlannedEvent(PersonFollowed(**about, code=code, data=data), evidence))

    def _comment(self, person: SimulatedPerson, evidence: Evidence) -> None:
        """The arrival is drawn as for a report: the rest of a campaign is the same as without the desk."""
        self._comments.write(person, self._stage.platform.about(person), evidence)
        self._stage.platform.draw_arrivals()

    def _random_code(self) -> Evidence:
        """A person who follows again may use any code; it must have no effect."""
        dice = self._stage.dice
        takes_part = [person for person in self._stage.crowd.followers[:50] if person.enrolled]
        return Evidence(code_of=dice.choice(takes_part).id) if takes_part and dice.happens(0.3) else NO_EVIDENCE
