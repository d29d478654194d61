"""The part about referrals of a person's story, as HTML."""

from collections.abc import Mapping

from flask import request
from flask_babel import lazy_gettext

from conversion_tracker.console.person_facts import PersonFacts
from conversion_tracker.named_person import note_text
from conversion_tracker.pages.review_page import REASONS, review_toast
from conversion_tracker.pages.story_texts import story_sentences
from conversion_tracker.screening.conversion import ConversionStatus
from referral.console.credentials import open_credentials
from referral.console.guard import Visit
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.pages.console_shell import Toast, render_fragment
from referral.pages.languages import gettext

STATUS_TEXTS: Mapping[ConversionStatus, tuple[str, str, object]] = {
    "held": ("hold", "⚑", lazy_gettext("Held")),
    "cleared": ("good", "●", lazy_gettext("Counts")),
    "rejected": ("bad", "⊘", lazy_gettext("Rejected")),
    "reversed": ("none", "↩", lazy_gettext("Does not count any more")),
}


def story_part(visit: Visit, person: str, facts: PersonFacts) -> str:
    """The part: tone, glyph and word for each state; a person who was erased has their person id for a name."""
    ban = facts.ban
    return render_fragment(
        "console/story_referrals.html",
        visit,
        person=person,
        facts=facts,
        sentences=story_sentences(facts.verdict),
        states=STATUS_TEXTS,
        reasons=REASONS,
        actor_name=actor_name,
        ban_at=to_datetime(ban.at) if ban else None,
        ban_note=note_text(person, ban.note, context().people.snapshot()) if ban else None,
        toast=_toast(person),
    )


def actor_name(by: str) -> str:
    """The name of an operator who decided; otherwise what a client of the API wrote."""
    operator = context().catalog.snapshot().operator(by)
    credentials = open_credentials(context().key_ring, operator) if operator else None
    return credentials.name if credentials else by


def _toast(person: str) -> Toast | None:
    path = f"/console/review/people/{person}"
    match request.args.get("done"):
        case "ban":
            return Toast(gettext("Banned. Referrals and rewards are taken back."), path, {"decision": "unban"})
        case "unban":
            return Toast(gettext("The ban is lifted. What counted before counts again."), path, {"decision": "ban"})
        case _:
            return review_toast(person)
