"""The verdict on a person in one plain sentence, for somebody who has to answer them or their friend."""

from dataclasses import dataclass

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.timeline import Timeline, Touch
from conversion_tracker.screening.catalogue import REASON_TEXTS
from conversion_tracker.screening.conversion import Conversion
from referral.events.attributions import UnattributedReason
from referral.events.timestamps import DAY_MS

REASONS: dict[UnattributedReason, str] = {
    "no_evidence": "nothing they did or said led to anybody",
    "expired": "what would have won was out of date, or older than the program's window",
    "self_referral": "what would have won was their own",
    "unknown_code": "nobody had the code they said",
    "unknown_mention": "whom they mentioned does not take part",
    "program_closed": "the program had ended, or no rules were in force yet, when they followed",
    "refollowed": "they had followed before, and the program does not bring such a referral back",
    "banned": "they are banned from the program",
}


@dataclass(frozen=True, slots=True)
class VerdictFacts:
    """What a verdict is told from: names as people know them, the course, the touch that won, and what came of it.

    `reason` is why a follower is nobody's; `qualified` whether the referral that stands did what the program pays for.
    """

    person: str
    referrer: str | None
    course: Timeline
    winning_touch: Touch | None
    rules: AttributionRules | None
    reason: UnattributedReason | None = None
    qualified: bool = False
    conversion: Conversion | None = None


def verdict_sentence(told: VerdictFacts) -> str:
    """One sentence."""
    if told.course.first_follow is None:
        return f"{told.person} has not followed, so nobody has brought them yet."
    if told.course.since is None:
        return _unfollowed(told)
    if told.reason is not None or told.winning_touch is None:
        return f"{_no_referrer(told)}: {REASONS[told.reason or 'no_evidence']}."
    return f"{_referred_by(told)}{_payment_status(told)}."


def _unfollowed(told: VerdictFacts) -> str:
    if told.winning_touch is None:
        return f"{_no_referrer(told)}, who has unfollowed."
    return f"{_referred_by(told)}, but {told.person} has unfollowed, so nothing of it counts."


def _no_referrer(told: VerdictFacts) -> str:
    return f"Nobody brought {told.person}"


def _referred_by(told: VerdictFacts) -> str:
    if told.winning_touch is None or told.referrer is None:
        return _no_referrer(told)
    code = f" {told.winning_touch.code}" if told.winning_touch.code else ""
    return f"{told.referrer} brought {told.person} by {told.winning_touch.kind}{code}"


def _payment_status(told: VerdictFacts) -> str:
    """How it goes on: whether it pays, and if not, what it waits for."""
    if not told.qualified:
        return f"; it does not pay yet, but {_qualification_condition(told.rules)}"
    if told.conversion is None or told.conversion.published is None:
        return "; screening has not come to it yet"
    said, review = told.conversion.published, told.conversion.review
    why = "; ".join(REASON_TEXTS[reason].rstrip(".") for reason in said.reasons if reason != "review")
    found = f" ({why})" if why else ""
    by = f", as {review.by} decided" if review and review.decision == said.outcome else ""
    match said.outcome:
        case "cleared":
            return f"; it counts and pays{by}"
        case "held":
            return f"; it is held until somebody looks at it{found}"
        case "rejected":
            return f"; it was rejected{by}{',' if by else ''} and pays nothing{found}"


def _qualification_condition(rules: AttributionRules | None) -> str:
    if rules is not None and rules.order_threshold is not None:
        threshold = rules.order_threshold
        return f"will with an order of {threshold.min_amount} {threshold.currency} or more that is not given back"
    if rules is not None and rules.retention_ms:
        return f"will once they have followed for {rules.retention_ms // DAY_MS} days"
    return "will once it qualifies"
