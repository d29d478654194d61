"""Uploading codes. Chunks go to the catalog, then the log says that they can be given; both may be said twice."""

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
from referral.topics import REWARDS
from reward_dispatcher.domain.account import GENERATED
from reward_dispatcher.domain.discount_codes import normalize_code
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.schemas import CodesIn, CodesOut

blueprint = Blueprint("pools", __name__)
_encode = msgspec.json.Encoder().encode


@blueprint.put("/v1/programs/<program>/pools/<pool>/codes")
@requires("rewards:write")
@idempotent
@blueprint.arguments(CodesIn)
@blueprint.response(200, CodesOut)
def upload(body: dict[str, list[str]], program: str, pool: str) -> dict[str, int]:
    """Adds codes to a pool, at most 1,000 a request; those it has are counted and left out. Safe to send again."""
    require_program(program)
    if pool == GENERATED or len(pool) > 64:
        raise Problem(
            422, "reserved_pool", f"The pool `{GENERATED}` makes its own codes. Name another, of up to 64 characters."
        )
    context().follower.read_to_end()
    known = context().catalog.pool_chunks(program, pool)
    fresh = _fresh(body["codes"], known)
    chunks = [*known, *_put(program, pool, fresh)]
    _announce(program, pool, chunks)
    total = sum(len(chunk.codes) for chunk in chunks)
    return {"accepted": len(fresh), "duplicates": len(body["codes"]) - len(fresh), "total": total}


def _fresh(codes: Iterable[str], known: Iterable[PoolChunk]) -> list[str]:
    """The codes that the pool lacks, in order. Two uploads at once may both think so: the ledger gives each once."""
    seen = {normalize_code(code) for chunk in known for code in chunk.codes}
    fresh = []
    for code in codes:
        if normalize_code(code) not in seen:
            seen.add(normalize_code(code))
            fresh.append(code)
    return fresh


def _put(program: str, pool: str, codes: Sequence[str]) -> list[PoolChunk]:
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
    """Says of every chunk that the ledger lacks that it is there: also of one whose first saying was lost."""
    filled = {chunk.id for chunk in dependencies().store.pool(program, pool).chunks}
    lines = [_filled(chunk) for chunk in chunks if chunk.id not in filled]
    if lines:
        keyed = [(reward_key(line), _encode(line)) for line in lines]
        dependencies().publisher.submit_many(REWARDS, keyed).wait(context().settings.ack_timeout_ms / 1000)


def _filled(chunk: PoolChunk) -> PoolFilled:
    return PoolFilled(
        occurred_at=to_datetime(context().clock.now_ms()),
        program=chunk.program,
        pool=chunk.pool,
        chunk=chunk.id,
        count=len(chunk.codes),
    )
