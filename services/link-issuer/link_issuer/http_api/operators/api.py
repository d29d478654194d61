"""Operators of the console: added, changed, reset and removed by admin keys. The first one is made this way."""

from collections.abc import Sequence

from flask import g
from marshmallow import RAISE

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.operators.operator_request import (
    CHANGE_EXAMPLE,
    EXAMPLE,
    OperatorChangeSchema,
    OperatorSchema,
    OperatorsQuery,
)
from link_issuer.http_api.operators.operator_response import (
    FirstPasswordResponse,
    OperatorResponse,
    OperatorsPage,
    first_password_response,
    operator_response,
)
from link_issuer.http_api.request_body import load_body
from link_issuer.operators import MAX_OPERATORS, NameTaken, OperatorRemoved, TooManyOperators
from link_issuer.store import AlreadyTaken
from referral.events.entities import Operator
from referral.events.ids import random_id
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent, idempotent_except
from referral.http.json_body import Blueprint
from referral.http.paging import decode_offset, encode_cursor
from referral.http.problems import Problem
from referral.http.responses import response
from referral.http.secret_field import SecretField

blueprint = Blueprint("operators", __name__, description="Who signs in to the console, and with which role.")
_ONCE = SecretField("password", lambda _: None)
_UNKNOWN = "Unknown operator."


@blueprint.post("/v1/operators")
@requires("admin")
@idempotent_except(_ONCE)
@response(FirstPasswordResponse, 201, description="The operator is durable.")
@blueprint.alt_response(409, description="Another operator has the name, or there are too many.")
@blueprint.doc(
    requestBody={"required": True, "content": {"application/json": {"schema": OperatorSchema, "example": EXAMPLE}}}
)
def add() -> FirstPasswordResponse:
    """Add an operator. The password for their first sign-in is shown once and valid for seven days.

    At the first sign-in they choose their own password and connect an authenticator app.
    """
    body = load_body(OperatorSchema(), "The operator was not added.")
    programs = body.get("programs", [])
    _require_access(programs)
    id = random_id("opr")
    dependencies().audit.record(g.key.id, "operator.added", target=id)
    try:
        first = dependencies().operators.add(id, body["name"], body["role"], programs)
    except NameTaken:
        raise Problem(
            409, "name_taken", f"Another operator signs in as {body['name']!r}. Choose another name."
        ) from None
    except TooManyOperators:
        detail = f"There are {MAX_OPERATORS} operators, which is the limit. Remove those who have left."
        raise Problem(409, "too_many_operators", detail) from None
    except AlreadyTaken:
        raise _concurrent_change() from None
    return first_password_response(first)


@blueprint.get("/v1/operators")
@requires("admin")
@blueprint.arguments(OperatorsQuery, location="query", unknown=RAISE)
@response(OperatorsPage)
def operators(page: dict[str, object]) -> OperatorsPage:
    """All operators that the key may manage, in the order in which they were added."""
    context().follower.read_to_end()
    start, limit = decode_offset(page["cursor"]), int(str(page["limit"]))
    known = [one for one in context().catalog.operators() if _has_access(one.programs)]
    listed = [operator_response(one) for one in known[start : start + limit]]
    return OperatorsPage(listed, encode_cursor(start + limit) if len(known) > start + limit else None)


@blueprint.get("/v1/operators/<operator>")
@requires("admin")
@response(OperatorResponse)
@blueprint.alt_response(404, description=_UNKNOWN)
def show(operator: str) -> OperatorResponse:
    """An operator."""
    return operator_response(_require_operator(operator))


@blueprint.patch("/v1/operators/<operator>")
@requires("admin")
@idempotent
@response(OperatorResponse)
@blueprint.alt_response(404, description=_UNKNOWN)
@blueprint.alt_response(409, description="The operator was removed, or another request is changing them.")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": OperatorChangeSchema, "example": CHANGE_EXAMPLE}},
    }
)
def change(operator: str) -> OperatorResponse:
    """Change role or programs of an operator, disable or enable them. It is in effect within a second, in open sessions too."""
    body = load_body(OperatorChangeSchema(), "The operator was not changed.")
    before = _require_present(operator)
    role, programs = body.get("role", before.role), body.get("programs", before.programs)
    _require_access(programs)
    dependencies().audit.record(g.key.id, "operator.changed", target=before.id)
    try:
        changed = dependencies().operators.change(
            before, role, programs, disabled=body.get("disabled", before.disabled)
        )
    except AlreadyTaken:
        raise _concurrent_change() from None
    return operator_response(changed)


@blueprint.post("/v1/operators/<operator>/reset")
@requires("admin")
@idempotent_except(_ONCE)
@response(FirstPasswordResponse)
@blueprint.alt_response(404, description=_UNKNOWN)
@blueprint.alt_response(409, description="The operator was removed, or another request is changing them.")
def reset(operator: str) -> FirstPasswordResponse:
    """Give an operator a first password again: for a lost password or phone. Ends their sessions."""
    before = _require_present(operator)
    dependencies().audit.record(g.key.id, "operator.reset", target=before.id)
    try:
        return first_password_response(dependencies().operators.reset(before))
    except AlreadyTaken:
        raise _concurrent_change() from None
    except OperatorRemoved:
        raise _removed(operator) from None


@blueprint.delete("/v1/operators/<operator>")
@requires("admin")
@idempotent
@response(OperatorResponse)
@blueprint.alt_response(404, description=_UNKNOWN)
@blueprint.alt_response(409, description="Another request is changing the operator.")
def remove(operator: str) -> OperatorResponse:
    """Remove an operator: name, password and TOTP secret are gone. The id stays, since the audit log names it."""
    before = _require_operator(operator)
    dependencies().audit.record(g.key.id, "operator.removed", target=before.id)
    try:
        return operator_response(dependencies().operators.remove(before))
    except AlreadyTaken:
        raise _concurrent_change() from None


def _require_operator(id: str) -> Operator:
    """An operator as the catalog has them now. Raises Problem 404, and 403 for those of programs that the key cannot access."""
    context().follower.read_to_end()
    operator = context().catalog.operator(id)
    if operator is None:
        raise Problem(404, "unknown_operator", f"Unknown operator {id[:64]!r}. GET /v1/operators lists them.")
    _require_access(operator.programs)
    return operator


def _require_present(id: str) -> Operator:
    """An operator who was not removed. Raises Problem 404, 403 and 409."""
    operator = _require_operator(id)
    if operator.sealed is None:
        raise _removed(id)
    return operator


def _has_access(programs: Sequence[str]) -> bool:
    """Whether the key may manage an operator of these programs: a key bound to programs, only those bound to some of them."""
    return not g.key.programs or (bool(programs) and set(programs) <= set(g.key.programs))


def _require_access(programs: Sequence[str]) -> None:
    if not _has_access(programs):
        own, of = ", ".join(g.key.programs), ", ".join(programs) or "all programs"
        detail = f"Key {g.key.id} may manage operators of {own} only, not of {of}. Name programs of the key, or use another key."
        raise Problem(403, "other_program", detail)


def _removed(id: str) -> Problem:
    return Problem(409, "operator_removed", f"{id} was removed. Add them as a new operator.")


def _concurrent_change() -> Problem:
    detail = "Another request is changing this operator, or adding one of this name. Send the request again."
    return Problem(409, "concurrent_change", detail, headers={"Retry-After": "2"})
