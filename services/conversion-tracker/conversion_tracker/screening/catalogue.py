"""All rules, and the verdict they come to: rejected if one rejects, else held if one holds, else cleared.

To add a rule: write its file, add it to RULES, add its reason to `referral.events.conversions.ScreeningReason`, its action to
`referral.events.program.Screening` and to the section of the same name in link-issuer's program file, and give it a test.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from conversion_tracker.screening.rule import Case, Rule
from conversion_tracker.screening.rules.ban import BAN
from conversion_tracker.screening.rules.churn import CHURN
from conversion_tracker.screening.rules.deadline_burst import DEADLINE_BURST
from conversion_tracker.screening.rules.disposable_handle import DISPOSABLE_HANDLE
from conversion_tracker.screening.rules.network_burst import NETWORK_BURST
from conversion_tracker.screening.rules.referral_cycle import RING
from conversion_tracker.screening.rules.same_device import SAME_DEVICE
from conversion_tracker.screening.rules.self_referral import SELF_REFERRAL
from conversion_tracker.screening.rules.velocity_per_minute import VELOCITY_PER_MINUTE
from referral.events.conversions import ScreeningReason
from referral.events.screening import Action, Screening

RULES: tuple[Rule, ...] = (
    SELF_REFERRAL,
    SAME_DEVICE,
    NETWORK_BURST,
    VELOCITY_PER_MINUTE,
    DISPOSABLE_HANDLE,
    CHURN,
    DEADLINE_BURST,
    RING,
    BAN,
)

_PLACES = {rule.name: place for place, rule in enumerate(RULES)}

Outcome = Literal["cleared", "held", "rejected"]
_SEVEREST_FIRST: tuple[Outcome, ...] = ("rejected", "held")
_OUTCOMES: dict[Action, Outcome] = {"reject": "rejected", "hold": "held", "ignore": "cleared"}


class Finding(Struct, frozen=True, array_like=True, gc=False):
    """What one rule found, and what the program does about it."""

    outcome: Outcome
    reason: ScreeningReason


def screen(case: Case, screening: Screening, rules: Iterable[Rule] = RULES) -> tuple[Finding, ...]:
    """What the rules find under a program's settings; what it ignores is not looked for.

    A rule that crashes holds: money waits for a person, not for luck.
    """
    return tuple(finding for rule in rules if (finding := _finding(rule, case, screening)))


def hit(rule: Rule, screening: Screening) -> Finding | None:
    """What the program does where a rule found something; None where it does not mind."""
    outcome = _OUTCOMES[rule.action(screening)]
    return None if outcome == "cleared" else Finding(outcome, rule.name)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of the rules, whichever came first."""
    return tuple(sorted(findings, key=lambda finding: _PLACES.get(finding.reason, len(_PLACES))))


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """What findings come to together."""
    met = {finding.outcome for finding in findings}
    return next((outcome for outcome in _SEVEREST_FIRST if outcome in met), "cleared")


def reasons_of(findings: Iterable[Finding], outcome: Outcome) -> tuple[ScreeningReason, ...]:
    """The reasons of the findings that led to an outcome, each once, in the order of the rules."""
    return tuple(dict.fromkeys(finding.reason for finding in findings if finding.outcome == outcome))


def _finding(rule: Rule, case: Case, screening: Screening) -> Finding | None:
    try:
        finding = hit(rule, screening)
        return finding if finding and rule.decide(case, screening) else None
    except Exception:  # noqa: BLE001 - whatever a rule meets, the conversion must not pass unseen
        return Finding("held", "rule_failed")
