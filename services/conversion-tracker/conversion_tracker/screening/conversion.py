"""A conversion: all that bears on one referral, judged whole, and the difference to what was said of it last.

A referral that has qualified counts unless a screening rule found something; a person's review outweighs what rules found, and
nothing outweighs a ban. What has fallen neither counts nor waits.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.screening.catalogue import Finding, Outcome, in_order, outcome_of, reasons_of
from referral.events.attributions import Evidence, ReferralQualified, ReferrerKind
from referral.events.conversions import (
    ConversionCleared,
    ConversionFact,
    ConversionHeld,
    ConversionRejected,
    ConversionReversalReason,
    ConversionReversed,
    ScreeningReason,
)
from referral.events.ids import conversion_id
from referral.events.timestamps import to_datetime, to_ms

Decided = Literal["cleared", "rejected"]
Status = Outcome | Literal["reversed"]
STATUSES: tuple[Status, ...] = ("held", "cleared", "rejected", "reversed")


class Review(Struct, frozen=True, array_like=True, gc=False):
    """What a person decided about a conversion: who, when (ms), and why."""

    decided: Decided
    by: str
    at: int
    note: str = ""


class Said(Struct, frozen=True, array_like=True, gc=False):
    """What stands on the log about a conversion; `at` is the moment (ms) it was said to have qualified."""

    outcome: Outcome
    at: int
    reasons: tuple[ScreeningReason, ...] = ()


class Conversion(Struct, frozen=True, array_like=True, tag="conversion", gc=False):
    """The state of one conversion.

    `at` is when the referral qualified last (ms), under version `version` of the rules; `stands` is false once it fell.
    `offset` and `line` say where in its partition of the attributions it was qualified; `since` is the follow it rests on (ms).
    """

    program: str
    referral: str
    person: str
    referrer: str
    version: int
    evidence: Evidence
    at: int
    stands: bool = True
    findings: tuple[Finding, ...] = ()
    review: Review | None = None
    said: Said | None = None
    offset: int = 0
    line: int = 0
    since: int = 0
    referrer_kind: ReferrerKind = "follower"

    @property
    def id(self) -> str:
        """`cnv_…`"""
        return conversion_id(self.referral)

    @property
    def outcome(self) -> Outcome | None:
        """What it comes to: a ban first, then a person's review, then the rules; None where the referral does not stand."""
        if not self.stands:
            return None
        if self.review is not None and "ban" not in {finding.reason for finding in self.findings}:
            return self.review.decided
        return outcome_of(self.findings)


def status_of(said: Said | None) -> Status:
    """What a conversion is called by what stands on the log about it: one of which nothing does has fallen."""
    return said.outcome if said is not None else "reversed"


def qualified(before: Conversion | None, line: ReferralQualified, findings: tuple[Finding, ...]) -> Conversion:
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
        said=before.said if before else None,
        since=to_ms(line.followed_at),
        referrer_kind=line.referrer_kind,
    )


def reviewed(before: Conversion, review: Review) -> Conversion | None:
    """Somebody has decided; None where the same was decided before."""
    if before.review is not None and before.review.decided == review.decided:
        return None
    return replace(before, review=review)


def fallen(before: Conversion) -> Conversion:
    """The referral fell."""
    return replace(before, stands=False)


def found(before: Conversion, reason: ScreeningReason, finding: Finding | None) -> Conversion:
    """With what is known now under one reason; None where that is nothing (any more)."""
    others = tuple(one for one in before.findings if one.reason != reason)
    return replace(before, findings=in_order((*others, finding)) if finding else others)


def shut_out(before: Conversion, banned: bool) -> Conversion:
    """The conversion of a referrer who is banned, or free again."""
    return found(before, "ban", Finding("rejected", "ban") if banned else None)


def settled(
    now: Conversion, occurred_at: int, reason: ConversionReversalReason
) -> tuple[Conversion, list[ConversionFact]]:
    """The conversion with what stands on the log from now on, and what has to be said to get there.

    What no longer counts is taken back, dated `occurred_at` (ms), for `reason`.
    """
    outcome = now.outcome
    wanted = Said(outcome, now.at, _reasons(now, outcome)) if outcome else None
    if wanted == now.said:
        return now, []
    lines: list[ConversionFact] = []
    if now.said is not None and now.said.outcome == "cleared":
        lines.append(_taken_back(now, now.said, occurred_at, reason))
    if wanted is not None:
        lines.append(_told(now, wanted))
    return replace(now, said=wanted), lines


def _reasons(now: Conversion, outcome: Outcome) -> tuple[ScreeningReason, ...]:
    if outcome == "cleared":
        return ()
    return reasons_of(now.findings, outcome) or ("review",)


def _told(now: Conversion, said: Said) -> ConversionFact:
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


def _taken_back(now: Conversion, said: Said, occurred_at: int, reason: ConversionReversalReason) -> ConversionReversed:
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
