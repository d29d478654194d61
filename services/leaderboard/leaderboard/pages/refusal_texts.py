"""Why a submission was refused, in words: one entry for each reason code."""

from collections.abc import Mapping

from flask_babel import lazy_gettext

from referral.events.facts import RefusalReason

REASONS: Mapping[RefusalReason, object] = {
    "off_topic": lazy_gettext("It is about something else"),
    "not_own_work": lazy_gettext("It is not the author's own post"),
    "copied": lazy_gettext("It copies another post"),
    "advertising": lazy_gettext("It advertises something else"),
    "offensive": lazy_gettext("It hurts or insults people"),
    "unsafe_claim": lazy_gettext("It promises what no product can"),
    "personal_data": lazy_gettext("It shows personal data of others"),
    "other": lazy_gettext("Another reason"),
}
