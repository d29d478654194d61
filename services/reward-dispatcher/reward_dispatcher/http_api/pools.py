"""Upload of codes to a pool. Chunks of codes go to the catalog, then a line makes them available; both can be repeated."""

from collections.abc import Iterable, Sequence

import msgspec
from flask_smorest import Blueprint

from referral.events.entities import PoolChunk
from referral.events.ids import derive_id
from referral.events.rewards import PoolFilled, reward_key
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from referral.topics import REWARDS
from reward_dispatcher.domain.account import GENERATED
from reward_dispatcher.domain.discount_codes import normalize_code
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
def upload(body: dict[str, list[str]], program: str, pool: str) -> PoolUploadResponse:
    """Adds codes to a pool, at most 1,000 per request. Codes that it has already are counted and skipped. Can be repeated."""
    require_program(program)
    if pool == GENERATED or len(pool) > 64:
        detail = f"Codes cannot be uploaded to pool `{GENERATED}`, and a pool's name has at most 64 characters."
        raise Problem(422, "reserved_pool", f"{detail} Use another name.")
    context().follower.read_to_end()
    known = context().catalog.pool_chunks(program, pool)
    new_codes = _without_known(body["codes"], known)
    chunks = [*known, *_write_chunk(program, pool, new_codes)]
    _announce(program, pool, chunks)
    total = sum(len(chunk.codes) for chunk in chunks)
    return PoolUploadResponse(accepted=len(new_codes), duplicates=len(body["codes"]) - len(new_codes), total=total)


def _without_known(codes: Iterable[str], known: Iterable[PoolChunk]) -> list[str]:
    """The codes that the pool lacks, in order. Concurrent uploads may both contain a code: the ledger issues it once."""
    seen = {normalize_code(code) for chunk in known for code in chunk.codes}
    new_codes = []
    for code in codes:
        if normalize_code(code) not in seen:
            seen.add(normalize_code(code))
            new_codes.append(code)
    return new_codes


def _write_chunk(program: str, pool: str, codes: Sequence[str]) -> list[PoolChunk]:
    if not codes:
        return []
    chunk = PoolChunk(
        recorded_at=to_datetime(context().clock.now_ms()),
        id=derive_id("pch", program, pool, *codes),
        program=program,
        pool=pool,
        codes=tuple(codes),
    )
    dependencies().catalog.write([chunk])
    return [chunk]


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
