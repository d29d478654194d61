"""What each reason on the log means, for the people who decide."""

from conversion_tracker.domain.screening.catalogue import RULES
from referral.events.conversions import ScreeningReason

WORDS: dict[ScreeningReason, str] = {
    "rule_failed": "A rule could not be decided, so that somebody has to look.",
    "review": "Somebody has decided so.",
    "ring": "The referral closes a circle: the person brought, however far up, the one who brought them.",
    **{rule.name: rule.description for rule in RULES},
}
