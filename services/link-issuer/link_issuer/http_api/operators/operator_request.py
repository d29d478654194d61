"""Request bodies and queries about operators and the audit log."""

from typing import get_args

from marshmallow import ValidationError, fields, validate

from referral.console.credentials import MAX_NAME
from referral.events.entities import Role
from referral.http.paging import PageQuery
from referral.validation.fields import array, boolean, choice, identifier, utc_datetime
from referral.validation.strict_schema import StrictSchema

ROLES: tuple[Role, ...] = get_args(Role)
MAX_PROGRAMS = 20  # the sealed credentials and these fit in one record, and in a list that people read
EXAMPLE: dict[str, object] = {"name": "lin", "role": "growth", "programs": ["prg_glow"]}
CHANGE_EXAMPLE: dict[str, object] = {"role": "support", "disabled": False}
_ROLE = "what they may do: viewer reads, support also decides held referrals, growth also approves and revokes rewards, admin all"
_PROGRAMS = "the programs they see; all, also future ones, if empty"


def _visible_name(name: str) -> None:
    """Raises ValidationError for a name that is blank, has spaces around it, or characters that are not visible."""
    if not name.strip() or name != name.strip() or not name.isprintable():
        raise ValidationError("must have visible characters in one line, and no spaces around them")


class OperatorSchema(StrictSchema):
    """Who signs in, and what they may do."""

    name = fields.String(
        required=True,
        validate=[validate.Length(1, MAX_NAME, error="must have 1 to 64 characters"), _visible_name],
        metadata={"description": "the name they sign in with, in any case of its letters", "examples": ["lin"]},
    )
    role = choice(ROLES, _ROLE)
    programs = array(identifier("a program"), _PROGRAMS, 0, MAX_PROGRAMS)


class OperatorChangeSchema(StrictSchema):
    """What changes; what is left out stays as it is."""

    role = choice(ROLES, _ROLE, required=False)
    programs = array(identifier("a program"), _PROGRAMS, 0, MAX_PROGRAMS)
    disabled = boolean("true ends their sessions at once, and refuses new ones")


class OperatorsQuery(PageQuery, StrictSchema):
    """Which page of the list to return."""


class AuditQuery(PageQuery, StrictSchema):
    """Which lines of the audit log."""

    program = fields.String(
        load_default=None, validate=validate.Length(1, 64), metadata={"description": "only those of a program"}
    )
    actor = fields.String(
        load_default=None,
        validate=validate.Length(1, 64),
        metadata={"description": "only those of an operator (opr_…) or API key (key_…)"},
    )
    since = utc_datetime("only those from a time on")
