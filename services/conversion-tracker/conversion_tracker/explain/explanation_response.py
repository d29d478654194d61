"""Response structs of an explanation: the attribution of a person, with the reasons and the log lines that led to it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.considered_touches import consider_touches
from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.person_response import AttributionResponse, TouchResponse, attribution_response
from conversion_tracker.attribution.unknown_evidence import explain_reason
from conversion_tracker.explain.leaderboard_client import Rank, RankResult
from conversion_tracker.explain.line_descriptions import LineTexts
from conversion_tracker.explain.trace import Trace, TraceSubject, position_of
from conversion_tracker.explain.trace_response import (
    CauseResponse,
    ExplainedReward,
    MissingResponse,
    PositionFormatter,
    PositionResponse,
    cause_response,
    missing_response,
    reward_responses,
)
from conversion_tracker.explain.verdict_text import VerdictFacts, verdict_sentence
from conversion_tracker.screening.conversion_response import ScreeningResponse, screening_response
from referral.config import Settings
from referral.events.attributions import EvidenceKind
from referral.events.entities import ProgramVersion
from referral.http.responses import Timestamp


class ExplainedTouch(TouchResponse, kw_only=True):
    """A touch, and the position of the event that carries it."""

    place: Annotated[PositionResponse | None, Meta(description="null if the position is unknown")]


class RulesResponse(Struct, kw_only=True):
    """The rules that apply to the person: those in force at their first follow."""

    version: int
    effective_from: Timestamp
    window_days: int
    model: Annotated[str, Meta(examples=["last_touch"])]
    evidence: Annotated[tuple[EvidenceKind, ...], Meta(description="the strongest first")]
    qualifies_on: Annotated[str, Meta(examples=["person.followed"])]
    min_amount: Decimal | None
    currency: str | None
    retained_days: int | None
    refollow: str


class ExplanationResponse(AttributionResponse, kw_only=True):
    """Why a person is attributed as they are, down to log positions."""

    touches: Annotated[list[ExplainedTouch], Meta(description="oldest first")]  # type: ignore[assignment] # more than the base has
    verdict: Annotated[str, Meta(description="the whole in one sentence")]
    timezone: Annotated[str, Meta(description="the program's", examples=["Asia/Shanghai"])]
    rules: Annotated[RulesResponse | None, Meta(description="null before the first follow")]
    screening: Annotated[ScreeningResponse | None, Meta(description="null if no referral has qualified")]
    rewards: list[ExplainedReward]
    rank: Annotated[Rank | None, Meta(description="the referrer's rank by referrals, of all time")]
    rank_unknown: Annotated[str | None, Meta(description="why `rank` is null")]
    causes: Annotated[
        list[CauseResponse], Meta(description="events, attributions, conversions, rewards; each as recorded")
    ]
    missing: Annotated[list[MissingResponse], Meta(description="empty if every step was found")]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that an explanation is made of."""

    subject: TraceSubject
    person: Person
    version: ProgramVersion | None
    rules: AttributionRules | None
    trace: Trace
    rank: RankResult


def explanation_response(
    explanation: Explanation, referrers: KnownReferrers, settings: Settings
) -> ExplanationResponse:
    """Returns the response of an explanation."""
    subject, steps = explanation.subject, explanation.trace.steps
    positions = PositionFormatter(settings.topic_prefix)
    attribution = attribution_response(
        subject.program, subject.person, explanation.person, explanation.rules, referrers
    )
    texts = LineTexts(subject.program, subject.person, referrers)
    touches = _explained_touches(explanation, attribution, positions, settings.partitions)
    return ExplanationResponse(
        **(asdict(attribution) | {"touches": touches}),
        verdict=verdict_sentence(_verdict_facts(explanation, attribution, referrers)),
        timezone=referrers.catalog.versions(subject.program)[0].program.timezone,
        rules=_rules_response(explanation.version) if explanation.version else None,
        screening=screening_response(subject.conversion, referrers.people) if subject.conversion else None,
        rewards=reward_responses(steps, positions, referrers.people),
        rank=explanation.rank.rank,
        rank_unknown=explanation.rank.unknown_reason,
        causes=[cause_response(step, positions, texts) for step in steps],
        missing=[missing_response(missing) for missing in explanation.trace.missing],
    )


def _verdict_facts(
    explanation: Explanation, attribution: AttributionResponse, referrers: KnownReferrers
) -> VerdictFacts:
    published, subject = explanation.person.published, explanation.subject
    timeline = explanation.person.history.timeline()
    return VerdictFacts(
        person=attribution.external_id or subject.person,
        referrer=referrers.label(subject.referrer) if subject.referrer else None,
        timeline=timeline,
        winning_touch=subject.winning_touch,
        evidence=_evidence_text(subject, referrers),
        rules=explanation.rules,
        reason=published.reason if published else None,
        unknown=explain_reason(published.reason if published else None, timeline, subject.program, referrers),
        qualified=published is not None and published.qualified_at is not None,
        conversion=subject.conversion,
        ignored=attribution.ignored,
    )


def _evidence_text(subject: TraceSubject, referrers: KnownReferrers) -> str | None:
    touch = subject.winning_touch
    return referrers.evidence_text(subject.program, touch.kind, touch.code) if touch else None


def _rules_response(version: ProgramVersion) -> RulesResponse:
    attribution = version.program.attribution
    return RulesResponse(
        version=version.version,
        effective_from=version.effective_from,
        window_days=attribution.window_days,
        model=attribution.model,
        evidence=attribution.evidence,
        qualifies_on=attribution.qualifies_on,
        min_amount=attribution.min_amount,
        currency=attribution.currency,
        retained_days=attribution.retained_days,
        refollow=attribution.refollow,
    )


def _explained_touches(
    explanation: Explanation, attribution: AttributionResponse, positions: PositionFormatter, partitions: int
) -> list[ExplainedTouch]:
    """Returns the touches of the attribution, each with the position of the first event that carries it."""
    entries = {touch: entry for entry in reversed(explanation.person.history.entries) for touch in entry.touches}
    considered = consider_touches(explanation.person.history, explanation.rules)
    explained: list[ExplainedTouch] = []
    for response, one in zip(attribution.touches, considered, strict=True):
        entry = entries.get(one.touch)
        position = position_of(explanation.subject, entry, partitions) if entry else None
        place = positions.to_response(position) if position else None
        explained.append(ExplainedTouch(**asdict(response), place=place))
    return explained
