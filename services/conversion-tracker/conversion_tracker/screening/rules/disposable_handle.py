"""Throw-away names: a platform's default, a script's counter, or keys typed at random.

Honest newcomers have such names too, above all on platforms that assign them; so the rule acts only if a program enables it. The
log does not have the name, but which patterns it matched when it was reported (conversion_tracker.ingest.handle_patterns).
"""

from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.events.screening import BUILT_IN_PATTERN, Screening


def _evaluate(case: ScreeningCase, screening: Screening) -> Observation | None:
    """Without a handle there are no matches."""
    settings = screening.disposable_handle
    counted = range(BUILT_IN_PATTERN if settings.built_in else 1, len(settings.patterns) + 1)
    match = min((number for number in case.referral.handle_matches if number in counted), default=None)
    return None if match is None else {"pattern": match}


DISPOSABLE_HANDLE = ScreeningRule(
    name="disposable_handle",
    description="The person's name is a throw-away name: a default, a counter, random keys, or one of `patterns`.",
    scope="referral",
    severity="low",
    action=lambda screening: screening.disposable_handle.action,
    evaluate=_evaluate,
    observes={"pattern": "the entry of `patterns` that matches the name, from 1; 0 for a built-in pattern"},
)
