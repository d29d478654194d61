"""A conversion as the API shows it."""

from conversion_tracker.attribution.referrer_response import JsonObject, referrer_response
from conversion_tracker.screening.catalogue import REASON_TEXTS, Finding
from conversion_tracker.screening.conversion import Conversion, Review, status_of
from referral.catalog.view import Catalog
from referral.events.attributions import Evidence
from referral.events.ids import conversion_id
from referral.events.timestamps import to_datetime


def conversion_responses(found: list[Conversion], catalog: Catalog) -> list[JsonObject]:
    """ConversionOut of each."""
    catalog.participants_by_id({one.referrer for one in found})  # reads what is newer once, not for each
    known = catalog.snapshot()
    return [conversion_response(one, known) for one in found]


def conversion_response(found: Conversion, catalog: Catalog) -> JsonObject:
    """A ConversionOut."""
    return {
        "id": found.id,
        "program": found.program,
        "status": status_of(found.published),
        "referral": found.referral,
        "person": found.person,
        "referrer": referrer_response(found.referrer, catalog),
        "since": to_datetime(found.since),
        "qualified_at": to_datetime(found.at),
        "version": found.version,
        "reasons": [_reason_response(one) for one in found.findings],
        "evidence": _evidence_response(found.evidence),
        "review": review_response(found.review) if found.review else None,
    }


def review_response(found: Review) -> JsonObject:
    """A ReviewOut."""
    return {
        "decision": found.decision,
        "by": found.by,
        "note": found.note,
        "reviewed_at": to_datetime(found.at),
    }


def _reason_response(finding: Finding) -> JsonObject:
    return {
        "reason": finding.reason,
        "description": REASON_TEXTS[finding.reason],
        "outcome": finding.outcome,
        "observed": finding.observed,
    }


def _evidence_response(evidence: Evidence) -> JsonObject:
    return {name: getattr(evidence, name) for name in evidence.__struct_fields__}


def screening_response(conversion: Conversion | None) -> JsonObject | None:
    """A ScreeningOut; None where the referral has never qualified."""
    if conversion is None:
        return None
    return {
        "conversion": conversion_id(conversion.referral),
        "status": status_of(conversion.published),
        "findings": [_finding_response(one) for one in conversion.findings],
        "review": review_response(conversion.review) if conversion.review else None,
    }


def _finding_response(finding: Finding) -> JsonObject:
    return {
        "reason": finding.reason,
        "outcome": finding.outcome,
        "description": REASON_TEXTS[finding.reason],
        "observed": finding.observed,
        "detail": finding.observed,
    }
