"""This service's part of a person's story in the console: who referred whom and why, decisions about it, and bans."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from conversion_tracker.bans.api import publish_ban
from conversion_tracker.bans.ban import Ban
from conversion_tracker.console.person_facts import person_facts
from conversion_tracker.dependencies import dependencies
from conversion_tracker.named_person import named_person, note_text
from conversion_tracker.pages.story_part import story_part
from referral.console.guard import Visit, console_view
from referral.console.person import require_person, story_path
from referral.events.facts import PersonBanned, PersonUnbanned
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.console_shell import back_to
from referral.polling import becomes_true

PATH = "/console/review/people"
_MAX_NOTE = 512
_WAIT_S = 2.0

blueprint = Blueprint("console_person", __name__, template_folder="../pages/templates")


@blueprint.get(f"{PATH}/<person>")
@console_view("read")
def referrals(visit: Visit, person: str) -> str:
    """The part as HTML without the shell: link-issuer shows it within the story."""
    program = require_person(visit, person)
    return story_part(visit, person, person_facts(program, person))


@blueprint.post(f"{PATH}/<person>")
@console_view("ban_people")
def decide(visit: Visit, person: str) -> Response:
    """Bans the person or lifts the ban, and shows the story again with a way back."""
    program, decision = require_person(visit, person), request.form.get("decision")
    if decision not in ("ban", "unban"):
        raise Problem(400, "malformed_request", "`decision` must be ban or unban.")
    if (decision == "ban") == (_ban(program, person) is not None):
        return back_to(story_path(person), program=program)
    kind = PersonBanned if decision == "ban" else PersonUnbanned
    visit.record("person.banned" if decision == "ban" else "person.unbanned", program=program, target=person)
    note = request.form.get("note", "")[:_MAX_NOTE]
    publish_ban(kind, program, named_person(person, context().people), visit.operator.id, note, None)
    becomes_true(lambda: _shows(program, person, decision == "ban"), _WAIT_S)
    return back_to(story_path(person), ids=[person], program=program, part="referrals", done=decision)


def _shows(program: str, person: str, banned: bool) -> bool:
    """Whether the next page shows the decision with its note."""
    ban = _ban(program, person)
    if ban is None:
        return not banned
    return banned and note_text(person, ban.note, context().people.snapshot()) is not None


def _ban(program: str, person: str) -> Ban | None:
    found = dependencies().people.person(program, person)
    return found.ban if found else None
