"""Pools of uploaded codes: upload, list, declare codes void."""

from collections.abc import Iterator

from flask import g, request

from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.idempotent_stream import idempotent_stream
from referral.http.json_body import Blueprint
from referral.http.require import require_program
from referral.http.responses import response
from referral.http.streamed_body import BodyLimits
from reward_dispatcher.http_api.code_lines import numbered_lines
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.pool_changes import add_codes, void_codes
from reward_dispatcher.http_api.pools_openapi import PUT_CODES
from reward_dispatcher.http_api.pools_response import pool_levels
from reward_dispatcher.http_api.request_identity import request_id
from reward_dispatcher.http_api.requests import UploadQuery, VoidCodesRequest
from reward_dispatcher.http_api.responses import PoolsResponse, PoolUploadResponse, VoidCodesResponse

blueprint = Blueprint("pools", __name__)
UPLOAD_LIMITS = BodyLimits(sent=100 * 1024 * 1024, plain=200 * 1024 * 1024, seconds=600)


@blueprint.put("/v1/programs/<program>/pools/<pool>/codes")
@requires("rewards:write")
@idempotent_stream(UPLOAD_LIMITS)
@response(PoolUploadResponse)
@blueprint.arguments(UploadQuery, location="query")
@blueprint.doc(**PUT_CODES)
def upload(parts: Iterator[bytes], query: dict[str, str], program: str, pool: str) -> PoolUploadResponse:
    """Adds up to 1,000,000 codes to a pool, and answers once they are durable. A repeated upload adds nothing.

    After 503 a part of the codes may have been added: repeated with the same `Idempotency-Key` and body, the upload goes on, and
    the answer is that of one upload. Without a key, its own codes are duplicates then.

    Byte order marks, zero-width characters, white space and quotation marks around a code are removed. A line without a valid code,
    and a code that another pool of the program has, is refused with its number; the other lines are added.
    """
    newest = require_program(program)
    return add_codes(newest, pool, numbered_lines(parts, request.mimetype, query.get("column")), g.key.id)


@blueprint.get("/v1/programs/<program>/pools")
@requires("read")
@response(PoolsResponse)
def pools(program: str) -> PoolsResponse:
    """The program's pools of codes: how many codes are left, how many rewards wait, and the level that is low."""
    require_program(program)
    return PoolsResponse(program=program, items=pool_levels(context().catalog, dependencies().pools, program))


@blueprint.post("/v1/programs/<program>/pools/<pool>/void")
@requires("rewards:write")
@idempotent
@blueprint.arguments(VoidCodesRequest)
@response(VoidCodesResponse)
def void(body: dict[str, list[str]], program: str, pool: str) -> VoidCodesResponse:
    """Declares up to 1,000 codes of a pool void: those that were not given never are. Can be repeated.

    After 503, repeated with the same `Idempotency-Key` and body, the request gets the answer that it would have had; without a key
    its own codes are `repeated` then. A code that a reward has stays with it. A code that was uploaded just now may be `unknown`
    for a moment.
    """
    require_program(program)
    return void_codes(program, pool, body["codes"], g.key.id, request_id("vod", program, pool))
