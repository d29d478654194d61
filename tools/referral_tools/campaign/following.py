"""Beginning and ceasing to follow, and coming back."""

from referral.events.facts import PersonFollowed, PersonUnfollowed
from referral_tools.campaign.people import Person
from referral_tools.campaign.script import NO_EVIDENCE, Deed, Evidence
from referral_tools.campaign.simulation_context import Stage

_DAY = 24


class Following:
    """Who follows, and what the platform reports of it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def begins(self, person: Person, evidence: Evidence = NO_EVIDENCE, code: str | None = None) -> None:
        """They follow, and tell who sent them as far as they can; `code` is one that nobody gave out."""
        stage = self._stage
        self._report(person, evidence, code)
        stage.crowd.joins(person, stage.step)
        if stage.dice.happens(stage.model.repeated_follows):
            stage.later(stage.dice.soon(30), lambda: self._reported_again(person))

    def comes_to(self, person: Person, evidence: Evidence, *, counts: bool) -> None:
        """A friend decides to follow, unless they did meanwhile; `counts` says whether the evidence is good."""
        if person.following:
            return
        person.brought = person.brought or (counts and not person.followed_before)
        self.begins(person, evidence)

    def leaves(self, person: Person) -> None:
        """They stop following, and some come back."""
        stage = self._stage
        if not person.following or person.followed_step == stage.step:
            return
        stage.crowd.leaves(person)
        stage.platform.report(person, Deed(PersonUnfollowed(**stage.platform.about(person))))
        if stage.dice.happens(stage.model.returns):
            stage.later(stage.dice.soon(6 * _DAY), lambda: self._comes_back(person))

    def _comes_back(self, person: Person) -> None:
        if not person.following:
            self.begins(person, self._anybodys_code())

    def _reported_again(self, person: Person) -> None:
        """The platform reports as new what was known; a new fact all the same."""
        if person.following:
            self._report(person, self._anybodys_code(), None)

    def _report(self, person: Person, evidence: Evidence, code: str | None) -> None:
        about = self._stage.platform.about(person)
        self._stage.platform.report(person, Deed(PersonFollowed(**about, code=code), evidence))

    def _anybodys_code(self) -> Evidence:
        """Who follows again may say any code; it must not matter."""
        dice = self._stage.dice
        takes_part = [person for person in self._stage.crowd.followers[:50] if person.enrolled]
        return Evidence(code_of=dice.choice(takes_part).id) if takes_part and dice.happens(0.3) else NO_EVIDENCE
