"""Upload of codes to a pool. Chunks of codes go to the catalog, then a line makes them available; both can be repeated."""

from collections.abc import Sequence

import msgspec
from flask_smorest import Blueprint

from referral.encryption import DecryptionFailed
from referral.events.entities import PoolChunk
from referral.events.ids import derive_id
from referral.events.reward_rules import POOL_NAME, POOL_NAME_IN_WORDS
from referral.events.rewards import PoolFilled, reward_key
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.problems import Problem, unreadable_secret
from referral.http.require import require_program
from referral.http.responses import response
from referral.program_file.supply import supply_problems
from referral.topics import REWARDS
from reward_dispatcher.domain.account import GENERATED
from reward_dispatcher.domain.pool_upload import earlier_holders, plan_upload, usable_chunks
from reward_dispatcher.domain.uploaded_codes import MAX_MISTAKES, LineMistake, read_codes
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.requests import PoolUploadRequest
from reward_dispatcher.http_api.responses import PoolUploadResponse

blueprint = Blueprint("pools", __name__)
_encode = msgspec.json.Encoder().encode


@blueprint.put("/v1/programs/<program>/pools/<pool>/codes")
@requires("rewards:write")
@idempotent
@blueprint.arguments(PoolUploadRequest)
@response(PoolUploadResponse)
@blueprint.alt_response(422, description="Lines that contain no code, or a code of another pool; nothing was added.")
def upload(body: dict[str, list[str]], program: str, pool: str) -> PoolUploadResponse:
    """Adds codes to a pool, at most 1,000 per request. Codes that it has already are counted and skipped. Can be repeated.

    Byte order marks, zero-width characters, white space and quotation marks around a code are removed. Any other line without a
    code, and a code that another pool of the program has, is refused with its number.
    """
    newest = require_program(program)
    _check_name(pool)
    uploaded = read_codes(body["codes"])
    _require_valid(uploaded.mistakes)
    context().follower.read_to_end()
    plan = plan_upload(pool, uploaded.codes, _usable_chunks(program, pool))
    _require_valid(plan.mistakes)
    _write_chunk(program, pool, plan.new_codes)
    chunks = [chunk for chunk in _usable_chunks(program, pool) if chunk.pool == pool]
    _announce(program, pool, chunks)
    total = sum(len(chunk.codes) for chunk in chunks)
    answer = PoolUploadResponse(accepted=len(plan.new_codes), duplicates=plan.duplicates, total=total)
    for problem in supply_problems(newest.program, {pool: total}):
        if problem.code == "pool_without_rule":
            answer.warning = problem.detail
    return answer


def _check_name(pool: str) -> None:
    """Raises Problem 422 for a name that no reward rule could have, or that is reserved."""
    if pool == GENERATED:
        raise Problem(422, "reserved_pool", f"Codes cannot be uploaded to pool `{GENERATED}`. Use another name.")
    if not POOL_NAME.fullmatch(pool):
        raise Problem(422, "invalid_pool", f"The name of a pool must be {POOL_NAME_IN_WORDS}.")


def _require_valid(mistakes: Sequence[LineMistake]) -> None:
    """Raises Problem 422 with the first mistakes."""
    if not mistakes:
        return
    errors = [{"pointer": f"/codes/{one.line - 1}", "detail": f"line {one.line} {one.detail}"} for one in mistakes]
    detail = f"{len(mistakes)} of the lines are refused; nothing was added. First, {errors[0]['detail']}."
    raise Problem(422, "invalid_codes", detail, errors[:MAX_MISTAKES])


def _program_chunks(program: str) -> list[PoolChunk]:
    """The program's chunks with their codes in clear. Raises Problem 503 if a key is missing."""
    try:
        return [dependencies().codes.open_chunk(chunk) for chunk in context().catalog.program_chunks(program)]
    except DecryptionFailed as error:
        raise unreadable_secret(error) from error


def _usable_chunks(program: str, pool: str) -> list[PoolChunk]:
    """Returns the program's chunks without those of the pool that are never issued, as another pool had a code first."""
    announced = {chunk.id for chunk in dependencies().store.pool(program, pool).chunks}
    return usable_chunks(pool, _program_chunks(program), announced)


def _write_chunk(program: str, pool: str, codes: Sequence[str]) -> None:
    """Writes the codes to the catalog. Raises Problem 422 if another upload wrote one of them to another pool before."""
    if not codes:
        return
    sealer = dependencies().codes
    chunk = PoolChunk(
        recorded_at=to_datetime(context().clock.now_ms()),
        id=derive_id("pch", program, pool, sealer.seal_codes(program, pool, tuple(codes))),
        program=program,
        pool=pool,
        codes=tuple(codes),
    )
    dependencies().catalog.write([sealer.seal_chunk(chunk)])
    context().follower.read_to_end()
    for holder in earlier_holders(chunk, _program_chunks(program)).values():
        detail = (
            f"Another request has just added {holder.code!r} to pool {holder.pool}, and a code belongs to one pool."
        )
        raise Problem(422, "invalid_codes", f"{detail} Nothing was added: remove it, and upload the rest again.")


def _announce(program: str, pool: str, chunks: Sequence[PoolChunk]) -> None:
    """Publishes a line for each chunk that the ledger lacks, also if an earlier line was lost."""
    filled = {chunk.id for chunk in dependencies().store.pool(program, pool).chunks}
    lines = [_pool_filled(chunk) for chunk in chunks if chunk.id not in filled]
    if lines:
        dependencies().publisher.publish(REWARDS, [(reward_key(line), _encode(line)) for line in lines])


def _pool_filled(chunk: PoolChunk) -> PoolFilled:
    return PoolFilled(
        occurred_at=to_datetime(context().clock.now_ms()),
        program=chunk.program,
        pool=chunk.pool,
        chunk=chunk.id,
        count=len(chunk.codes),
    )
