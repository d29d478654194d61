"""Replays of the studio: what the draft would have made of the past, counted by conversion-tracker."""

import re

from flask import Blueprint, request
from werkzeug.wrappers import Response

from link_issuer.console_parts import PartRequest
from link_issuer.http_api.console.studio_editor import Subject, open_editor, require_subject
from link_issuer.http_api.dependencies import dependencies
from link_issuer.pages.studio_replay_page import LAST_DAYS, replay_page
from link_issuer.programs.version_text import program_content
from link_issuer.studio_parts import PartUnavailable
from referral.console.guard import Visit, console_view
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.console_shell import back_to

REPLAY = "/console/studio/replay"
_EVERYTHING = "all"
_ID = re.compile(r"rpl_[a-z0-9]{1,32}")
blueprint = Blueprint("studio_replay", __name__, template_folder="../../pages/templates")


@blueprint.get(REPLAY)
@console_view("edit_programs")
def overview(visit: Visit) -> str:
    """What a replay is, with the button that starts one; or a replay, its progress or its result in words."""
    subject = _require_program(visit)
    first = context().catalog.versions(subject.program)[0].effective_from
    wanted = request.args.get("replay", "")
    if not _ID.fullmatch(wanted):
        return replay_page(visit, None, first)
    try:
        return replay_page(visit, dependencies().studio_parts.replay(_part_request(subject), wanted), first)
    except PartUnavailable as error:
        return replay_page(visit, None, first, failed="gone" if error.status == 404 else "unavailable")


@blueprint.post(REPLAY)
@console_view("edit_programs")
def start(visit: Visit) -> Response | tuple[str, int]:
    """Starts a replay of the draft, over the last 60 days or everything, or cancels one; nothing live changes."""
    subject = _require_program(visit)
    parts, token, running = dependencies().studio_parts, visit.session.csrf_token, request.form.get("cancel", "")
    first = context().catalog.versions(subject.program)[0].effective_from
    try:
        if _ID.fullmatch(running):
            replay = parts.cancel_replay(_part_request(subject), token, running)
        else:
            days = None if request.form.get("period") == _EVERYTHING else LAST_DAYS
            replay = parts.start_replay(_part_request(subject), token, _rules(visit, subject), days)
    except PartUnavailable as error:
        busy = error.status in (409, 429)
        return replay_page(visit, None, first, failed="busy" if busy else "unavailable"), 409 if busy else 503
    return back_to(REPLAY, program=subject.program, replay=replay.id)


def _rules(visit: Visit, subject: Subject) -> object:
    """The content of the draft. Raises Problem 422 while it has mistakes."""
    editor = open_editor(visit, subject)
    checked = editor.review.checked.program if editor and editor.review else None
    if checked is None:
        raise Problem(422, "invalid", "The draft has mistakes. Correct them in the studio, then replay it.")
    return program_content(checked)


def _require_program(visit: Visit) -> Subject:
    """Raises Problem 404 for a program that has no past."""
    subject = require_subject(visit)
    if subject.newest is None:
        raise Problem(404, "unknown_program", "A new program has no past that could be replayed. Apply it first.")
    return subject


def _part_request(subject: Subject) -> PartRequest:
    return PartRequest(request.headers.get("Cookie", ""), request.scheme, subject.program)
