"""Texts of challenges that more than one page shows."""

from collections.abc import Mapping

from flask_babel import lazy_gettext

from referral.events.challenges import ChallengePrize, Weekday

PRIZE_NAMES: Mapping[ChallengePrize, object] = {
    "every_participant": lazy_gettext("For everybody"),
    "weekly": lazy_gettext("Post of the week"),
    "final": lazy_gettext("Winner"),
}
FEATURE_DAYS: Mapping[Weekday, object] = {
    "monday": lazy_gettext("A post is featured every Monday."),
    "tuesday": lazy_gettext("A post is featured every Tuesday."),
    "wednesday": lazy_gettext("A post is featured every Wednesday."),
    "thursday": lazy_gettext("A post is featured every Thursday."),
    "friday": lazy_gettext("A post is featured every Friday."),
    "saturday": lazy_gettext("A post is featured every Saturday."),
    "sunday": lazy_gettext("A post is featured every Sunday."),
}
