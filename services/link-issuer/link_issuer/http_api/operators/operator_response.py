"""Response bodies about operators and the audit log."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from link_issuer.operators import FirstPassword
from referral.console.credentials import Credentials, open_credentials
from referral.events.audit import ActionRecorded
from referral.events.entities import Operator
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.paging import Page
from referral.http.responses import Timestamp

OperatorStatus = Literal["invited", "active", "disabled", "removed"]


class OperatorResponse(Struct):
    """An operator. Never their password."""

    id: Annotated[str, Meta(examples=["opr_5d8f2g7h1j9k3m4n"])]
    name: Annotated[str | None, Meta(description="The name they sign in with; null once they were removed.")]
    role: str
    programs: Annotated[list[str], Meta(description="The programs they see; all if empty.")]
    status: Annotated[str, Meta(description="invited (has not signed in yet), active, disabled or removed")]
    added_at: Timestamp


class FirstPasswordResponse(Struct):
    """An operator with the password for their first sign-in."""

    operator: OperatorResponse
    password: Annotated[
        str | None,
        Meta(
            description="Shown once; null in a repeated answer to the same request: reset the operator for another one."
        ),
    ]
    password_until: Timestamp


class OperatorsPage(Page[OperatorResponse]):
    """Operators in the order in which they were added, removed ones included."""


class AuditEntry(Struct):
    """An action: who did what, when, with what."""

    id: str
    at: Timestamp
    actor: Annotated[str, Meta(description="opr_… or key_…")]
    actor_name: Annotated[str | None, Meta(description="The operator's or key's name; null once it was removed.")]
    action: Annotated[str, Meta(examples=["conversion.released"])]
    program: Annotated[str | None, Meta(description="null if it concerns no program")]
    target: Annotated[str | None, Meta(description="what was acted on: cnv_…, rwd_…, opr_… or key_…")]
    note: Annotated[str | None, Meta(description="the id of the operator's note, txt_…")]


class AuditPageResponse(Page[AuditEntry]):
    """Actions, the earliest first."""


def operator_response(operator: Operator) -> OperatorResponse:
    """The body about an operator."""
    credentials = open_credentials(context().key_ring, operator)
    return OperatorResponse(
        id=operator.id,
        name=credentials.name if credentials else None,
        role=operator.role,
        programs=list(operator.programs),
        status=operator_status(operator, credentials),
        added_at=operator.recorded_at,
    )


def operator_status(operator: Operator, credentials: Credentials | None) -> OperatorStatus:
    """Where an operator is in their life."""
    if credentials is None:
        return "removed"
    if operator.disabled:
        return "disabled"
    return "active" if credentials.totp else "invited"


def first_password_response(first: FirstPassword) -> FirstPasswordResponse:
    """The body with the password for the first sign-in."""
    return FirstPasswordResponse(operator_response(first.operator), first.password, to_datetime(first.until_ms))


def audit_entry(line: ActionRecorded, names: dict[str, str]) -> AuditEntry:
    """The body about an action; `names` has those of operators and keys by their id."""
    return AuditEntry(
        line.id,
        line.occurred_at,
        line.actor,
        names.get(line.actor),
        line.action,
        line.program or None,
        line.target or None,
        line.note,
    )


def actor_names() -> dict[str, str]:
    """The names of all operators and API keys by their id."""
    catalog, ring = context().catalog, context().key_ring
    opened = {operator.id: open_credentials(ring, operator) for operator in catalog.operators()}
    return {key.id: key.name for key in catalog.api_keys()} | {id: one.name for id, one in opened.items() if one}
