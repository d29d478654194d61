"""Comments on Xiaohongshu, where codes and mentions are passed on: the creator pastes them at the desk every second evening.

A paste has the comments of the last three days, so that each overlaps with the one before. It has dice of its own, so that people
behave the same whatever else is written.
"""

from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.platform import EventFields
from referral_tools.campaign.script import NO_EVIDENCE, Evidence, PlannedComment
from referral_tools.campaign.seeded_random import SeededRandom
from referral_tools.campaign.simulation_context import SimulationContext

_DAY = 24
_EVERY = 2 * _DAY
_FIRST = _DAY + 22  # steps are hours: at ten in the evening of the second day
_BACK = 3 * _DAY
_NAMING_NO_ONE = 0.5  # further comments, for each that names a promoter


class Comments:
    """What people write under posts, and when the creator pastes it. `last` is the last step of the campaign."""

    def __init__(self, stage: SimulationContext, seed: int, last: int) -> None:
        self._stage, self._last = stage, last
        self._dice = SeededRandom(f"comments {seed}")
        self._written: list[tuple[int, PlannedComment]] = []
        self._others = 0

    def write(self, person: SimulatedPerson, about: EventFields, evidence: Evidence) -> None:
        """A person follows and writes who sent them; the system knows it once it is pasted."""
        self._add(PlannedComment(about["id"], person.id, about["occurred_at"], evidence))
        person.known_by = max(person.known_by, self._next_paste())
        if self._dice.happens(_NAMING_NO_ONE) and self._stage.crowd.followers:
            self._others += 1
            someone = self._dice.choice(self._stage.crowd.followers)
            self._add(PlannedComment(f"{about['id']}_{self._others}", someone.id, about["occurred_at"], NO_EVIDENCE))

    def paste(self) -> list[PlannedComment]:
        """What is pasted in this step, the oldest first; empty at other times."""
        step = self._stage.step
        return self.recent() if step >= _FIRST and (step - _FIRST) % _EVERY == 0 else []

    def recent(self) -> list[PlannedComment]:
        """The comments of the last three days."""
        found = [one for step, one in self._written if step > self._stage.step - _BACK]
        return sorted(found, key=lambda one: (one.at, one.id))

    def _add(self, comment: PlannedComment) -> None:
        self._written.append((self._stage.step, comment))

    def _next_paste(self) -> int:
        after = max(self._stage.step, _FIRST) - _FIRST
        return min(_FIRST + -(-after // _EVERY) * _EVERY, self._last)
