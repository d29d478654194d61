"""What each reason on the log means, for the people who decide."""

from conversion_tracker.screening.catalogue import RULES
from referral.events.conversions import ScreeningReason

WORDS: dict[ScreeningReason, str] = {
    "rule_failed": "A rule could not be decided, so that somebody has to look.",
    "review": "Somebody has decided so.",
    **{rule.name: rule.description for rule in RULES},
}
