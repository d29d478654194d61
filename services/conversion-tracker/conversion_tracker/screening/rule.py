"""The type of a screening rule: what it finds, which data it reads, its severity, and its evaluation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from conversion_tracker.screening.referrer_history import EMPTY_HISTORY, ReferrerHistory
from referral.events.attributions import QualifyingLine
from referral.events.entities import Participant
from referral.events.program import Program
from referral.events.screening import Action, Screening, ScreeningReason

Scope = Literal["referral", "referrer", "program"]
Severity = Literal["low", "medium", "high"]
Observation = dict[str, int | float]
"""The numbers on which a rule based its finding, by name; among them the threshold, if the rule has one."""


class ScreeningCase(Struct, frozen=True, gc=False):
    """The data that a rule may read.

    `referrer` is None if the catalog does not have them. `referrer_device` is the pseudonym of the device that they had when the
    referral qualified, if it was given. `program` is the version that applies to the referral; its days end in `timezone`.
    """

    referral: QualifyingLine
    referrer: Participant | None
    history: ReferrerHistory = EMPTY_HISTORY
    referrer_device: str | None = None
    program: Program | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class ScreeningRule:
    """A rule of the catalogue.

    `evaluate` returns what it observed if the case is suspicious under the program's thresholds, otherwise None. `observes`
    describes every number that an observation may have. `action` reads the program's action for the rule.
    """

    name: ScreeningReason
    description: str
    scope: Scope
    severity: Severity
    action: Callable[[Screening], Action]
    evaluate: Callable[[ScreeningCase, Screening], Observation | None]
    observes: Mapping[str, str] = field(default_factory=dict)
