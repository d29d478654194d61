"""Why a person has their referrer, or none, in words of a page. The sentences of the API, in English alone, are in `explain`."""

from collections.abc import Mapping

from flask_babel import lazy_gettext

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.explain.verdict_text import VerdictFacts
from referral.events.attributions import EvidenceKind, UnattributedReason
from referral.events.timestamps import DAY_MS
from referral.pages.languages import gettext, ngettext

REASON_TEXTS: Mapping[UnattributedReason, object] = {
    "no_evidence": lazy_gettext("nothing points to one"),
    "expired": lazy_gettext("what points to one was too old, or its link had ended"),
    "self_referral": lazy_gettext("the code or link that they used is their own"),
    "unknown_code": lazy_gettext("the code that they used did not exist"),
    "unknown_mention": lazy_gettext("the account that they mentioned does not take part"),
    "program_closed": lazy_gettext("they followed before the program began or after it ended"),
    "refollowed": lazy_gettext("they had left before, and the program counts a friend once"),
    "banned": lazy_gettext("they are banned"),
}
EVIDENCE_TEXTS: Mapping[EvidenceKind, object] = {
    "code": lazy_gettext("by code"),
    "click": lazy_gettext("by link"),
    "scan": lazy_gettext("by QR code"),
    "mention": lazy_gettext("by mention"),
    "tag": lazy_gettext("by tag"),
}


def story_sentences(facts: VerdictFacts) -> list[str]:
    """Who referred the person and by what, then whether it counts, and on what condition it will."""
    if facts.timeline.first_follow is None:
        return [gettext("They have not followed yet, so there is no referrer.")]
    if facts.reason is not None or facts.winning_touch is None or facts.referrer is None:
        reason = REASON_TEXTS[facts.reason or "no_evidence"]
        sentences = [gettext("They have no referrer: %(reason)s.", reason=reason)]
        return sentences if facts.timeline.since is not None else [*sentences, gettext("They have left since.")]
    by = str(EVIDENCE_TEXTS[facts.winning_touch.kind])
    evidence = f"{by} {facts.evidence}" if facts.evidence else by
    referred = gettext("%(referrer)s brought them %(evidence)s.", referrer=facts.referrer, evidence=evidence)
    if facts.timeline.since is None:
        return [referred, gettext("They have left since, so it does not count.")]
    return [referred, _status(facts)]


def _status(facts: VerdictFacts) -> str:
    """Whether the referral counts; if not, why not or on what condition it will."""
    if not facts.qualified:
        return _condition(facts.rules)
    if facts.conversion is None or facts.conversion.published is None:
        return gettext("It is being checked.")
    match facts.conversion.published.outcome:
        case "cleared":
            return gettext("It counts and pays.")
        case "held":
            return gettext("It is held until a person decides.")
        case "rejected":
            return gettext("It was rejected, and pays nothing.")


def _condition(rules: AttributionRules | None) -> str:
    if rules is not None and rules.order_threshold is not None:
        threshold = rules.order_threshold
        return gettext(
            "It counts after an order of at least %(amount)s %(currency)s.",
            amount=threshold.min_amount,
            currency=threshold.currency,
        )
    if rules is not None and rules.retention_ms:
        days = rules.retention_ms // DAY_MS
        return ngettext(
            "It counts once they have followed for %(num)d day.",
            "It counts once they have followed for %(num)d days.",
            days,
        )
    return gettext("It counts once they qualify.")
