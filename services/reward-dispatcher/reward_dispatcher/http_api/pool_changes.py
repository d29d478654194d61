"""What changes pools of codes: an upload, and codes that become void. Each is written to `pools`, where its fold decides."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from msgspec import UNSET

from referral.events.entities import CodePool, ProgramVersion
from referral.events.ids import derive_id
from referral.events.normal_forms import normalize_code
from referral.events.pools import HASH_BYTES, SEGMENT_CODES, CodesVoided
from referral.events.reward_rules import POOL_NAME, POOL_NAME_IN_WORDS
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.log.errors import LogUnavailable
from referral.program_file.supply import supply_problems
from reward_dispatcher.domain.account import GENERATED
from reward_dispatcher.domain.code_index import MAX_CODES, MAX_POOLS, Place
from reward_dispatcher.domain.code_pool import free
from reward_dispatcher.domain.receipts import MAX_REFUSED, Receipt
from reward_dispatcher.domain.uploaded_codes import clean_line
from reward_dispatcher.http_api.code_lines import NumberedLine
from reward_dispatcher.http_api.code_upload import CodeUpload
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.pool_requests import PoolRequest
from reward_dispatcher.http_api.responses import PoolUploadResponse, VoidCodesResponse, VoidVerdict


def add_codes(newest: ProgramVersion, pool: str, lines: Iterable[NumberedLine], actor: str) -> PoolUploadResponse:
    """Adds the codes of lines to a pool, and returns once they are durable. `actor` is the id of an API key or operator.

    Raises Problem 422 for a name that no pool may have and without any code, 413 above a limit, 429 and 503 while there are too
    many uploads, and NotDurable.
    """
    program = newest.program.id
    check_pool_name(pool)
    with dependencies().uploads.hold(actor, 1):
        _require_room(program, pool)
        this = CodeUpload(program, pool)
        receipt = this.read(lines)
    _require_codes(this)
    _list_in_catalog(program, pool, receipt)
    after = dependencies().pools.pools(program, [pool])[pool]
    return PoolUploadResponse(
        accepted=receipt.accepted,
        duplicates=receipt.duplicates,
        refused=receipt.refused + this.mistakes,
        lines=this.verdicts(receipt),
        total=after.uploaded,
        left=free(after),
        warning=_unused_pool_warning(newest, pool) or UNSET,
    )


def _unused_pool_warning(newest: ProgramVersion, pool: str) -> str | None:
    """What is said of a pool that no rule names. A version of a moment ago is read before, unless Kafka is unavailable."""
    if _unused_pool(newest, pool) is None:
        return None
    with suppress(LogUnavailable):
        context().follower.read_to_end()
    return _unused_pool(context().catalog.program(newest.program.id) or newest, pool)


def _unused_pool(newest: ProgramVersion, pool: str) -> str | None:
    problems = supply_problems(newest.program, [pool])
    return next((problem.detail for problem in problems if problem.code == "pool_without_rule"), None)


def void_codes(program: str, pool: str, codes: list[str], actor: str, request: str) -> VoidCodesResponse:
    """Declares codes of a pool void. `actor` is the id of an API key or operator. Raises Problem 422, and NotDurable.

    `request` names the request: sent again under the same name, it gets the first answer, also if that was not decided in time.
    """
    check_pool_name(pool)
    places = _find_codes(program, pool, codes)
    known = [(line, place) for line, place in enumerate(places, 1) if place is not None]
    unknown = [line for line, place in enumerate(places, 1) if place is None]
    receipt = _void(program, pool, [place for _, place in known], actor, request) if known else Receipt(pool)
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


def check_pool_name(pool: str) -> None:
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


def _void(program: str, pool: str, places: list[Place], actor: str, request: str) -> Receipt:
    """The receipt of the request. Its id follows from the places as well: a code that was uploaded since makes another one."""
    found = ",".join(f"{one.segment}:{one.offset}" for one in places)
    asked = PoolRequest(program, derive_id("vod", request, found), context().settings.ack_timeout_ms / 1000)
    asked.write(list(_void_lines(program, pool, asked.id, places, actor)))
    return asked.receipt()


def _void_lines(program: str, pool: str, id_: str, places: list[Place], actor: str) -> Iterator[CodesVoided]:
    now, rest, index = to_datetime(context().clock.now_ms()), iter(places), 0
    while some := tuple((one.segment, one.offset) for one in islice(rest, SEGMENT_CODES)):
        yield CodesVoided(
            occurred_at=now, program=program, pool=pool, request=id_, index=index, places=some, actor=actor
        )
        index += 1
