"""Webhooks: the addresses that a program's reward events are sent to."""

import secrets
import socket
from base64 import b64encode
from datetime import UTC, datetime

from flask import g
from flask_smorest import Blueprint
from msgspec.structs import asdict, replace

from referral.encryption import DecryptionFailed
from referral.events import ids
from referral.events.entities import Webhook
from referral.events.timestamps import to_datetime, to_ms
from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.idempotency import idempotent, idempotent_except
from referral.http.problems import Problem, unavailable, unreadable_secret
from referral.http.require import require_program
from referral.http.responses import response
from referral.http.secret_field import SecretField
from reward_dispatcher.domain.webhook_addresses import ForbiddenAddress, check_addresses
from reward_dispatcher.domain.webhook_url import parse_webhook_url
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.requests import WebhookRequest, WebhooksQuery
from reward_dispatcher.http_api.responses import WebhookCreatedResponse, WebhooksResponse, webhook_response
from reward_dispatcher.webhook_secret import seal_webhook_secret, webhook_secret
from reward_dispatcher.webhook_status import WebhookStatus, read_statuses

blueprint = Blueprint("webhooks", __name__)
_MAX_WEBHOOKS = 20


@blueprint.post("/v1/webhooks")
@requires("rewards:write")
@idempotent_except(SecretField("secret", recover=lambda made: _read_secret(str(made["id"]))))
@blueprint.arguments(WebhookRequest)
@response(WebhookCreatedResponse, 201)
@blueprint.alt_response(422, description="Webhooks cannot be sent to this address.")
def register(body: dict[str, object]) -> WebhookCreatedResponse:
    """Sends a program's reward events to an https address from now on, signed with the secret in this response."""
    program = str(body["program"])
    require_program_access(g.key, program)
    require_program(program)
    _check_count(program)
    url = _require_url(str(body["url"]))
    secret = "whsec_" + b64encode(secrets.token_bytes(24)).decode()
    webhook = _new_webhook(program, url, tuple(body["events"]), secret)  # type: ignore[arg-type] # a list by its schema
    dependencies().catalog.write([webhook])
    return WebhookCreatedResponse(**asdict(webhook_response(webhook, WebhookStatus())), secret=secret)


@blueprint.get("/v1/webhooks")
@requires("rewards:write")
@blueprint.arguments(WebhooksQuery, location="query")
@response(WebhooksResponse)
def list_webhooks(query: dict[str, str]) -> WebhooksResponse:
    """A program's webhooks, without their secrets, and how their deliveries go."""
    require_program_access(g.key, query["program"])
    require_program(query["program"])
    context().follower.read_to_end()
    webhooks = context().catalog.webhooks(query["program"])
    statuses = read_statuses(context().redis, [webhook.id for webhook in webhooks], to_ms(datetime.now(UTC)))
    return WebhooksResponse(items=list(map(webhook_response, webhooks, statuses)), next_cursor=None)


@blueprint.delete("/v1/webhooks/<webhook_id>")
@requires("rewards:write")
@idempotent
@blueprint.response(204)
@blueprint.alt_response(404, description="Unknown webhook.")
def remove(webhook_id: str) -> None:
    """Stops sending events to a webhook."""
    webhook = context().catalog.webhook(webhook_id)
    if webhook is None or webhook.disabled:
        raise Problem(404, "unknown_webhook", f"Unknown webhook {webhook_id!r}. GET /v1/webhooks lists them.")
    require_program_access(g.key, webhook.program)
    removed = replace(webhook, disabled=True, recorded_at=to_datetime(context().clock.now_ms()))
    dependencies().catalog.write([removed])


def _new_webhook(program: str, url: str, events: tuple[str, ...], secret: str) -> Webhook:
    now, id_ = to_datetime(context().clock.now_ms()), ids.random_id("whk")
    return Webhook(
        recorded_at=now,
        registered_at=now,
        id=id_,
        program=program,
        url=url,
        sealed=seal_webhook_secret(context().key_ring, program, id_, secret),
        events=events,
    )


def _read_secret(webhook_id: str) -> str:
    """The secret of a webhook, for a client that repeats its registration. It is stored in the catalog only."""
    webhook = context().catalog.webhook(webhook_id)
    if webhook is None:
        raise unavailable(f"The catalog does not contain webhook {webhook_id}.")
    try:
        return webhook_secret(context().key_ring, webhook)
    except DecryptionFailed as error:
        raise unreadable_secret(error) from error


def _require_url(text: str) -> str:
    """Returns the URL in ASCII. Raises Problem 422 for a forbidden address.

    Each connection is checked again: a host may resolve differently later.
    """
    loopback = context().settings.webhook_loopback
    try:
        target = parse_webhook_url(text, loopback=loopback)
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        check_addresses(target.host, [str(entry[4][0]) for entry in found], loopback=loopback)
    except (ForbiddenAddress, OSError, UnicodeError) as error:
        errors = [{"pointer": "/url", "detail": str(error)}]
        raise Problem(422, "bad_webhook_url", f"Webhooks cannot be sent to this address: {error}.", errors) from None
    return target.url


def _check_count(program: str) -> None:
    if len(context().catalog.webhooks(program)) >= _MAX_WEBHOOKS:
        detail = f"A program has at most {_MAX_WEBHOOKS} webhooks. Remove one first."
        raise Problem(409, "too_many_webhooks", detail)
