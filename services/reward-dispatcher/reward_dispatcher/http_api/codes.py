"""Code look-up and validity."""

import time

import structlog
from flask import g, request

from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.responses import response
from referral.telemetry.metrics import counter
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import free, is_divisible
from reward_dispatcher.domain.redemption import refusal_reason
from reward_dispatcher.domain.typed_codes import is_mistyped
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.ledger_request import require_complete_ledger
from reward_dispatcher.http_api.requests import CodeQuery
from reward_dispatcher.http_api.responses import CodeResponse, optional_datetime

blueprint = Blueprint("codes", __name__)
log = structlog.get_logger()


@blueprint.get("/v1/codes/<code>")
@requires("rewards:redeem")
@blueprint.arguments(CodeQuery, location="query")
@response(CodeResponse)
@blueprint.alt_response(404, description="Unknown code.")
@blueprint.alt_response(
    422, description="`mistyped_code`: the check character of the code is wrong. Nothing was looked up."
)
@blueprint.alt_response(429, description="Too many wrong codes; no code is looked up until `Retry-After` is over.")
def code_validity(query: dict[str, str], code: str) -> CodeResponse:
    """Whether a code can be used now. This does not use it; only POST /v1/redemptions does."""
    account = require_code(code, query.get("program"), query.get("client", ""))
    reason = refusal_reason(account, context().clock.now_ms())
    return CodeResponse(
        code=account.code,
        valid=reason is None,
        reason=reason,
        reward_id=account.id,
        program=account.program,
        kind=account.kind,
        percent=account.percent,
        value=account.value,
        left=free(account, context().clock.now_ms()) if is_divisible(account) else None,
        expires_at=optional_datetime(account.expires_ms),
        order_id=account.order,
    )


def require_code(code: str, program: str | None, client: str) -> Account:
    """Returns the reward with this code, among the caller's programs. `client` is the shop's name of the shopper, or empty.

    Raises Problem 404 if there is none, 409 if several programs have the code, 422 if its check character is wrong, 429 after too
    many wrong codes, and LogUnavailable if it could belong to a program that this process has not read yet.
    """
    _check_wrong_codes(client)
    _refuse_mistyped(code, program)
    found = _accounts_with_code(code, program)
    if not found:
        require_complete_ledger()
        found = _accounts_with_code(code, program)
    if not found:
        context().limiter.count_wrong_code(request, client)
        counter("wrong_codes").labels("unknown").inc()
        raise Problem(404, "unknown_code", f"Unknown code {code!r}. Check it for typing errors.")
    if len(found) > 1:
        programs = ", ".join(sorted(account.program for account in found))
        raise Problem(409, "ambiguous_code", f"Several programs have this code: {programs}. Send `program` as well.")
    return found[0]


def _refuse_mistyped(code: str, program: str | None) -> None:
    """Raises Problem 422 for a code with the prefix of a program's generated codes whose check character is wrong.

    It is no guess, and does not count as one: anyone can compute the check character, so the answer tells nothing about codes.
    """
    if is_mistyped(code, context().catalog, _programs(program)):
        counter("wrong_codes").labels("mistyped").inc()
        detail = f"Code {code!r} is mistyped: its characters do not fit each other. Compare it, and type it again."
        raise Problem(422, "mistyped_code", detail)


def _check_wrong_codes(client: str) -> None:
    """Raises Problem 429 for a caller who guesses codes: a right guess is not answered either."""
    try:
        context().limiter.check_wrong_codes(request, client)
    except Problem:
        counter("wrong_codes").labels("refused").inc()
        dependencies().guessed.record(g.key.id, round(time.time() * 1000))
        log.warning(
            "codes are guessed", api_key=g.key.id, remedy="ask the owner of the key; revoke it if it was stolen"
        )
        raise


def _accounts_with_code(code: str, program: str | None) -> list[Account]:
    """The rewards with this code. For a key with access to all programs, newly applied programs are read first."""
    store, programs = dependencies().store, _programs(program)
    found = store.by_code(code, programs)
    if found or program is not None or g.key.programs:
        return found
    context().follower.read_to_end()
    return store.by_code(code, sorted(set(_programs(program)) - set(programs)))


def _programs(program: str | None) -> list[str]:
    """The given program, or otherwise all that the caller's key has access to."""
    if program is not None:
        require_program_access(g.key, program)
        return [program]
    return list(g.key.programs) or context().catalog.programs()
