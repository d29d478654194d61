"""Codes: whose one is, and whether it could be used."""

from flask import g
from flask_smorest import Blueprint

from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.problems import Problem
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.redemption import refusal_reason
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.schemas import CodeOut, CodeQuery
from reward_dispatcher.http_api.shapes import optional_datetime

blueprint = Blueprint("codes", __name__)


@blueprint.get("/v1/codes/<code>")
@requires("rewards:redeem")
@blueprint.arguments(CodeQuery, location="query")
@blueprint.response(200, CodeOut)
@blueprint.alt_response(404, description="Nobody was given this code.")
def code_validity(query: dict[str, str], code: str) -> dict[str, object]:
    """Whether a code could be used now. Asking does not use it; only POST /v1/redemptions decides."""
    account = require_code(code, query.get("program"))
    reason = refusal_reason(account, context().clock.now_ms())
    return {
        "code": account.code,
        "valid": reason is None,
        "reason": reason,
        "reward_id": account.id,
        "program": account.program,
        "kind": account.kind,
        "percent": account.percent,
        "expires_at": optional_datetime(account.expires_ms),
        "order_id": account.order,
    }


def require_code(code: str, program: str | None) -> Account:
    """The reward with this code, among the caller's programs. Raises Problem 404, or 409 where programs share it.

    LogUnavailable where it may be a program's that this process has not read of yet.
    """
    found = _holders(code, program)
    if not found:
        raise Problem(404, "unknown_code", "Nobody was given this code. Check for a typing mistake.")
    if len(found) > 1:
        whose = ", ".join(sorted(account.program for account in found))
        raise Problem(409, "ambiguous_code", f"Several programs gave this code: {whose}. Send `program` too.")
    return found[0]


def _holders(code: str, program: str | None) -> list[Account]:
    """The rewards with this code; a key for all programs means also those applied a moment ago."""
    store, asked = dependencies().store, _programs(program)
    found = store.by_code(code, asked)
    if found or program is not None or g.key.programs:
        return found
    context().follower.read_to_end()
    return store.by_code(code, sorted(set(_programs(program)) - set(asked)))


def _programs(program: str | None) -> list[str]:
    """The program named, else all that the caller's key is for."""
    if program is not None:
        require_program_access(g.key, program)
        return [program]
    return list(g.key.programs) or context().catalog.programs()
