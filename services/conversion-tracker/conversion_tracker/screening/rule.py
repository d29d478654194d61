"""What a screening rule is: what it looks for, how wide it looks, how bad a hit is, and the decision."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from conversion_tracker.screening.referrer_history import EMPTY_HISTORY, ReferrerHistory
from referral.events.attributions import ReferralQualified
from referral.events.program import Program
from referral.events.screening import Action, Screening, ScreeningReason

Scope = Literal["referral", "referrer", "program"]
Severity = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class ScreeningCase:
    """What a rule may read: the referral, the referrer's own id at the platform (None if the catalog lacks them), the referrer's
    history, the hash of their own device if it was given, the program in the version that applies to the referral, and the
    time zone in which the program's days end.
    """

    referral: ReferralQualified
    referrer_external_id: str | None
    history: ReferrerHistory = EMPTY_HISTORY
    referrer_device: str | None = None
    program: Program | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class ScreeningRule:
    """A rule of the catalogue. `decide` returns whether the case is suspicious under the program's thresholds; `action` reads
    the program's action for it.
    """

    name: ScreeningReason
    description: str
    scope: Scope
    severity: Severity
    action: Callable[[Screening], Action]
    decide: Callable[[ScreeningCase, Screening], bool]
