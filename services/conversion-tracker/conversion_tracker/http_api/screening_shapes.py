"""What screening found, as the API shows it. Rules speak for themselves by their catalogue entries."""

from conversion_tracker.domain.conversion import Conversion, Review
from conversion_tracker.domain.screening.catalogue import RULES, Finding
from conversion_tracker.http_api.people_shapes import Shape
from referral.events.ids import conversion_id
from referral.events.moment import to_datetime

_OTHERS = {
    "ban": "Somebody of the referral is banned.",
    "review": "A person decided so.",
    "ring": "The referrals go round in a ring.",
    "rule_failed": "A rule could not decide, so that a person has to.",
}
_DESCRIPTIONS: dict[str, str] = _OTHERS | {rule.name: rule.description for rule in RULES}


def described(reason: str) -> str:
    """What a reason means, in a sentence."""
    return _DESCRIPTIONS.get(reason, f"{reason.replace('_', ' ').capitalize()}.")


def screening(conversion: Conversion | None) -> Shape | None:
    """A ScreeningOut; None where the referral has never qualified."""
    if conversion is None:
        return None
    return {
        "conversion": conversion_id(conversion.referral),
        "status": conversion.outcome or "fallen",
        "findings": [_finding(one) for one in conversion.findings],
        "review": _review(conversion.review) if conversion.review else None,
    }


def _finding(finding: Finding) -> Shape:
    """With whatever else a finding carries."""
    known = ("reason", "outcome")
    more = {name: getattr(finding, name) for name in finding.__struct_fields__ if name not in known}
    return {
        "reason": finding.reason,
        "outcome": finding.outcome,
        "description": described(finding.reason),
        "detail": {name: value for name, value in more.items() if value is not None},
    }


def _review(review: Review) -> Shape:
    return {"decided": review.decided, "by": review.by, "at": to_datetime(review.at), "note": review.note}
