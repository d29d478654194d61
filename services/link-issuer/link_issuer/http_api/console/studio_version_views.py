"""Versions of a program in the console: who applied them and why, what each changed, and taking one back."""

from flask import Blueprint, request
from msgspec.structs import replace
from werkzeug.wrappers import Response

from link_issuer.domain.program_changes import program_changes
from link_issuer.http_api.console.studio_editor import require_subject
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.operators.operator_response import actor_names
from link_issuer.http_api.programs.version_creation import review_checked, store_applied_text, write_version
from link_issuer.pages.studio_versions_page import VersionRow, version_page, versions_page
from link_issuer.programs.version_text import version_text
from referral.console.guard import Visit, console_view
from referral.events.entities import MAX_REASON, ProgramVersion
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.console_shell import back_to
from referral.program_file.check import CheckResult

VERSIONS = "/console/studio/versions"
MAX_SHOWN = 200
blueprint = Blueprint("studio_versions", __name__, template_folder="../../pages/templates")


@blueprint.get(VERSIONS)
@console_view("read")
def versions(visit: Visit) -> str:
    """The versions of a program, the newest first, with how many changes each made."""
    found = context().catalog.versions(require_subject(visit).program)
    earlier = [None, *found]
    names = actor_names()
    rows = [
        VersionRow(
            one, names.get(one.by, one.by), len(program_changes(before.program, one.program)) if before else None
        )
        for before, one in zip(earlier, found, strict=False)
    ]
    return versions_page(visit, rows[::-1][:MAX_SHOWN])


@blueprint.get(f"{VERSIONS}/<int:number>")
@console_view("read")
def version(visit: Visit, number: int) -> str:
    """A version, compared with the one before it or another; and the form that takes the program back to it."""
    program = require_subject(visit).program
    chosen, newest = _require_version(program, number), context().catalog.versions(program)[-1]
    other = request.args.get("with", "")
    compared = context().catalog.version(program, int(other) if other.isdigit() and len(other) < 10 else number - 1)
    names = actor_names()
    return version_page(visit, VersionRow(chosen, names.get(chosen.by, chosen.by), None), compared, newest)


@blueprint.post(f"{VERSIONS}/<int:number>")
@console_view("edit_programs")
def take_back(visit: Visit, number: int) -> Response:
    """Applies the rules of an earlier version as the next version; the past keeps the rules that it had."""
    subject = require_subject(visit)
    chosen = _require_version(subject.program, number)
    if request.form.get("base") != str(subject.version):
        return back_to(f"{VERSIONS}/{number}", program=subject.program, refused="version")
    review = review_checked(CheckResult(program=chosen.program), subject.newest)
    if review.applied is None:
        return back_to(f"{VERSIONS}/{number}", program=subject.program, refused="mistakes")
    if review.applied.is_new:
        _write(visit, review.applied.version)
    return back_to("/console/studio", program=subject.program, done="apply", ids=[str(review.applied.version.version)])


def _write(visit: Visit, version: ProgramVersion) -> None:
    program, reason = version.program.id, request.form.get("reason", "").strip()[:MAX_REASON]
    text = version_text(version.program, dependencies().drafts.applied_text(program))
    visit.record("program.applied", program=program, target=f"{program}@{version.version}")
    write_version(replace(version, by=visit.operator.id, reason=reason))
    store_applied_text(program, text)
    context().follower.read_to_end()


def _require_version(program: str, number: int) -> ProgramVersion:
    """Raises Problem 404 for an unknown version."""
    found = context().catalog.version(program, number)
    if found is None:
        raise Problem(
            404, "unknown_version", f"{program} has no version {number}. The list of its versions has all there are."
        )
    return found
