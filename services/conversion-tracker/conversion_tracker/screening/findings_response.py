"""What screening found, as the API shows it. Rules speak for themselves by their catalogue entries."""

from conversion_tracker.attribution.referrer_response import Shape
from conversion_tracker.screening.catalogue import Finding
from conversion_tracker.screening.conversion import Conversion, status_of
from conversion_tracker.screening.conversion_response import review
from conversion_tracker.screening.reasons import WORDS
from referral.events.ids import conversion_id


def screening(conversion: Conversion | None) -> Shape | None:
    """A ScreeningOut; None where the referral has never qualified."""
    if conversion is None:
        return None
    return {
        "conversion": conversion_id(conversion.referral),
        "status": status_of(conversion.said),
        "findings": [_finding(one) for one in conversion.findings],
        "review": review(conversion.review) if conversion.review else None,
    }


def _finding(finding: Finding) -> Shape:
    """With whatever else a finding carries."""
    known = ("reason", "outcome")
    more = {name: getattr(finding, name) for name in finding.__struct_fields__ if name not in known}
    return {
        "reason": finding.reason,
        "outcome": finding.outcome,
        "description": WORDS[finding.reason],
        "detail": {name: value for name, value in more.items() if value is not None},
    }
