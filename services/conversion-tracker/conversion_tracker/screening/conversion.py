"""The state of a conversion, and the events that lead from its published outcome to a new one.

A referral that has qualified counts unless a screening rule found something; a review outweighs the rules, and nothing outweighs
a ban. A reversed conversion neither counts nor waits for review.
"""

from typing import Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.screening.catalogue import (
    Finding,
    ScreeningOutcome,
    combined_outcome,
    reasons_for,
    sort_findings,
)
from referral.events.attributions import Evidence, QualifyingLine, ReferrerKind
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
PublishedDecision = Literal["cleared", "rejected", "withdrawn"]
ConversionStatus = ScreeningOutcome | Literal["reversed"]
APPEALABLE: frozenset[ConversionStatus] = frozenset({"held", "rejected"})
CONVERSION_STATUSES: tuple[ConversionStatus, ...] = ("held", "cleared", "rejected", "reversed")


class Review(Struct, frozen=True, array_like=True, gc=False):
    """A reviewer's decision about a conversion: by which person and API key, when (ms), and why (`note`, the id of a text)."""

    decision: ReviewDecision
    by: str
    at: int
    note: str | None = None
    api_key: str | None = None


class Appeal(Struct, frozen=True, array_like=True, gc=False):
    """The referrer asked for another look (at, ms; why: `note`, the id of a text); `decided` once a review has followed."""

    at: int
    note: str | None = None
    decided: bool = False


class PublishedOutcome(Struct, frozen=True, array_like=True, gc=False):
    """What is published about a conversion; `at` is the time (ms) at which it qualified according to it."""

    outcome: ScreeningOutcome
    at: int
    reasons: tuple[ScreeningReason, ...] = ()


class Conversion(Struct, frozen=True, array_like=True, tag="conversion", gc=False):
    """The state of one conversion.

    `at` is when the referral last qualified (ms), under version `version` of the rules; `active` is false once it was reversed.
    `offset` and `line` are the position of the line by which it qualified; `since` is the follow it rests on (ms).
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
    appeal: Appeal | None = None

    @property
    def id(self) -> str:
        """`cnv_…`"""
        return conversion_id(self.referral)

    @property
    def waits_for_appeal(self) -> bool:
        """Whether the referrer's appeal waits for a review."""
        undecided = self.appeal is not None and not self.appeal.decided
        return undecided and self.active and status_of(self.published) in APPEALABLE

    @property
    def outcome(self) -> ScreeningOutcome | None:
        """Decided by a ban first, then by a review, then by the rules; None if the referral was reversed."""
        if not self.active:
            return None
        if self.review is not None and "ban" not in {finding.reason for finding in self.findings}:
            return self.review.decision
        return combined_outcome(self.findings)


def status_of(published: PublishedOutcome | None) -> ConversionStatus:
    """Returns the status of a conversion; `reversed` if nothing is published about it any more."""
    return published.outcome if published is not None else "reversed"


def qualify(
    before: Conversion | None, line: QualifyingLine, findings: tuple[Finding, ...], offset: int = 0, number: int = 0
) -> Conversion:
    """Returns the conversion of a referral that has qualified (again), with these findings. An earlier review still applies.

    `offset` and `number` are the position of the line in its partition.
    """
    at = to_ms(line.occurred_at)
    return Conversion(
        program=line.program,
        referral=line.id,
        person=line.person,
        referrer=line.referrer,
        version=line.version,
        evidence=line.evidence,
        at=at,
        findings=findings,
        review=before.review if before else None,
        published=before.published if before else None,
        offset=offset,
        line=number,
        since=at if line.followed_at is line.occurred_at else to_ms(line.followed_at),
        referrer_kind=line.referrer_kind,
        appeal=before.appeal if before else None,
    )


def with_review(before: Conversion, review: Review | None) -> Conversion | None:
    """Returns the conversion after a review, which decides an appeal too, or (None) without one; None if nothing changes."""
    decisions = [one.decision if one is not None else None for one in (before.review, review)]
    appeal = replace(before.appeal, decided=review is not None) if before.appeal else None
    if decisions[0] == decisions[1] and appeal == before.appeal:
        return None
    return replace(before, review=review, appeal=appeal)


def with_appeal(before: Conversion, appeal: Appeal) -> Conversion | None:
    """Returns the conversion after an appeal; None for a second one, and for a conversion that counts or was reversed."""
    appealed = replace(before, appeal=appeal)
    return appealed if before.appeal is None and appealed.waits_for_appeal else None


def with_reversal(before: Conversion) -> Conversion:
    """Returns the conversion after its referral was reversed."""
    return replace(before, active=False)


def with_finding(before: Conversion, reason: ScreeningReason, finding: Finding | None) -> Conversion:
    """Returns the conversion with its finding of one reason replaced, or (None) removed."""
    others = tuple(other for other in before.findings if other.reason != reason)
    return replace(before, findings=sort_findings((*others, finding)) if finding else others)


def with_ban(before: Conversion, banned: bool) -> Conversion:
    """Returns the conversion after its referrer was banned or unbanned."""
    return with_finding(before, "ban", Finding("rejected", "ban") if banned else None)


def reconcile(
    now: Conversion, occurred_at: int, reason: ConversionReversalReason
) -> tuple[Conversion, list[ConversionFact]]:
    """Returns the conversion with its new published outcome, and the events that lead to it.

    If it was cleared before, the first event reverses that, dated `occurred_at` (ms), for `reason`.
    """
    outcome, published = now.outcome, now.published
    new = PublishedOutcome(outcome, now.at, _published_reasons(now, outcome)) if outcome else None
    if new == published:
        return now, []
    events: list[ConversionFact] = []
    if published is not None and published.outcome == "cleared":
        events.append(_reversed_event(now, published, occurred_at, reason))
    if new is not None:
        events.append(_outcome_event(now, new))
    return replace(now, published=new), events


def _published_reasons(now: Conversion, outcome: ScreeningOutcome) -> tuple[ScreeningReason, ...]:
    if outcome == "cleared":
        return ()
    return reasons_for(now.findings, outcome) or ("review",)


def _outcome_event(now: Conversion, new: PublishedOutcome) -> ConversionFact:
    shared = {
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
    match new.outcome:
        case "cleared":
            return ConversionCleared(**shared)  # type: ignore[arg-type] # a dict's values have one type
        case "held":
            return ConversionHeld(**shared, reasons=new.reasons)  # type: ignore[arg-type]
        case "rejected":
            return ConversionRejected(**shared, reasons=new.reasons)  # type: ignore[arg-type]
        case _:
            assert_never(new.outcome)


def _reversed_event(
    now: Conversion, published: PublishedOutcome, occurred_at: int, reason: ConversionReversalReason
) -> ConversionReversed:
    return ConversionReversed(
        occurred_at=to_datetime(occurred_at),
        program=now.program,
        id=conversion_id(now.referral),
        referral=now.referral,
        person=now.person,
        referrer=now.referrer,
        version=now.version,
        cleared_at=to_datetime(published.at),
        reason=reason,
        referrer_kind=now.referrer_kind,
    )
