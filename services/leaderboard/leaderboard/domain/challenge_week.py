"""A person's own week of a challenge: on which of its days they posted, and how many days in a row."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from leaderboard.domain.challenge_score import ChallengeDays, current_run

DayState = Literal["posted", "missed", "today", "ahead"]
_WEEK = 7


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day of the week: its number in the challenge, its date, and whether the person posted; `today` is still open."""

    number: int
    date: date
    state: DayState


@dataclass(frozen=True, slots=True)
class OwnWeek:
    """The days of the week that is now, and the days in a row with a post until today."""

    days: tuple[OwnDay, ...]
    streak: int


def own_week(posted: Collection[int], challenge: ChallengeDays, second: int) -> OwnWeek | None:
    """Returns the week of the challenge at a second; `posted` are the days with a post. None before it begins and after its end."""
    if not challenge.contains(second):
        return None
    today, first = challenge.day_at(second), (challenge.week_at(second) - 1) * _WEEK + 1
    numbers = range(first, min(first + _WEEK, challenge.days + 1))
    days = tuple(
        OwnDay(number, challenge.starts + timedelta(number - 1), _state(number, posted, today)) for number in numbers
    )
    return OwnWeek(days, current_run(posted, today))


def _state(number: int, posted: Collection[int], today: int) -> DayState:
    if number in posted:
        return "posted"
    if number == today:
        return "today"
    return "ahead" if number > today else "missed"
