"""Pools of codes in the console: what each has left, an upload with a verdict for each line, and codes that become void."""

from collections.abc import Iterable, Iterator
from typing import IO

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from referral.console.guard import Visit, console_view
from referral.events.entities import ProgramVersion
from referral.events.ids import derive_id, random_id
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.streamed_body import body_parts
from referral.pages.console_shell import current_program
from reward_dispatcher.http_api.code_lines import CSV, JSON, TEXT, NumberedLine, numbered_lines
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.pool_changes import add_codes, check_pool_name, void_codes
from reward_dispatcher.http_api.pools import UPLOAD_LIMITS
from reward_dispatcher.http_api.pools_response import pool_levels
from reward_dispatcher.http_api.requests import MAX_VOID_CODES
from reward_dispatcher.http_api.responses import PoolResponse
from reward_dispatcher.pages.pools_page import PoolResult, pools_page

POOLS = "/console/rewards/pools"
_MAX_COLUMN, _MAX_FORM_KEY, _PART = 128, 64, 64 * 1024
_TYPES = {"csv": CSV, "tsv": CSV, "json": JSON}

blueprint = Blueprint("console_pools", __name__)


@blueprint.get(POOLS)
@console_view("read")
def pools(visit: Visit) -> str:
    """The pools of the program, those that need codes first."""
    return pools_page(visit, _levels(current_program(visit)))


@blueprint.post(POOLS)
@console_view("manage_pools")
def change(visit: Visit) -> ResponseReturnValue:
    """Adds the codes of a small file or a text to a pool, or declares codes void; shows the verdicts."""
    version, pool = _require_version(visit), request.form.get("pool", "").strip()
    if request.form.get("decision") == "void":
        return _void(visit, version.program.id, pool, request.form.get("codes", "").split())
    return _add(visit, version, pool, _sent_lines())


@blueprint.post(f"{POOLS}/<pool>/codes")
@console_view("manage_pools")
def stream(visit: Visit, pool: str) -> ResponseReturnValue:
    """Adds the codes of a file of any size to a pool while it arrives: the script of the page sends it as the body."""
    version, column = _require_version(visit), request.args.get("column", "")
    parts = body_parts(request, UPLOAD_LIMITS)
    return _add(visit, version, pool, numbered_lines(parts, request.mimetype, column[:_MAX_COLUMN] or None))


def _add(visit: Visit, version: ProgramVersion, pool: str, lines: Iterable[NumberedLine]) -> ResponseReturnValue:
    program, result = version.program.id, PoolResult(pool)
    try:
        check_pool_name(pool)
        visit.record("pool.filled", program=program, target=pool)
        result.added = add_codes(version, pool, lines, visit.operator.id)
    except Problem as problem:
        result.problem = problem
    return _answer(visit, program, result)


def _void(visit: Visit, program: str, pool: str, codes: list[str]) -> ResponseReturnValue:
    result = PoolResult(pool)
    try:
        check_pool_name(pool)
        if not 1 <= len(codes) <= MAX_VOID_CODES:
            raise Problem(422, "too_many_codes", f"Name 1 to {MAX_VOID_CODES:,} codes; got {len(codes):,}.")
        visit.record("pool.codes_voided", program=program, target=pool)
        form = request.form.get("key", "")[:_MAX_FORM_KEY] or random_id("frm")
        result.voided = void_codes(program, pool, codes, visit.operator.id, derive_id("vod", visit.operator.id, form))
    except Problem as problem:
        result.problem = problem
    return _answer(visit, program, result)


def _answer(visit: Visit, program: str, result: PoolResult) -> ResponseReturnValue:
    """The page with the result; not a redirect, since verdicts are kept nowhere. To send the form again adds nothing."""
    return pools_page(visit, _levels(program), result), result.problem.status if result.problem else 200


def _sent_lines() -> Iterator[NumberedLine]:
    """The lines of the file of a form, or of its text if no file was chosen."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return numbered_lines([request.form.get("codes", "").encode()], TEXT, None)
    column = request.form.get("column", "").strip()[:_MAX_COLUMN]
    return numbered_lines(_parts_of(sent.stream), _media_type(sent), column or None)


def _parts_of(stream: IO[bytes]) -> Iterator[bytes]:
    while part := stream.read(_PART):
        yield part


def _media_type(sent: FileStorage) -> str:
    """By the name of the file: what browsers say about its type depends on the programs of the machine."""
    return _TYPES.get((sent.filename or "").rpartition(".")[2].lower(), TEXT)


def _levels(program: str | None) -> list[PoolResponse]:
    if program is None:
        return []
    found = pool_levels(context().catalog, dependencies().pools, program)
    return sorted(found, key=lambda one: (not one.low, one.pool))


def _require_version(visit: Visit) -> ProgramVersion:
    program = current_program(visit)
    version = context().catalog.program(program) if program else None
    if version is None:
        raise Problem(404, "unknown_program", "There is no program yet. Apply a program file first.")
    return version
