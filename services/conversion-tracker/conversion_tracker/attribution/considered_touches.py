"""Why: every touch of a person that was considered, and what became of it; and what each model would have said."""

from dataclasses import dataclass
from typing import Literal

from conversion_tracker.attribution.history import Course, History, Problem, Touch, moment
from conversion_tracker.attribution.rules import Rules
from conversion_tracker.attribution.verdict import comes_after, flaw, strongest
from referral.events.program import AttributionModel

Why = Literal["won", "outranked", "not_counted", "after_follow", "no_follow_yet"] | Problem

WORDS: dict[Why, str] = {
    "won": "It won: the strongest evidence at or before the first follow.",
    "outranked": "Stronger evidence won: a kind that the program ranks higher, or a touch that its model prefers.",
    "not_counted": "The program does not count this kind of evidence.",
    "after_follow": "It came after the first follow; who brought a person is decided by then.",
    "no_follow_yet": "The person has not followed; it would count if they did within the window.",
    "unknown_code": "Nobody had this code then.",
    "unknown_mention": "Nobody who takes part was mentioned.",
    "self_referral": "It is the person's own.",
    "expired": "It was out of date, or older than the program's window, when the person followed.",
}


@dataclass(frozen=True, slots=True)
class Considered:
    """A touch, and what became of it."""

    touch: Touch
    why: Why


def considered(history: History, rules: Rules | None) -> list[Considered]:
    """Every touch that is still remembered, oldest first. `rules` are those of the first follow; None where there is none."""
    course = history.course()
    frozen = history.frozen.course.touches if history.frozen else ()
    touches = dict.fromkeys([*frozen, *(touch for entry in history.entries for touch in entry.touches)])
    return [Considered(touch, _why(touch, course, rules)) for touch in sorted(touches, key=moment)]


def winner(course: Course, rules: Rules | None, model: AttributionModel) -> Touch | None:
    """Who would be credited under a model; None where nobody is."""
    if course.first is None or rules is None:
        return None
    best = strongest(course.touches, course.first.at, rules, model)
    return best[0] if best and best[1] is None else None


def _why(touch: Touch, course: Course, rules: Rules | None) -> Why:
    if course.first is None or rules is None:
        return touch.problem or "no_follow_yet"
    if touch not in course.touches or comes_after(touch, course.first.at):
        return "after_follow"
    if touch.kind not in rules.ranks:
        return "not_counted"
    if touch == winner(course, rules, rules.model):
        return "won"
    return flaw(touch, course.first.at, rules) or "outranked"
