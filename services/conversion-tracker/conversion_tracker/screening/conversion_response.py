"""Response structs of a conversion: its status, the findings of the rules, and the review."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.attribution.referrer_response import ReferrerResponse, referrer_response
from conversion_tracker.named_person import named_person, note_text
from conversion_tracker.screening.catalogue import REASON_TEXTS, Finding, ScreeningOutcome
from conversion_tracker.screening.conversion import Conversion, ConversionStatus, Review, ReviewDecision, status_of
from conversion_tracker.screening.rule import Observation
from referral.events.attributions import EvidenceKind
from referral.events.facts import Channel, DecidingKey
from referral.events.ids import conversion_id
from referral.events.screening import ScreeningReason
from referral.events.timestamps import to_datetime
from referral.http.paging import Page
from referral.http.responses import Timestamp
from referral.people.people_view import People


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
    note: Annotated[str | None, Meta(description="null once the person was erased")]
    reviewed_at: Timestamp
    api_key: DecidingKey


class AppealResponse(Struct):
    """The referrer asked for another look."""

    note: Annotated[str | None, Meta(description="what they wrote; null once they were erased")]
    appealed_at: Timestamp
    decided: Annotated[bool, Meta(description="whether a review has followed")]


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
    root: Annotated[str | None, Meta(description="person id of who began the chain of sharers, if another person did")]


class ConversionResponse(Struct):
    """A referral after screening."""

    id: Annotated[str, Meta(examples=["cnv_0123456789abcdef"])]
    program: str
    status: ConversionStatus
    referral: str
    person: Annotated[str, Meta(description="person id of the referee", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[str | None, Meta(description="the platform's own id of the referee; null after an erasure")]
    referrer: ReferrerResponse
    since: Annotated[Timestamp, Meta(description="start of the follow that the referral rests on")]
    qualified_at: Annotated[Timestamp, Meta(description="when the referee did what the program pays for")]
    version: Annotated[int, Meta(description="the program version that applies")]
    reasons: list[FindingResponse]
    evidence: EvidenceResponse
    review: ReviewResponse | None
    appeal: AppealResponse | None


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


def conversion_responses(conversions: list[Conversion], referrers: KnownReferrers) -> list[ConversionResponse]:
    """Returns the response of each conversion."""
    known = referrers.read([id for one in conversions for id in (one.referrer, one.person)])  # once, not for each
    return [conversion_response(one, known) for one in conversions]


def conversion_response(conversion: Conversion, referrers: KnownReferrers) -> ConversionResponse:
    """Returns the response of a conversion."""
    return ConversionResponse(
        id=conversion.id,
        program=conversion.program,
        status=status_of(conversion.published),
        referral=conversion.referral,
        person=conversion.person,
        external_id=named_person(conversion.person, referrers.people).external_id,
        referrer=referrer_response(conversion.referrer, referrers),
        since=to_datetime(conversion.since),
        qualified_at=to_datetime(conversion.at),
        version=conversion.version,
        reasons=_finding_responses(conversion.findings),
        evidence=_evidence_response(conversion, referrers),
        review=_review_response(conversion, referrers.people),
        appeal=_appeal_response(conversion, referrers.people),
    )


def review_response(review: Review, note: str | None) -> ReviewResponse:
    """Returns the response of a review with the text of its note."""
    return ReviewResponse(review.decision, review.by, note, to_datetime(review.at), review.api_key)


def _review_response(conversion: Conversion, people: People) -> ReviewResponse | None:
    review = conversion.review
    return review_response(review, note_text(conversion.person, review.note, people)) if review else None


def _appeal_response(conversion: Conversion, people: People) -> AppealResponse | None:
    appeal = conversion.appeal
    if appeal is None:
        return None
    return AppealResponse(note_text(conversion.referrer, appeal.note, people), to_datetime(appeal.at), appeal.decided)


def screening_response(conversion: Conversion, people: People) -> ScreeningResponse:
    """Returns what an explanation shows of a conversion."""
    return ScreeningResponse(
        conversion_id(conversion.referral),
        status_of(conversion.published),
        [
            ExplainedFinding(one.reason, one.description, one.outcome, one.observed, one.observed)
            for one in _finding_responses(conversion.findings)
        ],
        _review_response(conversion, people),
    )


def _finding_responses(findings: Iterable[Finding]) -> list[FindingResponse]:
    return [FindingResponse(one.reason, REASON_TEXTS[one.reason], one.outcome, one.observed) for one in findings]


def _evidence_response(conversion: Conversion, referrers: KnownReferrers) -> EvidenceResponse:
    evidence = conversion.evidence
    fields = {name: getattr(evidence, name) for name in EvidenceResponse.__struct_fields__}
    return EvidenceResponse(
        **fields | {"code": referrers.evidence_text(conversion.program, evidence.kind, evidence.code)}
    )
