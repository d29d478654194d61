"""All rules, and their combined verdict: rejected if one rejects, otherwise held if one holds, otherwise cleared.

To add a rule, see CONTRIBUTING.md.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from conversion_tracker.screening.rules.banned_referrer import BAN
from conversion_tracker.screening.rules.churn import CHURN
from conversion_tracker.screening.rules.deadline_burst import DEADLINE_BURST
from conversion_tracker.screening.rules.disposable_handle import DISPOSABLE_HANDLE
from conversion_tracker.screening.rules.network_burst import NETWORK_BURST
from conversion_tracker.screening.rules.referral_cycle import REFERRAL_CYCLE
from conversion_tracker.screening.rules.same_device import SAME_DEVICE
from conversion_tracker.screening.rules.self_referral import SELF_REFERRAL
from conversion_tracker.screening.rules.velocity_per_minute import VELOCITY_PER_MINUTE
from referral.events.screening import Action, Screening, ScreeningReason

RULES: tuple[ScreeningRule, ...] = (
    SELF_REFERRAL,
    SAME_DEVICE,
    NETWORK_BURST,
    VELOCITY_PER_MINUTE,
    DISPOSABLE_HANDLE,
    CHURN,
    DEADLINE_BURST,
    REFERRAL_CYCLE,
    BAN,
)

REASON_TEXTS: dict[ScreeningReason, str] = {
    "rule_failed": "A rule could not be evaluated, so a person has to decide.",
    "review": "A reviewer decided it.",
    **{rule.name: rule.description for rule in RULES},
}

_RULE_ORDER = {rule.name: place for place, rule in enumerate(RULES)}

ScreeningOutcome = Literal["cleared", "held", "rejected"]
_SEVEREST_FIRST: tuple[ScreeningOutcome, ...] = ("rejected", "held")
_OUTCOMES: dict[Action, ScreeningOutcome] = {"reject": "rejected", "hold": "held", "ignore": "cleared"}


class Finding(Struct, frozen=True, array_like=True, gc=False):
    """What one rule found, and what the program does about it."""

    outcome: ScreeningOutcome
    reason: ScreeningReason


def screen(case: ScreeningCase, screening: Screening, rules: Iterable[ScreeningRule] = RULES) -> tuple[Finding, ...]:
    """What the rules find under a program's settings; what it ignores is not looked for.

    A rule that crashes holds: money waits for a person, not for luck.
    """
    return tuple(finding for rule in rules if (finding := _evaluate(rule, case, screening)))


def finding_of(rule: ScreeningRule, screening: Screening) -> Finding | None:
    """What the program does where a rule found something; None where it does not mind."""
    outcome = _OUTCOMES[rule.action(screening)]
    return None if outcome == "cleared" else Finding(outcome, rule.name)


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of the rules, whichever came first."""
    return tuple(sorted(findings, key=lambda finding: _RULE_ORDER.get(finding.reason, len(_RULE_ORDER))))


def combined_outcome(findings: Iterable[Finding]) -> ScreeningOutcome:
    """What findings come to together."""
    met = {finding.outcome for finding in findings}
    return next((outcome for outcome in _SEVEREST_FIRST if outcome in met), "cleared")


def reasons_for(findings: Iterable[Finding], outcome: ScreeningOutcome) -> tuple[ScreeningReason, ...]:
    """The reasons of the findings that led to an outcome, each once, in the order of the rules."""
    return tuple(dict.fromkeys(finding.reason for finding in findings if finding.outcome == outcome))


def _evaluate(rule: ScreeningRule, case: ScreeningCase, screening: Screening) -> Finding | None:
    try:
        finding = finding_of(rule, screening)
        return finding if finding and rule.decide(case, screening) else None
    except Exception:  # noqa: BLE001 - whatever a rule meets, the conversion must not pass unseen
        return Finding("held", "rule_failed")
