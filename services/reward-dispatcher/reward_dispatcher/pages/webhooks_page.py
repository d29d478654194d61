"""Webhooks and their deliveries as pages of the console."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never, get_args

from flask import request
from flask_babel import lazy_gettext

from referral.console.guard import Visit
from referral.events.deliveries import AttemptFailure
from referral.mail import MAX_ADDRESS
from referral.pages.console_shell import Toast
from referral.pages.languages import gettext, ngettext
from reward_dispatcher.delivery.messages import WEBHOOK_EVENT_TYPES
from reward_dispatcher.delivery_store import STATUSES
from reward_dispatcher.domain.message_delivery import DeliveryStatus
from reward_dispatcher.http_api.webhook_responses import (
    DeliveriesResponse,
    WebhookResponse,
    WebhookSecretResponse,
    WebhookStatsResponse,
)
from reward_dispatcher.pages.date_texts import duration_text
from reward_dispatcher.pages.reward_parts import render_part

WebhookAction = Literal["replay", "recover", "missing", "test", "rotate", "enable", "disable", "contact"]
ACTIONS: tuple[WebhookAction, ...] = get_args(WebhookAction)
WebhookState = Literal["works", "failing", "disabled", "unused"]
_STATES: Mapping[WebhookState, tuple[str, str, object]] = {
    "works": ("good", "●", lazy_gettext("Works")),
    "failing": ("wait", "▲", lazy_gettext("Does not answer")),
    "disabled": ("bad", "✕", lazy_gettext("Disabled")),
    "unused": ("none", "○", lazy_gettext("No message yet")),
}
_STATUSES: Mapping[DeliveryStatus, tuple[str, str, object]] = {
    "waiting": ("wait", "⏳", lazy_gettext("Waiting")),
    "delivered": ("good", "✓", lazy_gettext("Delivered")),
    "failed": ("bad", "✕", lazy_gettext("Failed")),
    "missed": ("none", "⊘", lazy_gettext("Missed")),
}
_FAILURES: Mapping[AttemptFailure, object] = {
    "status": lazy_gettext("answered with an error"),
    "timeout": lazy_gettext("no answer within 20 seconds"),
    "connection": lazy_gettext("no connection"),
    "address": lazy_gettext("the address is not allowed"),
    "unreadable": lazy_gettext("the message could not be built"),
}
_DISABLED: Mapping[str, object] = {
    "operator": lazy_gettext("an operator disabled it"),
    "gone": lazy_gettext("it answered that it is gone (410)"),
    "failing": lazy_gettext("five days without one success"),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """The e-mail address that warnings go to, for an operator who may change it; `invalid` is one that was refused."""

    address: str = ""
    is_set: bool = False
    invalid: str = ""


def webhook_state(webhook: WebhookResponse) -> WebhookState:
    """Returns how a webhook is, in one word."""
    if not webhook.enabled:
        return "disabled"
    if webhook.failing_since is not None:
        return "failing"
    return "works" if webhook.last_success_at is not None else "unused"


def webhooks_page(visit: Visit, webhooks: Sequence[WebhookResponse]) -> str:
    """The list as HTML."""
    rows = [(one, _STATES[webhook_state(one)]) for one in webhooks]
    return render_part("console/webhooks.html", visit, "webhooks", rows=rows, failures=_FAILURES)


def webhook_page(
    visit: Visit,
    webhook: WebhookResponse,
    stats: WebhookStatsResponse,
    found: DeliveriesResponse,
    status: DeliveryStatus | None,
    contact: Contact,
) -> str:
    """One webhook as HTML."""
    tabs = [("", gettext("All")), *((one, str(_STATUSES[one][2])) for one in STATUSES)]
    return render_part(
        "console/webhook.html",
        visit,
        "webhooks",
        webhook=webhook,
        state=_STATES[webhook_state(webhook)],
        stats=stats,
        duration_text=duration_text,
        found=found,
        status=status or "",
        tabs=tabs,
        types=WEBHOOK_EVENT_TYPES,
        statuses=_STATUSES,
        failures=_FAILURES,
        disabled=_DISABLED,
        contact=contact,
        max_address=MAX_ADDRESS,
        toast=_toast(),
    )


def secret_page(visit: Visit, url: str, secret: WebhookSecretResponse) -> str:
    """New secrets as HTML: they are shown on this page only."""
    return render_part("console/webhook_secret.html", visit, "webhooks", url=url, secret=secret)


def _toast() -> Toast | None:
    """What the last form did, by the query that it led to."""
    done, number = request.args.get("done", ""), request.args.get("number", 0, type=int)
    if done in _REFUSALS:
        return Toast(str(_REFUSALS[done]), "")
    action = next((one for one in ACTIONS if one == done), None)
    return Toast(_done_text(action, max(0, number)), "") if action else None


_REFUSALS: Mapping[str, object] = {
    "webhook_disabled": lazy_gettext("The webhook is disabled: enable it first."),
    "webhook_full": lazy_gettext(
        "Too many messages wait already. Do it again once the receiver has accepted some of them."
    ),
    "rotated_lately": lazy_gettext(
        "Its secrets were renewed less than a day ago, and receivers may still use the ones from before. Wait until a day is over."
    ),
    "concurrent_change": lazy_gettext("Someone else is changing this webhook. Wait a moment, and do it again."),
    "unknown_message": lazy_gettext("That message is not known any more."),
}


def _done_text(action: WebhookAction, number: int) -> str:
    match action:
        case "replay" | "recover" | "missing":
            return ngettext("%(num)d message is sent again now.", "%(num)d messages are sent again now.", number)
        case "test":
            return gettext("A test message is on its way. It is in the list below.")
        case "enable":
            return gettext("Enabled: messages are sent from now on. What it missed is sent on request.")
        case "disable":
            return gettext("Disabled: nothing is sent to it.")
        case "rotate":
            return gettext("It has new secrets.")
        case "contact":
            return gettext("The contact is changed.")
        case _:
            assert_never(action)
