"""Texts of challenges that more than one page shows."""

from collections.abc import Mapping

from flask_babel import lazy_gettext

from referral.events.challenges import ChallengePrize

PRIZE_NAMES: Mapping[ChallengePrize, object] = {
    "every_participant": lazy_gettext("For everybody"),
    "weekly": lazy_gettext("Post of the week"),
    "final": lazy_gettext("Winner"),
}
