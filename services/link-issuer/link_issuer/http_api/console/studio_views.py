"""The studio of the console: a program as a form and as YAML, checked while it is written, and applied as its next version."""

from collections.abc import Mapping

from flask import Blueprint, jsonify, request
from msgspec.structs import replace
from werkzeug.wrappers import Response

from link_issuer.gallery import GALLERY, example_text
from link_issuer.http_api.console.studio_editor import (
    NEW_ID,
    Editor,
    Subject,
    find_subject,
    open_editor,
    require_subject,
    save_draft,
    sent_editor,
    with_their_changes,
)
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.programs.version_creation import store_applied_text, write_version
from link_issuer.pages.studio_page import editor_page, gallery_page, live_parts
from link_issuer.program_drafts import Draft
from referral.console.guard import Visit, console_view
from referral.console.roles import may_see
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.console_shell import back_to

STUDIO, GALLERY_PATH = "/console/studio", "/console/studio/new"
VIEWS = ("form", "yaml")
_MAX_FORM_BYTES = 2 * 1024 * 1024  # of a form with a program file in it, in which a Chinese character takes nine bytes
_MIN_REASON = 3  # characters
_GO_TO = {"preview": "/console/studio/preview", "replay": "/console/studio/replay"}

blueprint = Blueprint("studio", __name__, template_folder="../../pages/templates")


@blueprint.before_app_request
def allow_program_files() -> None:
    """Forms of the studio may have a program file in them."""
    if request.path.startswith(STUDIO):
        request.max_form_memory_size = _MAX_FORM_BYTES


@blueprint.get(STUDIO)
@console_view("read")
def show(visit: Visit) -> Response | str:
    """The operator's draft, or the newest version, as a form and as YAML."""
    subject = find_subject(visit)
    editor = open_editor(visit, subject) if subject else None
    return editor_page(visit, editor, _view()) if editor else back_to(GALLERY_PATH)


@blueprint.post(STUDIO)
@console_view("edit_programs")
def edit(visit: Visit) -> Response:
    """Keeps what was sent as the operator's draft, and shows it with its mistakes; or another page of the studio about it."""
    subject, action = require_subject(visit), request.form.get("act", "")
    if action == "discard":
        dependencies().drafts.discard(visit.operator.id, subject.program)
        return _back(subject, done="discard")
    editor = sent_editor(visit, subject)
    if action == "merge":
        save_draft(visit, subject.program, with_their_changes(editor))
        return _back(subject, done="merge")
    if action in _GO_TO:
        return back_to(_GO_TO[action], **_query(subject))
    view = action.removeprefix("show:") if action.startswith("show:") else _view()
    return _back(subject, view=view if view in VIEWS else None)


@blueprint.post(f"{STUDIO}/check")
@console_view("edit_programs")
def check(visit: Visit) -> Response:
    """The same for scripts, as JSON: what changes on the page while the operator writes."""
    subject = require_subject(visit)
    return jsonify(live_parts(visit, sent_editor(visit, subject), request.form.get("edited", "")))


@blueprint.post(f"{STUDIO}/apply")
@console_view("edit_programs")
def apply(visit: Visit) -> Response:
    """Applies what was sent as the next version, unless it has mistakes, no reason, or others have applied one meanwhile."""
    subject = require_subject(visit)
    editor = sent_editor(visit, subject)
    if editor.is_outdated:
        return _back(subject, refused="version")
    if editor.review is None or editor.review.applied is None:
        return _back(subject, refused="mistakes")
    if len(editor.draft.reason) < _MIN_REASON:
        return _back(subject, refused="reason")
    if not editor.review.applied.is_new:
        dependencies().drafts.discard(visit.operator.id, subject.program)
        return _back(subject, done="same")
    return _apply(visit, editor)


@blueprint.get(GALLERY_PATH)
@console_view("read")
def gallery(visit: Visit) -> str:
    """The examples from which a new program can begin, and the operator's drafts of programs that do not exist yet."""
    return gallery_page(visit, _drafts_of_new_programs(visit))


@blueprint.post(GALLERY_PATH)
@console_view("edit_programs")
def begin(visit: Visit) -> Response | tuple[str, int]:
    """A draft of a new program from an example."""
    program, example = request.form.get("id", "").strip(), request.form.get("example", "")
    context().follower.read_to_end()
    if not NEW_ID.fullmatch(program) or context().catalog.program(program) is not None:
        return gallery_page(visit, _drafts_of_new_programs(visit), wrong_id=program[:64]), 422
    if example not in GALLERY or not may_see(visit.operator, program):
        raise Problem(404, "unknown_example", f"There is no example {example[:64]!r} for this operator.")
    now = to_datetime(context().clock.now_ms())
    save_draft(visit, program, Draft(example_text(GALLERY[example], program, now.date()), 0, now))
    return _back(Subject(program, None))


def _apply(visit: Visit, editor: Editor) -> Response:
    """Writes the version after its line of the audit log."""
    assert editor.review is not None and editor.review.applied is not None  # noqa: S101, PT018 - checked before  # nosec B101
    version = editor.review.applied.version
    program = version.program.id
    visit.record("program.applied", program=program, target=f"{program}@{version.version}")
    write_version(replace(version, by=visit.operator.id, reason=editor.draft.reason))
    store_applied_text(program, editor.draft.text)
    dependencies().drafts.discard(visit.operator.id, program)
    context().follower.read_to_end()
    return back_to(STUDIO, program=program, done="apply", ids=[str(version.version)])


def _back(
    subject: Subject, view: str | None = None, *, done: str | None = None, refused: str | None = None
) -> Response:
    """The editor of the program, and what was done or refused."""
    return back_to(STUDIO, **_query(subject), view=view or _view(), done=done, refused=refused)


def _query(subject: Subject) -> Mapping[str, str]:
    return {"program": subject.program} if subject.newest else {"new": subject.program}


def _view() -> str:
    wanted = request.args.get("view", "")
    return wanted if wanted in VIEWS else "form"


def _drafts_of_new_programs(visit: Visit) -> list[str]:
    drafts = dependencies().drafts.programs(visit.operator.id)
    return [one for one in drafts if context().catalog.program(one) is None]
