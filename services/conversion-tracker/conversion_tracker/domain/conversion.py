"""A referral on its way through screening: what was decided, and what its fall takes back."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from conversion_tracker.domain.screening.catalogue import Verdict
from referral.events.attributions import ReferralQualified, ReferralReversed
from referral.events.conversions import (
    ConversionCleared,
    ConversionFact,
    ConversionHeld,
    ConversionRejected,
    ConversionReversed,
)
from referral.events.ids import conversion_id
from referral.events.moment import to_datetime, to_ms

Status = Literal["cleared", "held", "rejected", "reversed"]


class Screened(Struct, frozen=True, array_like=True, gc=False):
    """The state of one conversion; `at` is when the referral qualified (ms), under version `version` of the rules."""

    status: Status
    at: int
    version: int


def screened(line: ReferralQualified, verdict: Verdict) -> tuple[Screened, ConversionFact]:
    """A referral that has qualified (again) gets its verdict. The conversion's id follows from the referral's."""
    state = Screened(verdict.outcome, to_ms(line.occurred_at), line.version)
    same = {
        "occurred_at": line.occurred_at,
        "program": line.program,
        "id": conversion_id(line.id),
        "referral": line.id,
        "person": line.person,
        "referrer": line.referrer,
        "version": line.version,
        "evidence": line.evidence,
    }
    match verdict.outcome:
        case "cleared":
            return state, ConversionCleared(**same)  # type: ignore[arg-type] # the fields that all three share
        case "held":
            return state, ConversionHeld(**same, reasons=verdict.reasons)  # type: ignore[arg-type]
        case "rejected":
            return state, ConversionRejected(**same, reasons=verdict.reasons)  # type: ignore[arg-type]


def fallen(line: ReferralReversed, state: Screened | None) -> tuple[Screened, ConversionReversed | None] | None:
    """The referral fell. Only what was cleared has to be taken back; None where nothing stood."""
    if state is None or state.status == "reversed" or line.id is None or line.referrer is None:
        return None
    after = replace(state, status="reversed")
    if state.status != "cleared":
        return after, None
    return after, ConversionReversed(
        occurred_at=line.occurred_at,
        program=line.program,
        id=conversion_id(line.id),
        referral=line.id,
        person=line.person,
        referrer=line.referrer,
        version=state.version,
        cleared_at=to_datetime(state.at),
        reason=line.reason,
    )
