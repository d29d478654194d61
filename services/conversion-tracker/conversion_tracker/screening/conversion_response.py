"""A conversion as the API shows it."""

from conversion_tracker.attribution.referrer_response import Shape, referrer_shape
from conversion_tracker.screening.catalogue import Finding
from conversion_tracker.screening.conversion import Conversion, Review, status_of
from conversion_tracker.screening.reasons import WORDS
from referral.catalog.view import Catalog
from referral.events.attributions import Evidence
from referral.events.timestamps import to_datetime


def conversions(found: list[Conversion], catalog: Catalog) -> list[Shape]:
    """ConversionOut of each."""
    catalog.participants_by_id({one.referrer for one in found})  # reads what is newer once, not for each
    known = catalog.snapshot()
    return [conversion(one, known) for one in found]


def conversion(found: Conversion, catalog: Catalog) -> Shape:
    """A ConversionOut."""
    return {
        "id": found.id,
        "program": found.program,
        "status": status_of(found.said),
        "referral": found.referral,
        "person": found.person,
        "referrer": referrer_shape(found.referrer, catalog),
        "since": to_datetime(found.since),
        "qualified_at": to_datetime(found.at),
        "version": found.version,
        "reasons": [_reason(one) for one in found.findings],
        "evidence": _evidence(found.evidence),
        "review": review(found.review) if found.review else None,
    }


def review(found: Review) -> Shape:
    """A ReviewOut."""
    return {
        "decision": found.decided,
        "by": found.by,
        "note": found.note,
        "reviewed_at": to_datetime(found.at),
    }


def _reason(finding: Finding) -> Shape:
    return {"reason": finding.reason, "description": WORDS[finding.reason], "outcome": finding.outcome}


def _evidence(evidence: Evidence) -> Shape:
    return {name: getattr(evidence, name) for name in evidence.__struct_fields__}
