"""The catalogue of rules, and their combined outcome: rejected if one rejects, otherwise held if one holds, otherwise cleared.

To add a rule, see CONTRIBUTING.md.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from conversion_tracker.screening.rules.banned_referrer import BAN
from conversion_tracker.screening.rules.churn import CHURN
from conversion_tracker.screening.rules.deadline_burst import DEADLINE_BURST
from conversion_tracker.screening.rules.disposable_handle import DISPOSABLE_HANDLE
from conversion_tracker.screening.rules.network_burst import NETWORK_BURST
from conversion_tracker.screening.rules.referral_cycle import REFERRAL_CYCLE
from conversion_tracker.screening.rules.same_click import SAME_CLICK
from conversion_tracker.screening.rules.same_device import SAME_DEVICE
from conversion_tracker.screening.rules.self_referral import SELF_REFERRAL
from conversion_tracker.screening.rules.similar_id import SIMILAR_ID
from conversion_tracker.screening.rules.velocity_per_minute import VELOCITY_PER_MINUTE
from referral.events.screening import Action, Screening, ScreeningReason

RULES: tuple[ScreeningRule, ...] = (
    SELF_REFERRAL,
    SIMILAR_ID,
    SAME_DEVICE,
    SAME_CLICK,
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

_RULE_ORDER = {rule.name: index for index, rule in enumerate(RULES)}

ScreeningOutcome = Literal["cleared", "held", "rejected"]
_SEVEREST_FIRST: tuple[ScreeningOutcome, ...] = ("rejected", "held")
_OUTCOMES: dict[Action, ScreeningOutcome] = {"reject": "rejected", "hold": "held", "ignore": "cleared"}


class Finding(Struct, frozen=True, array_like=True, gc=False):
    """What one rule found, what the program does about it, and the numbers that the rule observed."""

    outcome: ScreeningOutcome
    reason: ScreeningReason
    observed: Observation = {}


AppliedRule = tuple[ScreeningRule, ScreeningOutcome]
"""A rule that a program applies, and the outcome of its findings."""


def screen(case: ScreeningCase, screening: Screening, rules: Iterable[ScreeningRule] = RULES) -> tuple[Finding, ...]:
    """Returns the findings of all rules under a program's settings. A rule that the program ignores is not evaluated."""
    return evaluate_rules(case, screening, applied_rules(screening, rules))


def applied_rules(screening: Screening, rules: Iterable[ScreeningRule] = RULES) -> tuple[AppliedRule, ...]:
    """Returns the rules that a program does not ignore."""
    outcomes = ((rule, action_outcome(rule, screening)) for rule in rules)
    return tuple((rule, outcome) for rule, outcome in outcomes if outcome != "cleared")


def evaluate_rules(case: ScreeningCase, screening: Screening, rules: Iterable[AppliedRule]) -> tuple[Finding, ...]:
    """Returns the findings of these rules.

    A rule that raises becomes the finding `rule_failed`, which holds (fail closed: hold for manual review).
    """
    findings: list[Finding] = []
    for rule, outcome in rules:
        try:
            observed = rule.evaluate(case, screening)
        except Exception:  # noqa: BLE001 - whatever a rule raises, the conversion must not pass unseen
            findings.append(Finding("held", "rule_failed"))
            continue
        if observed is not None:
            findings.append(Finding(outcome, rule.name, observed))
    return tuple(findings)


def action_outcome(rule: ScreeningRule, screening: Screening) -> ScreeningOutcome:
    """Returns the outcome that the program wants for a finding of a rule; `cleared` if it ignores the rule."""
    return _OUTCOMES[rule.action(screening)]


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Returns the findings in the order of the rules."""
    return tuple(sorted(findings, key=lambda finding: _RULE_ORDER.get(finding.reason, len(_RULE_ORDER))))


def combined_outcome(findings: Iterable[Finding]) -> ScreeningOutcome:
    """Returns the severest outcome of the findings; `cleared` without findings."""
    outcomes = {finding.outcome for finding in findings}
    return next((outcome for outcome in _SEVEREST_FIRST if outcome in outcomes), "cleared")


def reasons_for(findings: Iterable[Finding], outcome: ScreeningOutcome) -> tuple[ScreeningReason, ...]:
    """Returns the reasons of the findings with this outcome, each once, in the order of the rules."""
    return tuple(dict.fromkeys(finding.reason for finding in findings if finding.outcome == outcome))
