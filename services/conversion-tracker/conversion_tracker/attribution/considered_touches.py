"""Every touch of a person that was considered, with the reason why it won or lost; and the winner under each model."""

from dataclasses import dataclass
from typing import Literal

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.history import History
from conversion_tracker.attribution.timeline import Timeline, Touch, TouchFlaw, touch_order
from conversion_tracker.attribution.verdict import disqualification, is_after_follow, strongest_touch
from referral.events.attribution_rules import AttributionModel

TouchOutcome = Literal["won", "outranked", "not_counted", "after_follow", "no_follow_yet"] | TouchFlaw

OUTCOME_TEXTS: dict[TouchOutcome, str] = {
    "won": "It won: the strongest evidence at or before the first follow.",
    "outranked": "Stronger evidence won: a kind that the program ranks higher, or a touch that its model prefers.",
    "not_counted": "The program does not count this kind of evidence.",
    "after_follow": "It came after the first follow; only earlier touches can win.",
    "no_follow_yet": "The person has not followed yet; it counts if they follow within the window.",
    "unknown_code": "The code did not exist at that time.",
    "unknown_mention": "The mention does not belong to a participant.",
    "self_referral": "The code, link or mention is the person's own.",
    "expired": "Its link had expired, was disabled or used up, or it was older than the program's window at the follow.",
}


@dataclass(frozen=True, slots=True)
class ConsideredTouch:
    """A touch and its outcome."""

    touch: Touch
    outcome: TouchOutcome


def consider_touches(history: History, rules: AttributionRules | None) -> list[ConsideredTouch]:
    """Returns every touch that the history still holds, oldest first.

    `rules` are those in force at the first follow; None if there is no follow or no rules were in force.
    """
    timeline = history.timeline()
    older = history.checkpoint.timeline.touches if history.checkpoint else ()
    touches = dict.fromkeys([*older, *(touch for entry in history.entries for touch in entry.touches)])
    return [ConsideredTouch(touch, _outcome(touch, timeline, rules)) for touch in sorted(touches, key=touch_order)]


def winning_touch(timeline: Timeline, rules: AttributionRules | None, model: AttributionModel) -> Touch | None:
    """Returns the touch that gets the credit under a model; None if no touch does."""
    if timeline.first_follow is None or rules is None:
        return None
    best = strongest_touch(timeline.touches, timeline.first_follow.at, rules, model)
    return best[0] if best and best[1] is None else None


def _outcome(touch: Touch, timeline: Timeline, rules: AttributionRules | None) -> TouchOutcome:
    if timeline.first_follow is None or rules is None:
        return touch.flaw or "no_follow_yet"
    if touch not in timeline.touches or is_after_follow(touch, timeline.first_follow.at):
        return "after_follow"
    if touch.kind not in rules.evidence_ranks:
        return "not_counted"
    if touch == winning_touch(timeline, rules, rules.model):
        return "won"
    return disqualification(touch, timeline.first_follow.at, rules) or "outranked"
