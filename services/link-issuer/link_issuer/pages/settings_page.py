"""Settings of the console as pages: API keys, operators, the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from flask import request
from flask_babel import lazy_gettext

from link_issuer.http_api.operators.operator_response import AuditEntry, OperatorResponse
from link_issuer.pages.action_texts import ACTION_TEXTS
from referral.console.guard import Visit
from referral.events.audit import ActionName
from referral.events.entities import ApiKey
from referral.pages.console_shell import Toast, render_console
from referral.pages.languages import gettext

KeyState = Literal["valid", "expired", "revoked"]
_TABS = (
    ("/console/settings", lazy_gettext("API keys")),
    ("/console/settings/operators", lazy_gettext("Operators")),
    ("/console/settings/audit", lazy_gettext("Audit log")),
)
_KEY_STATES: Mapping[str, tuple[str, str, object]] = {
    "valid": ("good", "●", lazy_gettext("Valid")),
    "expired": ("none", "⊘", lazy_gettext("Expired")),
    "revoked": ("bad", "↩", lazy_gettext("Revoked")),
}
_OPERATOR_STATES: Mapping[str, tuple[str, str, object]] = {
    "active": ("good", "●", lazy_gettext("Active")),
    "invited": ("wait", "⏳", lazy_gettext("Has not signed in yet")),
    "disabled": ("bad", "⊘", lazy_gettext("Disabled")),
}


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key by its newest secret, and whether it is valid."""

    key: ApiKey
    state: KeyState


@dataclass(frozen=True, slots=True)
class AuditView:
    """Entries of the audit log and the cursor of those before them; `names` are those of actors, by id.

    `actor` and `action` are what the reader chose; None for all.
    """

    entries: Sequence[AuditEntry]
    next_cursor: str | None
    days: int
    names: Mapping[str, str]
    actor: str | None
    action: ActionName | None


def keys_page(visit: Visit, rows: Sequence[KeyRow]) -> str:
    """The API keys as HTML."""
    return _page("console/keys.html", visit, 0, rows=rows, states=_KEY_STATES)


def operators_page(visit: Visit, operators: Sequence[OperatorResponse]) -> str:
    """The operators as HTML."""
    return _page("console/operators.html", visit, 1, operators=operators, states=_OPERATOR_STATES)


def audit_page(visit: Visit, shown: AuditView) -> str:
    """A page of the audit log as HTML."""
    actors = sorted(shown.names.items(), key=lambda one: one[1].casefold())
    return _page("console/audit.html", visit, 2, shown=shown, actors=actors, texts=ACTION_TEXTS)


def _page(template: str, visit: Visit, tab: int, **values: object) -> str:
    return render_console(template, visit, "settings", tabs=_TABS, tab=_TABS[tab][0], toast=_toast(), **values)


def _toast() -> Toast | None:
    """What the last form did; the change of an operator can be taken back."""
    done, ids = request.args.get("done", ""), request.args.get("ids", "").split()[:1]
    if not ids or done not in ("revoke", "disable", "enable"):
        return None
    if done == "revoke":
        return Toast(gettext("The key is revoked."), "/console/settings")
    text = gettext("The operator is disabled.") if done == "disable" else gettext("The operator may sign in again.")
    inverse = "enable" if done == "disable" else "disable"
    return Toast(text, "/console/settings/operators", {"decision": inverse, "operator": ids[0]})
