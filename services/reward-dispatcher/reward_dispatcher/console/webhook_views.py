"""Webhooks in the console: how each is, its messages and what they were answered, and what an operator may do about it."""

from contextlib import suppress

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from referral.console.guard import Visit, console_view
from referral.console.roles import Permission
from referral.encryption import DecryptionFailed
from referral.events.entities import Webhook
from referral.events.timestamps import DAY_MS
from referral.http.context import context
from referral.http.problems import Problem
from referral.mail import MAX_ADDRESS
from referral.pages.console_shell import back_to, current_program
from reward_dispatcher.delivery.messages import WEBHOOK_EVENT_TYPES
from reward_dispatcher.delivery_store import STATUSES
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.webhook_access import exclusive_change
from reward_dispatcher.http_api.webhook_deliveries import (
    deliveries_response,
    replay_all,
    require_enabled,
    send_test_message,
)
from reward_dispatcher.http_api.webhook_lines import replay_messages
from reward_dispatcher.http_api.webhook_requests import WebhookChangeRequest
from reward_dispatcher.http_api.webhook_responses import (
    WebhookResponse,
    secret_response,
    stats_response,
    webhook_response,
)
from reward_dispatcher.http_api.webhooks import set_enabled, with_new_secrets, write_changes
from reward_dispatcher.pages.webhooks_page import (
    ACTIONS,
    Contact,
    WebhookAction,
    secret_page,
    webhook_page,
    webhooks_page,
)
from reward_dispatcher.webhook_secrets import open_contact

WEBHOOKS = "/console/rewards/webhooks"
_PAGE, _MAX_DAYS = 50, 30

blueprint = Blueprint("console_webhooks", __name__)


@blueprint.get(WEBHOOKS)
@console_view("read")
def webhooks(visit: Visit) -> str:
    """The program's webhooks, and how their deliveries go."""
    program = current_program(visit)
    return webhooks_page(visit, webhook_healths(program) if program else [])


@blueprint.get(f"{WEBHOOKS}/<webhook>")
@console_view("read")
def one_webhook(visit: Visit, webhook: str) -> str:
    """A webhook: how it is, its figures, and its messages, newest first."""
    return _page(visit, _require_webhook(visit, webhook))


def _page(visit: Visit, found: Webhook, invalid_contact: str = "") -> str:
    [health] = dependencies().deliveries.healths([found.id])
    status = next((one for one in STATUSES if one == request.args.get("status")), None)
    return webhook_page(
        visit,
        webhook_response(found, health),
        stats_response(found.id, health),
        deliveries_response(found, status, request.args.get("cursor"), _PAGE),
        status,
        _contact(visit, found, invalid_contact),
    )


def _contact(visit: Visit, webhook: Webhook, invalid: str) -> Contact:
    """The contact for who may change it, otherwise whether there is one. An address that cannot be opened is not shown."""
    address = None
    if visit.may("manage_webhooks"):
        with suppress(DecryptionFailed):
            address = open_contact(context().key_ring, webhook)
    return Contact(address or "", webhook.contact is not None, invalid)


@blueprint.post(f"{WEBHOOKS}/<webhook>")
@console_view("read")
def act(visit: Visit, webhook: str) -> ResponseReturnValue:
    """Does what the form says, and shows the webhook again; new secrets are shown once."""
    word, _, message = request.form.get("decision", "").partition(" ")
    action = next((one for one in ACTIONS if one == word), None)
    if action is None:
        raise Problem(400, "malformed_request", f"`decision` must be one of {', '.join(ACTIONS)}.")
    _require_permission(visit, action)
    found = _require_webhook(visit, webhook)
    path = f"{WEBHOOKS}/{found.id}"
    try:
        if action == "rotate":
            return _rotate(visit, found)
        if action == "contact":
            return _change_contact(visit, found)
        number = _act(visit, found, action, message)
    except Problem as problem:
        if problem.status != 409:
            raise
        return back_to(path, done=problem.code)
    return back_to(path, done=action, number=number)


def webhook_healths(program: str) -> list[WebhookResponse]:
    """A program's webhooks, and how each is."""
    known = context().catalog.webhooks(program)
    return list(map(webhook_response, known, dependencies().deliveries.healths([one.id for one in known])))


def permission_for(action: WebhookAction) -> Permission:
    """The permission that an action needs: messages may be sent again by growth; the webhook itself is an admin's."""
    return "manage_webhooks" if action in ("rotate", "enable", "disable", "contact") else "resend_messages"


def _act(visit: Visit, webhook: Webhook, action: WebhookAction, message: str) -> int:
    """Does it; returns how many messages are sent now."""
    if action in ("enable", "disable"):
        enable = action == "enable"
        visit.record("webhook.enabled" if enable else "webhook.disabled", program=webhook.program, target=webhook.id)
        set_enabled(webhook, enabled=enable)
        return 0
    require_enabled(webhook)
    if action == "test":
        kind = next((one for one in WEBHOOK_EVENT_TYPES if one == request.form.get("type")), WEBHOOK_EVENT_TYPES[0])
        visit.record("webhook.tested", program=webhook.program, target=webhook.id)
        send_test_message(webhook, kind)
        return 1
    visit.record("webhook.resent", program=webhook.program, target=webhook.id)
    if action == "missing":
        return replay_all(webhook, "missed", 0, "missing").scheduled
    if action == "recover":
        days = min(_MAX_DAYS, max(1, request.form.get("days", 1, type=int)))
        return replay_all(webhook, "failed", context().clock.now_ms() - days * DAY_MS, "recover").scheduled
    return _replay(webhook, message)


def _replay(webhook: Webhook, message: str) -> int:
    if dependencies().deliveries.message(webhook.id, message) is None:
        raise Problem(409, "unknown_message", f"Message {message[:64]!r} is not known any more.")
    replay_messages(webhook, [message], "replay")
    return 1


def _rotate(visit: Visit, webhook: Webhook) -> str:
    visit.record("webhook.rotated", program=webhook.program, target=webhook.id)
    with exclusive_change(webhook.id):
        after = with_new_secrets(_require_webhook(visit, webhook.id))
    return secret_page(visit, after.url, secret_response(after))


def _change_contact(visit: Visit, webhook: Webhook) -> ResponseReturnValue:
    """Sets the contact, or removes it if the field is empty; shows the page with the mistake for what is no address."""
    sent = request.form.get("contact", "").strip()
    try:
        changes = WebhookChangeRequest().load({"contact": sent or None})
    except ValidationError:
        return _page(visit, webhook, sent[:MAX_ADDRESS]), 422
    visit.record("webhook.changed", program=webhook.program, target=webhook.id)
    with exclusive_change(webhook.id):
        write_changes(_require_webhook(visit, webhook.id), changes)
    return back_to(f"{WEBHOOKS}/{webhook.id}", done="contact")


def _require_permission(visit: Visit, action: WebhookAction) -> None:
    if not visit.may(permission_for(action)):
        detail = f"The role {visit.operator.role} does not permit `{action}`. Ask an admin."
        raise Problem(403, "role_forbids", detail)


def _require_webhook(visit: Visit, id: str) -> Webhook:
    """The webhook as it is now. Raises Problem 404 if it is unknown, removed, or of a program that the operator may not see."""
    context().follower.read_to_end()
    webhook = context().catalog.webhook(id)
    if webhook is None or webhook.removed or webhook.program not in visit.programs():
        raise Problem(404, "unknown_webhook", f"Unknown webhook {id[:64]!r}.")
    return webhook
