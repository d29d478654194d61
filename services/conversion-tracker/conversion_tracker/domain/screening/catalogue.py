"""All rules, and the verdict they come to: rejected if one rejects, else held if one holds, else cleared.

To add a rule: write its file, add it to RULES, add its reason to `referral.events.conversions.ScreeningReason`, its action to
`referral.events.program.Screening` and to the section of the same name in link-issuer's program file, and give it a test.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from conversion_tracker.domain.screening.rule import Case, Rule
from conversion_tracker.domain.screening.self_referral import SELF_REFERRAL
from referral.events.conversions import ScreeningReason
from referral.events.program import Action, Screening

RULES: tuple[Rule, ...] = (SELF_REFERRAL,)

Outcome = Literal["cleared", "held", "rejected"]
_OUTCOMES: dict[Action, Outcome] = {"reject": "rejected", "hold": "held", "ignore": "cleared"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What screening says, and why; no reasons where it is cleared."""

    outcome: Outcome
    reasons: tuple[ScreeningReason, ...] = ()


def screen(case: Case, screening: Screening, rules: Iterable[Rule] = RULES) -> Verdict:
    """What the rules come to under a program's settings. A rule that crashes holds: money waits for a person, not for luck."""
    found = [finding for rule in rules if (finding := _finding(rule, case, screening))]
    for outcome in ("rejected", "held"):
        reasons = tuple(dict.fromkeys(reason for what, reason in found if what == outcome))
        if reasons:
            return Verdict(outcome, reasons)
    return Verdict("cleared")


def _finding(rule: Rule, case: Case, screening: Screening) -> tuple[Outcome, ScreeningReason] | None:
    try:
        outcome = _OUTCOMES[rule.action(screening)] if rule.decide(case) else "cleared"
    except Exception:  # noqa: BLE001 - whatever a rule meets, the conversion must not pass unseen
        return "held", "rule_failed"
    return None if outcome == "cleared" else (outcome, rule.name)
