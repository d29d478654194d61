"""Programs, read: all that a key may see, one of them, its versions."""

from flask import Response, g
from marshmallow import RAISE

from link_issuer.http_api import examples, schemas
from link_issuer.http_api.programs.api import blueprint, program_answer, program_fields
from link_issuer.http_api.request_body import json_answer
from referral.events.entities import ProgramVersion
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.paging import PageQuery, decode_cursor, encode_cursor
from referral.http.require import require_program
from referral.validation.fields import StrictSchema

__all__ = ["blueprint"]


class ProgramsQuery(PageQuery, StrictSchema):
    """Which part of the list is wanted."""


@blueprint.route("/v1/programs", methods=["GET"])
@requires("read")
@blueprint.arguments(ProgramsQuery, location="query", unknown=RAISE)
@blueprint.response(200, schemas.ProgramsAnswer, example=examples.PROGRAMS)
def listing(page: dict[str, object]) -> Response:
    """The programs that the key is for, by id; a key for no program in particular sees them all."""
    context().follower.read_to_end()
    limit, cursor = int(str(page["limit"])), page["cursor"]
    after = decode_cursor(str(cursor), str) if cursor else ""
    ids = [program for program in context().catalog.programs() if program > after and _may_see(program)]
    shown = [_listed(require_program(program)) for program in ids[:limit]]
    return json_answer({"items": shown, "next_cursor": encode_cursor(ids[limit - 1]) if len(ids) > limit else None})


@blueprint.route("/v1/programs/<program>", methods=["GET"])
@requires("read")
@blueprint.response(200, schemas.ProgramAnswer, example=examples.PROGRAM_VERSION)
def show(program: str) -> Response:
    """The newest version of a program, in force or still to come; its ETag is for If-Match."""
    context().follower.read_to_end()
    return program_answer(require_program(program), 200)


@blueprint.route("/v1/programs/<program>/versions", methods=["GET"])
@requires("read")
@blueprint.response(200, schemas.ProgramVersionsAnswer)
def versions(program: str) -> Response:
    """All versions, the newest first."""
    context().follower.read_to_end()
    require_program(program)
    newest_first = reversed(context().catalog.versions(program))
    return json_answer({"items": [program_fields(version) for version in newest_first], "next_cursor": None})


def _may_see(program: str) -> bool:
    return not g.key.programs or program in g.key.programs


def _listed(newest: ProgramVersion) -> dict[str, object]:
    return {
        "id": newest.program.id,
        "name": newest.program.name,
        "version": newest.version,
        "effective_from": newest.effective_from,
    }
