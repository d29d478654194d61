"""Programs: a program file is applied as a version; programs and their versions are read."""

from flask import g
from marshmallow import RAISE, fields

from link_issuer.http_api.programs.program_examples import PROGRAM, PROGRAM_VERSION
from link_issuer.http_api.programs.program_response import (
    Programs,
    ProgramSummary,
    ProgramVersionResponse,
    ProgramVersions,
    ProgramWarning,
    etag,
    program_summary,
    version_response,
)
from link_issuer.http_api.programs.version_creation import apply_file
from link_issuer.http_api.request_body import YAML_TYPES
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.openapi_annotations import reads_headers
from referral.http.paging import PageQuery, decode_cursor, encode_cursor
from referral.http.require import require_program
from referral.http.responses import Headers, response
from referral.program_file.check import ProgramFileSchema
from referral.validation.strict_schema import StrictSchema

blueprint = Blueprint(
    "programs", __name__, description="A program contains all settings of a growth team in one file; versions are kept."
)
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": 'The newest version, such as "3".',
}
_FILE = {"schema": ProgramFileSchema, "example": PROGRAM}
_LISTED = Programs(
    items=[ProgramSummary("prg_glow", {"zh-CN": "焕肤计划", "en": "Glow Together"}, 1, PROGRAM_VERSION.effective_from)],
    next_cursor=None,
)


class ApplyQuery(StrictSchema):
    """How a program is applied."""

    dry_run = fields.Boolean(
        load_default=False, metadata={"description": "true checks the file and answers, without changing anything"}
    )


class ProgramsQuery(PageQuery, StrictSchema):
    """Which page of the list to return."""


@blueprint.route("/v1/programs/<program>", methods=["PUT"])
@requires("admin")
@idempotent
@blueprint.arguments(ApplyQuery, location="query", unknown=RAISE)
@response(ProgramVersionResponse, 200, description="The same rules as before, or a dry run.")
@response(ProgramVersionResponse, 201, description="A new version.", example=PROGRAM_VERSION)
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": _FILE} | {kind: {"schema": ProgramFileSchema} for kind in YAML_TYPES[:1]},
    },
)
@reads_headers(_IF_MATCH)
def apply(query: dict[str, bool], program: str) -> tuple[ProgramVersionResponse, int, Headers]:
    """Apply a program file.

    Rules that differ from the newest version's become the next version; the same rules change nothing. 422 lists every
    mistake.
    """
    dry_run = query["dry_run"]
    applied, advice = apply_file(program, dry_run=dry_run)
    body = version_response(applied.version)
    body.warnings = [ProgramWarning(one.code, one.pointer, one.detail) for one in advice]
    body.is_new, body.dry_run = applied.is_new, dry_run
    return body, 201 if applied.is_new and not dry_run else 200, etag(applied.version)


@blueprint.route("/v1/programs", methods=["GET"])
@requires("read")
@blueprint.arguments(ProgramsQuery, location="query", unknown=RAISE)
@response(Programs, example=_LISTED)
def programs(page: dict[str, object]) -> Programs:
    """The programs that the key has access to, by id."""
    context().follower.read_to_end()
    limit, cursor = int(str(page["limit"])), page["cursor"]
    after = decode_cursor(str(cursor), str) if cursor else ""
    ids = [program for program in context().catalog.programs() if program > after and _has_access(program)]
    return Programs(
        items=[program_summary(require_program(program)) for program in ids[:limit]],
        next_cursor=encode_cursor(ids[limit - 1]) if len(ids) > limit else None,
    )


@blueprint.route("/v1/programs/<program>", methods=["GET"])
@requires("read")
@response(ProgramVersionResponse, example=PROGRAM_VERSION)
def show(program: str) -> tuple[ProgramVersionResponse, Headers]:
    """The newest version of a program, in force or not yet; its ETag is for If-Match."""
    context().follower.read_to_end()
    newest = require_program(program)
    return version_response(newest), etag(newest)


@blueprint.route("/v1/programs/<program>/versions", methods=["GET"])
@requires("read")
@response(ProgramVersions)
def versions(program: str) -> ProgramVersions:
    """All versions of a program, the newest first."""
    context().follower.read_to_end()
    require_program(program)
    newest_first = reversed(context().catalog.versions(program))
    return ProgramVersions(items=[version_response(version) for version in newest_first], next_cursor=None)


def _has_access(program: str) -> bool:
    return not g.key.programs or program in g.key.programs
