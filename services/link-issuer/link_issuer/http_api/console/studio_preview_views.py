"""The preview of the studio: invitation, poster and wallet of an example person, from the templates that people get."""

import segno
from flask import Blueprint, Response, render_template, request

from link_issuer.console_parts import PartRequest
from link_issuer.http_api.console.studio_editor import Editor, open_editor, require_subject
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.picture_response import find_or_draw
from link_issuer.http_api.sharing.share_page_api import compliant
from link_issuer.pages.fonts import FontMissing
from link_issuer.pages.invitation import Invitation, invitation_kit, page_channel, page_content
from link_issuer.pages.poster import render_preview
from link_issuer.pages.share_page import SharePage, compose_poster, compose_share_page
from link_issuer.pages.studio_page import preview_page, unavailable_preview
from link_issuer.programs.version_text import program_content
from link_issuer.studio_parts import PartUnavailable
from referral.console.guard import Visit, console_view
from referral.events.entities import Participant
from referral.events.people import Profile
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.languages import gettext, language

PREVIEW = "/console/studio/preview"
_CODE = "AMY89"
blueprint = Blueprint("studio_preview", __name__, template_folder="../../pages/templates")


@blueprint.get(PREVIEW)
@console_view("read")
def preview(visit: Visit) -> str:
    """The page with all previews in both languages."""
    editor = _require_editor(visit)
    return preview_page(
        visit, editor, page_channel(request.args.get("channel", ""), _example_owner(editor.subject.program))
    )


@blueprint.get(f"{PREVIEW}/invitation")
@console_view("read", within_page=True)
def invitation(visit: Visit) -> str:
    """The invitation that a friend would see."""
    program = _program(_require_editor(visit))
    if program is None:
        return unavailable_preview("mistakes")
    page = _share_page(program)
    qr = segno.make(page.kit.qr, error="m").svg_data_uri(scale=4, border=2) if page.kit.qr else ""
    return render_template("share.html", page=page, address="", pictures=None, qr=qr, ticket="", report="")


@blueprint.get(f"{PREVIEW}/poster.webp")
@console_view("read")
def poster(visit: Visit) -> Response:
    """The poster. Raises Problem 404 for a draft with mistakes, 503 without a font for its letters."""
    program = _program(_require_editor(visit))
    if program is None:
        raise Problem(404, "draft_has_mistakes", "There is a poster once the draft has no mistakes.")
    contents = compose_poster(_share_page(program))
    try:
        picture = find_or_draw(("image/webp", contents), lambda: render_preview(contents))
    except FontMissing as error:
        raise Problem(503, "no_font", str(error), headers={"Retry-After": "3600"}) from error
    return Response(picture, mimetype="image/webp")


@blueprint.get(f"{PREVIEW}/wallet")
@console_view("read", within_page=True)
def wallet(visit: Visit) -> str:
    """The wallet that a referrer would see, which reward-dispatcher renders."""
    editor = _require_editor(visit)
    program = _program(editor)
    if program is None:
        return unavailable_preview("mistakes")
    shown = editor.subject.program if editor.subject.newest else ""
    wanted = PartRequest(request.headers.get("Cookie", ""), request.scheme, shown)
    try:
        rules = program_content(program)
        return dependencies().studio_parts.wallet(wanted, visit.session.csrf_token, rules, language())
    except PartUnavailable:
        return unavailable_preview("wallet")


def _require_editor(visit: Visit) -> Editor:
    """Raises Problem 404 if there is no draft and no version."""
    editor = open_editor(visit, require_subject(visit))
    if editor is None:
        raise Problem(404, "unknown_program", "There is no draft of this program. Begin with an example in the studio.")
    return editor


def _program(editor: Editor) -> Program | None:
    """The program of the text; None while it has mistakes of its own."""
    return editor.review.checked.program if editor.review else None


def _share_page(program: Program) -> SharePage:
    owner = _example_owner(program.id)
    now = to_datetime(context().clock.now_ms())
    profile = Profile(
        recorded_at=now,
        id=owner.id,
        program=program.id,
        external_id="web:amy",
        display_name=gettext("Amy"),
        mention="@amy",
    )
    example = Invitation(
        program=program, owner=owner, profile=profile, holder=owner, address=dependencies().link_url(_CODE)
    )
    channel = page_channel(request.args.get("channel", ""), owner)
    kit = invitation_kit(example, channel, page_content("", program, owner), language())
    return compose_share_page(example, compliant(kit))


def _example_owner(program: str) -> Participant:
    return Participant(
        recorded_at=to_datetime(context().clock.now_ms()), id="psn_0000000000000000", program=program, code=_CODE
    )
