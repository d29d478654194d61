"""The verdict on a person in one sentence, for support staff who have to answer them or their friend."""

from collections.abc import Sequence
from dataclasses import dataclass

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.timeline import Timeline, Touch
from conversion_tracker.screening.catalogue import REASON_TEXTS
from conversion_tracker.screening.conversion import Conversion
from referral.events.attributions import UnattributedReason
from referral.events.timestamps import DAY_MS

REASONS: dict[UnattributedReason, str] = {
    "no_evidence": "there is no evidence of one",
    "expired": "the best evidence was older than the program's window, or its link had expired, was disabled or used up",
    "self_referral": "the best evidence points to themselves",
    "unknown_code": "the code they used does not exist",
    "unknown_mention": "the account they mentioned does not take part in the program",
    "program_closed": "they followed before the program was in force or after it ended",
    "refollowed": "they had followed before, and the program does not restore a referral after an unfollow",
    "banned": "they are banned from the program",
}


@dataclass(frozen=True, slots=True)
class VerdictFacts:
    """What the sentence is about. `person` and `referrer` are as people know them, and so is `evidence`, the code that won.

    `reason` is why the person is unattributed; `unknown` explains it if their evidence had no owner then; `qualified` is whether
    the current referral has qualified. `ignored` are sentences about facts that changed nothing.
    """

    person: str
    referrer: str | None
    timeline: Timeline
    winning_touch: Touch | None
    rules: AttributionRules | None
    reason: UnattributedReason | None = None
    qualified: bool = False
    conversion: Conversion | None = None
    unknown: str | None = None
    ignored: Sequence[str] = ()
    evidence: str | None = None


def verdict_sentence(facts: VerdictFacts) -> str:
    """Who referred the person and by what, whether it pays, and why not or on what condition.

    One sentence; for a person without a follow, also what was reported of them and changed nothing.
    """
    if facts.timeline.first_follow is None:
        return " ".join([f"{facts.person} has not followed yet, so there is no referrer.", *facts.ignored])
    if facts.timeline.since is None:
        return _unfollowed_sentence(facts)
    if facts.reason is not None or facts.winning_touch is None:
        return f"{_no_referrer(facts)}: {facts.unknown or REASONS[facts.reason or 'no_evidence']}."
    return f"{_referred_by(facts)}{_payment_status(facts)}."


def _unfollowed_sentence(facts: VerdictFacts) -> str:
    if facts.winning_touch is None:
        return f"{_no_referrer(facts)}, and has unfollowed."
    return f"{_referred_by(facts)}, but {facts.person} has unfollowed, so the referral does not count."


def _no_referrer(facts: VerdictFacts) -> str:
    return f"{facts.person} has no referrer"


def _referred_by(facts: VerdictFacts) -> str:
    if facts.winning_touch is None or facts.referrer is None:
        return _no_referrer(facts)
    code = f" {facts.evidence}" if facts.evidence else ""
    return f"{facts.referrer} referred {facts.person} by {facts.winning_touch.kind}{code}"


def _payment_status(facts: VerdictFacts) -> str:
    """Whether the referral pays; if not, why not or on what condition it will."""
    if not facts.qualified:
        return f"; it does not pay yet, but {_qualification_condition(facts.rules)}"
    if facts.conversion is None or facts.conversion.published is None:
        return "; it has not been screened yet"
    published, review = facts.conversion.published, facts.conversion.review
    reasons = "; ".join(REASON_TEXTS[reason].rstrip(".") for reason in published.reasons if reason != "review")
    because = f" ({reasons})" if reasons else ""
    by = f", as decided by {review.by}" if review and review.decision == published.outcome else ""
    match published.outcome:
        case "cleared":
            return f"; it counts and pays{by}"
        case "held":
            return f"; it is held for manual review{because}"
        case "rejected":
            return f"; it was rejected{by}{',' if by else ''} and pays nothing{because}"


def _qualification_condition(rules: AttributionRules | None) -> str:
    if rules is not None and rules.order_threshold is not None:
        threshold = rules.order_threshold
        return f"will with an order of at least {threshold.min_amount} {threshold.currency} that is not refunded"
    if rules is not None and rules.retention_ms:
        return f"will once they have followed for {rules.retention_ms // DAY_MS} days"
    return "will once it qualifies"
