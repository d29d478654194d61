"""Judges a person's course under the rules that held at their first follow: who brought them, or why nobody did.

The first follow decides, by what was touched up to then and inside the window: the strongest kind of evidence first (the program's
order), within a kind the newest touch, or the oldest where the program says first_touch. What comes later only ends the referral
or restores it.
"""

from msgspec import Struct

from conversion_tracker.attribution.history import Course, Entry, Problem, Touch, moment
from conversion_tracker.attribution.qualification import qualified_at
from conversion_tracker.attribution.rules import Rules
from referral.events.attributions import UnattributedReason
from referral.events.program import AttributionModel

Judged = tuple[Touch, Problem | None]  # a touch and its flaw


class Standing(Struct, frozen=True, gc=False):
    """Someone follows since `since` (ms), brought by the referrer of `touch`; without one nobody brought them, for `reason`.

    `qualified` is when the referral did what the program pays for (ms); None where it has not yet. `spells` is how often they
    began to follow.
    """

    since: int
    first: Entry
    touch: Touch | None = None
    reason: UnattributedReason | None = None
    qualified: int | None = None
    spells: int = 1


def judge(course: Course, rules: Rules | None, reached: int = 0) -> Standing | None:
    """The verdict; None while the person does not follow. `rules` are those of the first follow, None if none were in force.

    `reached` (ms) is how far time is known to have come.
    """
    first, since = course.first, course.since
    if first is None or since is None:
        return None
    if rules is None or (rules.ends_ms is not None and first.at >= rules.ends_ms):
        return Standing(since, first, reason="program_closed")
    best = strongest(course.touches, first.at, rules, rules.model)
    if best is None:
        return Standing(since, first, reason="no_evidence")
    touch, flaw = best
    if flaw is not None:
        return Standing(since, first, reason=flaw)
    if course.spells > 1 and not rules.restores:
        return Standing(since, first, reason="refollowed")
    qualified = since if rules.at_once else qualified_at(course, since, rules, reached)
    return Standing(since, first, touch, None, qualified, course.spells)


def strongest(touches: tuple[Touch, ...], followed_at: int, rules: Rules, model: AttributionModel) -> Judged | None:
    """The winner. Where no touch is sound, the one that would have won: its flaw is the reason. None where none counts."""
    best: Judged | None = None
    for touch in touches:
        if touch.kind not in rules.ranks or comes_after(touch, followed_at):
            continue
        one = touch, flaw(touch, followed_at, rules)
        if best is None or _beats(one, best, rules, model):
            best = one
    return best


def _beats(one: Judged, other: Judged, rules: Rules, model: AttributionModel) -> bool:
    """Sound before flawed, then by kind, then by the model; facts of one moment by their ids."""
    mine, theirs = (one[1] is None, -rules.ranks[one[0].kind]), (other[1] is None, -rules.ranks[other[0].kind])
    if mine != theirs:
        return mine > theirs
    newer = moment(one[0]) > moment(other[0])
    return newer if model == "last_touch" else not newer


def comes_after(touch: Touch, followed_at: int) -> bool:
    """Whether it came too late to have brought them. Platforms often tell whole seconds, so a click counts from its second on."""
    return touch.at // 1000 * 1000 > followed_at


def flaw(touch: Touch, followed_at: int, rules: Rules) -> Problem | None:
    """What speaks against a touch, if anything."""
    if touch.problem is not None:
        return touch.problem
    return "expired" if followed_at - touch.at > rules.window_ms else None
