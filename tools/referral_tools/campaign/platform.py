"""The platforms between people and the system: they number facts, and deliver some late, twice or out of order."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TypedDict

from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.script import PlannedEvent
from referral_tools.campaign.seeded_random import SeededRandom

_NO_SUCH_TYPE = b'{"id":"evt_odd","type":"person.levitated","occurred_at":"2026-01-01T00:00:00Z"}'


class EventFields(TypedDict):
    """The fields that every event of a person has."""

    id: str
    program: str
    person: str
    occurred_at: datetime


class Platform:
    """Numbers facts, and decides in which step each arrives: mostly its own, some hours or days later, some twice."""

    def __init__(self, dice: SeededRandom, model: CampaignModel, program: str, name: str, start: datetime) -> None:
        self._dice, self._model, self._program, self._name = dice, model, program, name
        self._post: dict[int, list[PlannedEvent]] = defaultdict(list)
        self._numbered = 0
        self._now, self._step = start, 0

    def turn(self, step: int, at: datetime) -> None:
        """Moves the time to the end of this step, which is an hour long."""
        self._step, self._now = step, at

    def about(self, person: SimulatedPerson) -> EventFields:
        """A new fact of a person, some time in this hour."""
        self._numbered += 1
        return EventFields(
            id=f"evt_{self._name}_{self._numbered}",
            program=self._program,
            person=person.id,
            occurred_at=self._now - timedelta(seconds=self._dice.randrange(3600)),
        )

    def report(self, person: SimulatedPerson, deed: PlannedEvent, *, awaited: bool = True) -> None:
        """Schedules the delivery of a fact, sometimes twice. Unless `awaited`, the person counts as known without it."""
        for arrives in self.draw_arrivals():
            self._post[arrives].append(deed)
            if awaited:
                person.known_by = max(person.known_by, arrives)

    def draw_arrivals(self) -> list[int]:
        """Returns the steps in which a fact of now arrives: one, or sometimes two."""
        times = 2 if self._dice.happens(self._model.sent_twice) else 1
        return [self._next_report(self._step + self._delay()) for _ in range(times)]

    def deliver(self) -> list[PlannedEvent]:
        """Returns the facts that arrive in this step, in random order."""
        return self._shuffled(self._post.pop(self._step, []))

    def deliver_remaining(self) -> list[PlannedEvent]:
        """Returns the facts that would arrive later."""
        rest = [deed for step in sorted(self._post) for deed in self._post[step]]
        self._post.clear()
        return self._shuffled(rest)

    def malformed(self, facts: int) -> list[bytes]:
        """Returns an invalid item to be sent among this many events; it must be refused."""
        return [_NO_SUCH_TYPE] * self._dice.count(facts * self._model.malformed)

    def _next_report(self, step: int) -> int:
        return -(-step // self._model.report_hours) * self._model.report_hours

    def _delay(self) -> int:
        draw = self._dice.random()
        if draw < self._model.days_late:
            return self._dice.randrange(24, 72)
        return self._dice.randrange(1, 12) if draw < self._model.days_late + self._model.hours_late else 0

    def _shuffled(self, deeds: list[PlannedEvent]) -> list[PlannedEvent]:
        self._dice.shuffle(deeds)
        return deeds
