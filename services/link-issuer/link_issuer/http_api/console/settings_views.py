"""Settings in the console: API keys, operators and the audit log."""

from typing import Annotated, get_args

from flask import Blueprint, request
from msgspec import Meta
from msgspec.structs import replace
from werkzeug.wrappers import Response

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.operators.operator_response import actor_names, audit_entry, operator_response
from link_issuer.pages.settings_page import AuditView, KeyRow, audit_page, keys_page, operators_page
from link_issuer.store import AlreadyTaken
from referral.console.audit_reader import AuditFilter, AuditPlace
from referral.console.guard import Visit, console_view
from referral.events.audit import ActionName
from referral.events.entities import Operator
from referral.events.timestamps import to_datetime
from referral.http.api_keys import is_expired
from referral.http.context import context
from referral.http.paging import decode_cursor, encode_cursor
from referral.http.problems import Problem
from referral.pages.console_shell import back_to

KEYS, OPERATORS, AUDIT = "/console/settings", "/console/settings/operators", "/console/settings/audit"
AUDIT_DAYS, _PAGE = 30, 50
_DAY_MS = 24 * 3600 * 1000
ACTION_NAMES: tuple[ActionName, ...] = get_args(ActionName)
_Number = Annotated[int, Meta(ge=0, lt=2**60)]

blueprint = Blueprint("console_settings", __name__, template_folder="../../pages/templates")


@blueprint.get(KEYS)
@console_view("manage_keys")
def keys(visit: Visit) -> str:
    """The API keys, the newest first."""
    now_ms = context().clock.now_ms()
    newest = {key.id: key for key in context().catalog.api_keys()}
    rows = [
        KeyRow(key, "revoked" if key.revoked else "expired" if is_expired(key, now_ms) else "valid")
        for key in newest.values()
    ]
    return keys_page(visit, rows[::-1])


@blueprint.post(KEYS)
@console_view("manage_keys")
def revoke_key(visit: Visit) -> Response:
    """Revokes a key with all its secrets: requests with it are refused within seconds. It cannot be undone."""
    key_id = request.form.get("key", "")
    secrets = [key for key in context().catalog.api_keys() if key.id == key_id and not key.revoked]
    if secrets:
        visit.record("key.revoked", target=key_id)
        now = to_datetime(context().clock.now_ms())
        dependencies().store.write([replace(key, recorded_at=now, revoked=True) for key in secrets])
        context().follower.read_to_end()
    return back_to(KEYS, done="revoke", ids=[key_id] if secrets else [])


@blueprint.get(OPERATORS)
@console_view("manage_operators")
def operators(visit: Visit) -> str:
    """The operators who were not removed, in the order in which they were added."""
    present = [one for one in context().catalog.operators() if one.sealed is not None]
    return operators_page(visit, [operator_response(one) for one in present])


@blueprint.post(OPERATORS)
@console_view("manage_operators")
def change_operator(visit: Visit) -> Response:
    """Disables or enables an operator; not oneself, so that no one locks themselves out."""
    operator, disable = _require_operator(request.form.get("operator", "")), request.form.get("decision") == "disable"
    if operator.id == visit.operator.id:
        raise Problem(409, "own_account", "You cannot disable yourself. Ask another admin.")
    visit.record("operator.changed", target=operator.id)
    try:
        dependencies().operators.change(operator, operator.role, operator.programs, disabled=disable)
    except AlreadyTaken:
        raise Problem(409, "concurrent_change", "Another request is changing this operator. Try again.") from None
    return back_to(OPERATORS, done="disable" if disable else "enable", ids=[operator.id])


@blueprint.get(AUDIT)
@console_view("read_audit")
def audit(visit: Visit) -> str:
    """The audit log of the last 30 days, the newest first: of everyone, or of one actor or action."""
    cursor = request.args.get("cursor")
    before = AuditPlace(*decode_cursor(cursor, tuple[_Number, _Number])) if cursor else None
    since = to_datetime(context().clock.now_ms() - AUDIT_DAYS * _DAY_MS)
    names = actor_names()
    actor = next((one for one in names if one == request.args.get("actor")), None)
    action = next((one for one in ACTION_NAMES if one == request.args.get("action")), None)
    wanted = AuditFilter(actor=actor, since=since, actions=frozenset((action,)) if action else None)
    page = dependencies().audit_reader.newest(before, wanted, _PAGE)
    more = encode_cursor(page.next_place) if page.next_place else None
    shown = AuditView([audit_entry(line, names) for line in page.lines], more, AUDIT_DAYS, names, actor, action)
    return audit_page(visit, shown)


def _require_operator(id: str) -> Operator:
    """Raises Problem 404 for an operator who is unknown or was removed."""
    operator = context().catalog.operator(id)
    if operator is None or operator.sealed is None:
        raise Problem(404, "unknown_operator", f"Unknown operator {id[:64]!r}.")
    return operator
