"""A conversion: everything that affects one referral, decided as a whole, and the difference to what was last published.

A referral that has qualified counts unless a screening rule found something; a person's review outweighs the rules, and
nothing outweighs a ban. A reversed conversion neither counts nor waits.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.screening.catalogue import (
    Finding,
    ScreeningOutcome,
    combined_outcome,
    reasons_for,
    sort_findings,
)
from referral.events.attributions import Evidence, ReferralQualified, ReferrerKind
from referral.events.conversions import (
    ConversionCleared,
    ConversionFact,
    ConversionHeld,
    ConversionRejected,
    ConversionReversalReason,
    ConversionReversed,
)
from referral.events.ids import conversion_id
from referral.events.screening import ScreeningReason
from referral.events.timestamps import to_datetime, to_ms

ReviewDecision = Literal["cleared", "rejected"]
ConversionStatus = ScreeningOutcome | Literal["reversed"]
CONVERSION_STATUSES: tuple[ConversionStatus, ...] = ("held", "cleared", "rejected", "reversed")


class Review(Struct, frozen=True, array_like=True, gc=False):
    """What a person decided about a conversion: who, when (ms), and why."""

    decision: ReviewDecision
    by: str
    at: int
    note: str = ""


class PublishedOutcome(Struct, frozen=True, array_like=True, gc=False):
    """What is published about a conversion; `at` is the time (ms) at which it qualified according to the log."""

    outcome: ScreeningOutcome
    at: int
    reasons: tuple[ScreeningReason, ...] = ()


class Conversion(Struct, frozen=True, array_like=True, tag="conversion", gc=False):
    """The state of one conversion.

    `at` is when the referral qualified last (ms), under version `version` of the rules; `stands` is false once it was reversed.
    `offset` and `line` are where in its partition of `attributions` it qualified; `since` is the follow it rests on (ms).
    """

    program: str
    referral: str
    person: str
    referrer: str
    version: int
    evidence: Evidence
    at: int
    active: bool = True
    findings: tuple[Finding, ...] = ()
    review: Review | None = None
    published: PublishedOutcome | None = None
    offset: int = 0
    line: int = 0
    since: int = 0
    referrer_kind: ReferrerKind = "follower"

    @property
    def id(self) -> str:
        """`cnv_…`"""
        return conversion_id(self.referral)

    @property
    def outcome(self) -> ScreeningOutcome | None:
        """What it comes to: a ban first, then a person's review, then the rules; None where the referral does not stand."""
        if not self.active:
            return None
        if self.review is not None and "ban" not in {finding.reason for finding in self.findings}:
            return self.review.decision
        return combined_outcome(self.findings)


def status_of(said: PublishedOutcome | None) -> ConversionStatus:
    """The status of a conversion by what is published about it; `reversed` if nothing is valid any more."""
    return said.outcome if said is not None else "reversed"


def qualify(before: Conversion | None, line: ReferralQualified, findings: tuple[Finding, ...]) -> Conversion:
    """The referral has qualified (again), and screening found this. A review made before still counts."""
    return Conversion(
        program=line.program,
        referral=line.id,
        person=line.person,
        referrer=line.referrer,
        version=line.version,
        evidence=line.evidence,
        at=to_ms(line.occurred_at),
        findings=findings,
        review=before.review if before else None,
        published=before.published if before else None,
        since=to_ms(line.followed_at),
        referrer_kind=line.referrer_kind,
    )


def with_review(before: Conversion, review: Review) -> Conversion | None:
    """Applies an operator's decision; None if the same was decided before."""
    if before.review is not None and before.review.decision == review.decision:
        return None
    return replace(before, review=review)


def with_reversal(before: Conversion) -> Conversion:
    """The referral fell."""
    return replace(before, active=False)


def with_finding(before: Conversion, reason: ScreeningReason, finding: Finding | None) -> Conversion:
    """With what is known now under one reason; None where that is nothing (any more)."""
    others = tuple(one for one in before.findings if one.reason != reason)
    return replace(before, findings=sort_findings((*others, finding)) if finding else others)


def with_ban(before: Conversion, banned: bool) -> Conversion:
    """The conversion of a referrer who is banned, or free again."""
    return with_finding(before, "ban", Finding("rejected", "ban") if banned else None)


def reconcile(
    now: Conversion, occurred_at: int, reason: ConversionReversalReason
) -> tuple[Conversion, list[ConversionFact]]:
    """The conversion with its new published state, and the lines that lead to it.

    What no longer counts is taken back, dated `occurred_at` (ms), for `reason`.
    """
    outcome = now.outcome
    wanted = PublishedOutcome(outcome, now.at, _published_reasons(now, outcome)) if outcome else None
    if wanted == now.published:
        return now, []
    lines: list[ConversionFact] = []
    if now.published is not None and now.published.outcome == "cleared":
        lines.append(_reversed_event(now, now.published, occurred_at, reason))
    if wanted is not None:
        lines.append(_outcome_event(now, wanted))
    return replace(now, published=wanted), lines


def _published_reasons(now: Conversion, outcome: ScreeningOutcome) -> tuple[ScreeningReason, ...]:
    if outcome == "cleared":
        return ()
    return reasons_for(now.findings, outcome) or ("review",)


def _outcome_event(now: Conversion, said: PublishedOutcome) -> ConversionFact:
    same = {
        "occurred_at": to_datetime(now.at),
        "program": now.program,
        "id": conversion_id(now.referral),
        "referral": now.referral,
        "person": now.person,
        "referrer": now.referrer,
        "version": now.version,
        "evidence": now.evidence,
        "referrer_kind": now.referrer_kind,
    }
    match said.outcome:
        case "cleared":
            return ConversionCleared(**same)  # type: ignore[arg-type] # the fields that all three share
        case "held":
            return ConversionHeld(**same, reasons=said.reasons)  # type: ignore[arg-type]
        case "rejected":
            return ConversionRejected(**same, reasons=said.reasons)  # type: ignore[arg-type]


def _reversed_event(
    now: Conversion, said: PublishedOutcome, occurred_at: int, reason: ConversionReversalReason
) -> ConversionReversed:
    return ConversionReversed(
        occurred_at=to_datetime(occurred_at),
        program=now.program,
        id=conversion_id(now.referral),
        referral=now.referral,
        person=now.person,
        referrer=now.referrer,
        version=now.version,
        cleared_at=to_datetime(said.at),
        reason=reason,
        referrer_kind=now.referrer_kind,
    )
