"""Programs: applied as versions. Reading them is next door."""

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import RAISE, fields

from link_issuer.domain.program_versions import Succession, TooEarly, succeed
from link_issuer.http_api import examples, schemas
from link_issuer.http_api.dependencies import collaborators
from link_issuer.http_api.request_body import YAML_TYPES, invalid, json_answer, json_or_yaml_body
from link_issuer.programs.check import Checked, check, spelled_out
from link_issuer.programs.schema import ProgramFile
from link_issuer.store import Taken
from referral.events.entities import ProgramVersion
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.openapi_annotations import reads_headers
from referral.http.problems import Problem
from referral.validation.fields import StrictSchema
from referral.validation.mistakes import Mistake

blueprint = Blueprint(
    "programs", __name__, description="A program is everything a growth team decides, in one file; versions are kept."
)
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": 'The newest version, such as "3"',
}
_FILE = {"schema": ProgramFile, "example": examples.PROGRAM}


class ApplyQuery(StrictSchema):
    """How a program is applied."""

    dry_run = fields.Boolean(
        load_default=False, metadata={"description": "true checks and answers, and changes nothing"}
    )


@blueprint.route("/v1/programs/<program>", methods=["PUT"])
@requires("admin")
@idempotent
@blueprint.arguments(ApplyQuery, location="query", unknown=RAISE)
@blueprint.response(201, schemas.ProgramAnswer, description="A new version.", example=examples.PROGRAM_VERSION)
@blueprint.alt_response(200, schema=schemas.ProgramAnswer, description="The same rules as before, or a dry run.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": _FILE} | {kind: {"schema": ProgramFile} for kind in YAML_TYPES[:1]},
    },
)
@reads_headers(_IF_MATCH)
def apply(query: dict[str, bool], program: str) -> Response:
    """Apply a program file.

    Rules that differ from the newest version's become the next version; the same rules change nothing. 422 lists every
    mistake.
    """
    checked = _checked(program)
    newest = collaborators().store.complete_catalog().program(program)
    _match(newest)
    succession = _succession(newest, checked)
    is_new, dry_run = succession.is_new, query["dry_run"]
    version = _keep(succession.version) if is_new and not dry_run else succession.version
    status = 201 if is_new and not dry_run else 200
    return program_answer(version, status, warnings=checked.warnings, is_new=is_new, dry_run=dry_run)


def _checked(program: str) -> Checked:
    document = json_or_yaml_body()
    checked = check(document.content)
    mistakes = [*document.mistakes, *checked.mistakes]
    if checked.program and checked.program.id != program:
        mistakes.append(
            Mistake("/id", f"is {checked.program.id}, but the address says {program}: let both be the same")
        )
    if mistakes:
        raise invalid(
            mistakes, f"The program has {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}; nothing was changed."
        )
    return checked


def _match(newest: ProgramVersion | None) -> None:
    """Honours If-Match (RFC 9110, 13.1.1). Raises Problem 412."""
    if "If-Match" in request.headers and not request.if_match.contains(str(newest.version) if newest else ""):
        now = f"version {newest.version}" if newest else "no version"
        raise Problem(412, "other_version", f"The program has {now} now. Read it, and apply your change to that.")


def _succession(newest: ProgramVersion | None, checked: Checked) -> Succession:
    assert checked.program is not None  # noqa: S101 - a file without mistakes has a program
    try:
        return succeed(newest, checked.program, checked.effective_from, context().clock.now_ms())
    except TooEarly as error:
        raise invalid(
            [Mistake("/effective_from", str(error))], "The version cannot take effect then; nothing was changed."
        ) from error


def _keep(version: ProgramVersion) -> ProgramVersion:
    try:
        taken = collaborators().store.take_version(version)
    except Taken as error:
        raise Problem(409, "other_version", f"{error}. Read the program, and apply your change to that.") from error
    collaborators().store.keep([taken])
    return taken


def program_fields(version: ProgramVersion) -> dict[str, object]:
    """A version as it is answered."""
    return {
        "program": spelled_out(version.program),
        "version": version.version,
        "effective_from": version.effective_from,
        "recorded_at": version.recorded_at,
    }


def program_answer(version: ProgramVersion, status: int, **more: object) -> Response:
    """The answer that is a version; its ETag is for If-Match."""
    return json_answer(program_fields(version) | more, status, {"ETag": f'"{version.version}"'})
