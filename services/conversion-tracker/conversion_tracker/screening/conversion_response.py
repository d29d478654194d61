"""Response structs of a conversion: its status, the findings of the rules, and the review."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from conversion_tracker.attribution.referrer_response import ReferrerResponse, referrer_response
from conversion_tracker.screening.catalogue import REASON_TEXTS, Finding, ScreeningOutcome
from conversion_tracker.screening.conversion import Conversion, ConversionStatus, Review, ReviewDecision, status_of
from conversion_tracker.screening.rule import Observation
from referral.catalog.view import Catalog
from referral.events.attributions import Evidence, EvidenceKind
from referral.events.facts import Channel, DecidingKey
from referral.events.ids import conversion_id
from referral.events.screening import ScreeningReason
from referral.events.timestamps import to_datetime
from referral.http.paging import Page
from referral.http.responses import Timestamp


class FindingResponse(Struct):
    """What one screening rule found."""

    reason: Annotated[ScreeningReason, Meta(description="the rule, for programs", examples=["network_burst"])]
    description: Annotated[str, Meta(description="what the rule finds, for people")]
    outcome: Annotated[ScreeningOutcome, Meta(description="what the program does about it")]
    observed: Annotated[
        Observation,
        Meta(
            description="the numbers that the rule saw, by name: see the documentation of each rule",
            examples=[{"people": 34, "minutes": 10, "limit": 20}],
        ),
    ]


class ReviewResponse(Struct):
    """A reviewer's decision."""

    decision: ReviewDecision
    by: str
    note: str
    reviewed_at: Timestamp
    api_key: DecidingKey


class EvidenceResponse(Struct):
    """The touch that won."""

    kind: EvidenceKind
    touched_at: Timestamp
    event: str
    code: str | None
    channel: Channel | None
    content: str | None
    cta: str | None
    partner: str | None
    campaign: str | None


class ConversionResponse(Struct):
    """A referral after screening."""

    id: Annotated[str, Meta(examples=["cnv_0123456789abcdef"])]
    program: str
    status: ConversionStatus
    referral: str
    person: Annotated[str, Meta(description="the referee")]
    referrer: ReferrerResponse
    since: Annotated[Timestamp, Meta(description="start of the follow that the referral rests on")]
    qualified_at: Annotated[Timestamp, Meta(description="when the referee did what the program pays for")]
    version: Annotated[int, Meta(description="the program version that applies")]
    reasons: list[FindingResponse]
    evidence: EvidenceResponse
    review: ReviewResponse | None


class ConversionPage(Page[ConversionResponse]):
    """A page of conversions, the first that qualified first."""


class ExplainedFinding(FindingResponse):
    """A finding in an explanation."""

    detail: Annotated[Observation, Meta(description="the same as `observed`")]


class ScreeningResponse(Struct):
    """The result of screening a referral."""

    conversion: str
    status: Annotated[ConversionStatus, Meta(description="`reversed`: the referral is no longer valid")]
    findings: list[ExplainedFinding]
    review: ReviewResponse | None


def conversion_responses(conversions: list[Conversion], catalog: Catalog) -> list[ConversionResponse]:
    """Returns the response of each conversion."""
    catalog.participants_by_id({one.referrer for one in conversions})  # reads the catalog to its end once, not for each
    known = catalog.snapshot()
    return [conversion_response(one, known) for one in conversions]


def conversion_response(conversion: Conversion, catalog: Catalog) -> ConversionResponse:
    """Returns the response of a conversion."""
    return ConversionResponse(
        id=conversion.id,
        program=conversion.program,
        status=status_of(conversion.published),
        referral=conversion.referral,
        person=conversion.person,
        referrer=referrer_response(conversion.referrer, catalog),
        since=to_datetime(conversion.since),
        qualified_at=to_datetime(conversion.at),
        version=conversion.version,
        reasons=_finding_responses(conversion.findings),
        evidence=_evidence_response(conversion.evidence),
        review=review_response(conversion.review) if conversion.review else None,
    )


def review_response(review: Review) -> ReviewResponse:
    """Returns the response of a review."""
    return ReviewResponse(review.decision, review.by, review.note, to_datetime(review.at), review.api_key)


def screening_response(conversion: Conversion) -> ScreeningResponse:
    """Returns what an explanation shows of a conversion."""
    return ScreeningResponse(
        conversion_id(conversion.referral),
        status_of(conversion.published),
        [
            ExplainedFinding(one.reason, one.description, one.outcome, one.observed, one.observed)
            for one in _finding_responses(conversion.findings)
        ],
        review_response(conversion.review) if conversion.review else None,
    )


def _finding_responses(findings: Iterable[Finding]) -> list[FindingResponse]:
    return [FindingResponse(one.reason, REASON_TEXTS[one.reason], one.outcome, one.observed) for one in findings]


def _evidence_response(evidence: Evidence) -> EvidenceResponse:
    return EvidenceResponse(*(getattr(evidence, name) for name in EvidenceResponse.__struct_fields__))
