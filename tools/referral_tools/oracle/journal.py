"""What a client knows for certain: everything that the system accepted, in any order, duplicates welcome."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from referral.events.facts import Fact

PersonIdOf = Callable[[str], str]
"""The person id (psn_…) of an external id, as the API answers."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A participant as the enrolment answered; `enrolled_at` is not after the first moment their code counts."""

    id: str
    external_id: str
    code: str
    mention: str | None
    enrolled_at: datetime


@dataclass(frozen=True, slots=True)
class Click:
    """A redirect that was answered: by which code, and when. `id`, if known, decides between clicks of one moment."""

    code: str
    clicked_at: datetime
    id: str = ""


@dataclass(frozen=True, slots=True)
class RedemptionAnswer:
    """The final answer to a request to use a reward: `used` where it succeeded, for this order."""

    reward: str
    rule: str
    beneficiary: str
    order: str
    used: bool


@dataclass(slots=True)
class Journal:
    """Accepted facts, enrolments, redirects by the token they gave, and answers to redemptions; `clock` is the last tick."""

    facts: list[Fact] = field(default_factory=list)
    participants: list[Enrolled] = field(default_factory=list)
    clicks: dict[str, Click] = field(default_factory=dict)
    redemptions: list[RedemptionAnswer] = field(default_factory=list)
    clock: datetime | None = None
