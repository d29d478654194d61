"""What a screening rule is: what it looks for, how wide it looks, how bad a hit is, and the decision."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from conversion_tracker.domain.screening.referrer import UNKNOWN, Referrer
from referral.events.attributions import ReferralQualified
from referral.events.conversions import ScreeningReason
from referral.events.program import Action, Screening

Scope = Literal["referral", "referrer", "program"]
Severity = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule may look at: the referral, the referrer's own id at the platform (None if the catalog lacks them), and what is
    known of the referrer from before.
    """

    referral: ReferralQualified
    referrer: str | None
    known: Referrer = UNKNOWN


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the catalogue. `decide` says whether the case is suspicious; `action` reads what the program does about it."""

    name: ScreeningReason
    description: str
    scope: Scope
    severity: Severity
    action: Callable[[Screening], Action]
    decide: Callable[[Case], bool]
