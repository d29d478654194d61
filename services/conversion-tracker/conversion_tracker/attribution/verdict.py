"""The attribution verdict on a person: the referrer of the winning touch, or the reason why there is none.

The verdict is made under the rules in force at the first follow and from the touches before it that are inside the window: the
strongest kind of evidence first (in the program's order), within a kind the newest touch, or the oldest under `first_touch`.
Later facts can only end the referral or restore it.
"""

from msgspec import Struct

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.qualification import qualifies_at
from conversion_tracker.attribution.timeline import HistoryEntry, Timeline, Touch, TouchFlaw, touch_order
from referral.events.attribution_rules import AttributionModel
from referral.events.attributions import UnattributedReason

JudgedTouch = tuple[Touch, TouchFlaw | None]  # a touch and what disqualifies it


class Verdict(Struct, frozen=True, gc=False):
    """A person has followed since `since` (ms) and was referred by the referrer of `touch`; without `touch`, for `reason`, by none.

    `qualified_at` is when the referral qualified (ms); None if it has not yet. `spells` is how many times they began to follow.
    """

    since: int
    first_follow: HistoryEntry
    touch: Touch | None = None
    reason: UnattributedReason | None = None
    qualified_at: int | None = None
    spells: int = 1


def decide_verdict(timeline: Timeline, rules: AttributionRules | None, reached_ms: int = 0) -> Verdict | None:
    """Returns the verdict; None while the person does not follow.

    `rules` are those in force at the first follow, None if there were none. `reached_ms` is the latest time known to have been
    reached.
    """
    first, since = timeline.first_follow, timeline.since
    if first is None or since is None:
        return None
    if rules is None or (rules.ends_ms is not None and first.at >= rules.ends_ms):
        return Verdict(since, first, reason="program_closed")
    best = strongest_touch(timeline.touches, first.at, rules, rules.model)
    if best is None:
        return Verdict(since, first, reason="no_evidence")
    touch, flaw = best
    if flaw is not None:
        return Verdict(since, first, reason=flaw)
    if timeline.spells > 1 and not rules.restores_on_refollow:
        return Verdict(since, first, reason="refollowed")
    qualified_at = since if rules.qualifies_on_follow else qualifies_at(timeline, since, rules, reached_ms)
    return Verdict(since, first, touch, None, qualified_at, timeline.spells)


def strongest_touch(
    touches: tuple[Touch, ...], followed_at: int, rules: AttributionRules, model: AttributionModel
) -> JudgedTouch | None:
    """Returns the winning touch under a model; None if no touch counts.

    If every touch is disqualified, returns the one that would have won: its flaw is the reason why the person is unattributed.
    """
    best: JudgedTouch | None = None
    for touch in touches:
        if touch.kind not in rules.evidence_ranks or is_after_follow(touch, followed_at):
            continue
        judged = touch, disqualification(touch, followed_at, rules)
        if best is None or _beats(judged, best, rules, model):
            best = judged
    return best


def _beats(one: JudgedTouch, other: JudgedTouch, rules: AttributionRules, model: AttributionModel) -> bool:
    """Sort key: valid before disqualified, then by kind, then by time according to the model; at equal times by event id."""
    ranks = rules.evidence_ranks
    mine, theirs = (one[1] is None, -ranks[one[0].kind]), (other[1] is None, -ranks[other[0].kind])
    if mine != theirs:
        return mine > theirs
    newer = touch_order(one[0]) > touch_order(other[0])
    return newer if model == "last_touch" else not newer


def is_after_follow(touch: Touch, followed_at: int) -> bool:
    """Returns whether a touch came too late to win. Platforms often report whole seconds, so a click counts from its second on."""
    return touch.at // 1000 * 1000 > followed_at


def disqualification(touch: Touch, followed_at: int, rules: AttributionRules) -> TouchFlaw | None:
    """Returns the reason why a touch cannot win; None if it can."""
    if touch.flaw is not None:
        return touch.flaw
    return "expired" if followed_at - touch.at > rules.window_ms else None
