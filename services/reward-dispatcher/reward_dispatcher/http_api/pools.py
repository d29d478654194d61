"""Pools of uploaded codes: upload, list, declare codes void. Each request is written to `pools`, where its fold decides."""

from collections.abc import Iterable, Iterator
from itertools import islice

from flask import g, request
from flask_smorest import Blueprint

from referral.events.entities import CodePool
from referral.events.ids import random_id
from referral.events.normal_forms import normalize_code
from referral.events.pools import HASH_BYTES, SEGMENT_CODES, CodesVoided
from referral.events.reward_rules import POOL_NAME, POOL_NAME_IN_WORDS
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.idempotent_stream import idempotent_stream
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from referral.http.streamed_body import BodyLimits
from referral.program_file.supply import supply_problems
from reward_dispatcher.domain.account import GENERATED
from reward_dispatcher.domain.code_index import MAX_CODES, MAX_POOLS, Place
from reward_dispatcher.domain.code_pool import free
from reward_dispatcher.domain.receipts import MAX_REFUSED, Receipt
from reward_dispatcher.domain.uploaded_codes import clean_line
from reward_dispatcher.http_api.code_lines import numbered_lines
from reward_dispatcher.http_api.code_upload import CodeUpload
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.pool_requests import PoolRequest
from reward_dispatcher.http_api.pools_openapi import PUT_CODES
from reward_dispatcher.http_api.pools_response import pool_levels
from reward_dispatcher.http_api.requests import UploadQuery, VoidCodesRequest
from reward_dispatcher.http_api.responses import PoolsResponse, PoolUploadResponse, VoidCodesResponse, VoidVerdict

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

    Byte order marks, zero-width characters, white space and quotation marks around a code are removed. A line without a valid code,
    and a code that another pool of the program has, is refused with its number; the other lines are added.
    """
    newest = require_program(program)
    _check_name(pool)
    with dependencies().uploads.hold(g.key.id, 1):
        _require_room(program, pool)
        this = CodeUpload(program, pool)
        receipt = this.read(numbered_lines(parts, request.mimetype, query.get("column")))
    _require_codes(this)
    _list_in_catalog(program, pool, receipt)
    after = dependencies().pools.pools(program, [pool])[pool]
    answer = PoolUploadResponse(
        accepted=receipt.accepted,
        duplicates=receipt.duplicates,
        refused=receipt.refused + this.mistakes,
        lines=this.verdicts(receipt),
        total=after.uploaded,
        left=free(after),
    )
    for problem in supply_problems(newest.program, [pool]):
        if problem.code == "pool_without_rule":
            answer.warning = problem.detail
    return answer


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

    A code that a reward has stays with it. A code that was uploaded just now may be `unknown` for a moment.
    """
    require_program(program)
    _check_name(pool)
    codes = body["codes"]
    places = _find_codes(program, pool, codes)
    known = [(line, place) for line, place in enumerate(places, 1) if place is not None]
    unknown = [line for line, place in enumerate(places, 1) if place is None]
    receipt = _void(program, pool, [place for _, place in known]) if known else Receipt(pool)
    given = [known[one.index * SEGMENT_CODES + one.offset][0] for one in receipt.named if one.pool]
    lines = [VoidVerdict(line, "given") for line in given] + [VoidVerdict(line, "unknown") for line in unknown]
    return VoidCodesResponse(
        voided=receipt.accepted,
        repeated=receipt.duplicates,
        given=receipt.refused,
        unknown=len(unknown),
        lines=sorted(lines, key=lambda one: one.line)[:MAX_REFUSED],
        left=free(dependencies().pools.pools(program, [pool])[pool]),
    )


def _check_name(pool: str) -> None:
    """Raises Problem 422 for a name that no reward rule could have, or that is reserved."""
    if pool == GENERATED:
        raise Problem(422, "reserved_pool", f"Codes cannot be uploaded to pool `{GENERATED}`. Use another name.")
    if not POOL_NAME.fullmatch(pool):
        raise Problem(422, "invalid_pool", f"The name of a pool must be {POOL_NAME_IN_WORDS}.")


def _require_room(program: str, pool: str) -> None:
    """Raises Problem 422 if the program has the most codes, or pools, that it may have."""
    store = dependencies().pools
    names = store.names(program)
    if pool not in names and len(names) >= MAX_POOLS:
        raise Problem(422, "too_many_pools", f"A program has at most {MAX_POOLS:,} pools with codes. Use one of them.")
    if sum(one.uploaded for one in store.pools(program, names).values()) >= MAX_CODES:
        raise Problem(422, "too_many_codes", f"A program has at most {MAX_CODES:,} uploaded codes.")


def _require_codes(this: CodeUpload) -> None:
    """Raises Problem 422 for an upload without any code; its mistakes are named."""
    if this.count:
        return
    errors = [{"pointer": f"line:{one.line}", "detail": f"line {one.line} {one.detail}"} for one in this.named]
    raise Problem(422, "no_codes", "The upload contains no code. Send one code for each line.", errors)


def _list_in_catalog(program: str, pool: str, receipt: Receipt) -> None:
    """Lists the pool, so that the checks of the program file know that it has codes."""
    if receipt.accepted + receipt.duplicates and pool not in context().catalog.code_pools(program):
        now = to_datetime(context().clock.now_ms())
        dependencies().catalog.write([CodePool(recorded_at=now, program=program, pool=pool)])


def _find_codes(program: str, pool: str, codes: Iterable[str]) -> list[Place | None]:
    """Where codes are, in their order; None for what this pool does not have."""
    store = dependencies().pools
    joined = dependencies().hasher.hashes(program, (normalize_code(clean_line(code)) for code in codes))
    hashes = [joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES)]
    names = store.names(program)
    number = names.index(pool) if pool in names else -1
    return [place if place and place.pool == number else None for place in store.find_codes(program, hashes)]


def _void(program: str, pool: str, places: list[Place]) -> Receipt:
    asked = PoolRequest(program, random_id("vod"), context().settings.ack_timeout_ms / 1000)
    asked.write(list(_void_lines(program, pool, asked.id, places)))
    return asked.receipt()


def _void_lines(program: str, pool: str, id_: str, places: list[Place]) -> Iterator[CodesVoided]:
    now, rest, index = to_datetime(context().clock.now_ms()), iter(places), 0
    while some := tuple((one.segment, one.offset) for one in islice(rest, SEGMENT_CODES)):
        yield CodesVoided(
            occurred_at=now, program=program, pool=pool, request=id_, index=index, places=some, actor=g.key.id
        )
        index += 1
