"""What all parts of the simulation share: the people, the platforms, the step being written, and an agenda."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from referral.events.program import Program
from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.people import Crowd, SimulatedPerson
from referral_tools.campaign.platform import Platform
from referral_tools.campaign.script import Enrolment, LinkContent, ScriptStep, Visit
from referral_tools.campaign.seeded_random import SeededRandom

Action = Callable[[], None]
_DAY = 24


class SimulationContext:
    """The simulated world at one moment. `step` counts hours; `page` is the script of the current one."""

    def __init__(self, model: CampaignModel, program: Program, seed: int, start: datetime) -> None:
        self.model, self.program = model, program
        self.dice = SeededRandom(seed)
        self.crowd = Crowd(self.dice, model)
        self.platform = Platform(self.dice, model, program.id, str(seed), start)
        self.step = 0
        self.page = ScriptStep(start)
        self._start = start
        self._zone = ZoneInfo(program.timezone)
        self._agenda: dict[int, list[Action]] = defaultdict(list)
        self._visits = 0

    @property
    def local(self) -> datetime:
        """The current time in the program's time zone."""
        return self.page.at.astimezone(self._zone)

    def turn(self, step: int) -> None:
        """Begins a step, and runs what was postponed until it."""
        self.step = step
        self.page = ScriptStep(self._start + timedelta(hours=step))
        self.platform.turn(step, self.page.at)
        for action in self._agenda.pop(step, ()):
            action()

    def later(self, hours: int, action: Action) -> None:
        """Postpones an action by whole hours, at least one."""
        self._agenda[self.step + hours].append(action)

    def has_welcome_code(self, person: SimulatedPerson) -> bool:
        """Whether a person has a welcome code by now, and has not bought: referred, known, and past the holding period."""
        held_until = person.followed_step + self.program.holding_days * _DAY + 1
        return person.referral_count and not person.bought and max(held_until, person.known_by) < self.step

    def enrol(self, person: SimulatedPerson) -> None:
        """Enrols a person; their code counts from the end of this step."""
        if not person.enrolled:
            person.enrolled = True
            self.page.enrolments.append(Enrolment(person.id, person.name))

    def visit(self, referrer: SimulatedPerson, link: LinkContent) -> int:
        """A person opens a link; the number identifies the click."""
        self._visits += 1
        self.page.visits.append(Visit(self._visits, referrer.id, link))
        return self._visits
