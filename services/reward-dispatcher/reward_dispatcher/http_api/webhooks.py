"""Webhooks: where a program's reward events are sent."""

import secrets
import socket
from base64 import b64encode

from flask import g
from flask_smorest import Blueprint
from msgspec.structs import replace

from referral.events import ids
from referral.events.entities import Webhook
from referral.events.timestamps import to_datetime
from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.idempotency import idempotent, idempotent_except
from referral.http.problems import Problem, unavailable
from referral.http.require import require_program
from referral.http.secret_field import SecretField
from reward_dispatcher.domain.webhook_addresses import ForbiddenAddress, check_addresses, check_url
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.webhook_schemas import WebhookIn, WebhookOut, WebhooksOut, WebhooksQuery

blueprint = Blueprint("webhooks", __name__)
_MAX_WEBHOOKS = 20


@blueprint.post("/v1/webhooks")
@requires("rewards:write")
@idempotent_except(SecretField("secret", recover=lambda made: _secret(str(made["id"]))))
@blueprint.arguments(WebhookIn)
@blueprint.response(201, WebhookOut)
@blueprint.alt_response(422, description="The address is not one that webhooks may go to.")
def register(body: dict[str, object]) -> dict[str, object]:
    """Sends a program's reward events to an https address from now on, signed with the secret in this answer."""
    program = str(body["program"])
    require_program_access(g.key, program)
    require_program(program)
    _check_count(program)
    _check_url(str(body["url"]))
    hook = _webhook(program, str(body["url"]), tuple(body["events"]))  # type: ignore[arg-type] # a list by its schema
    dependencies().catalog.write([hook])
    return _webhook_response(hook) | {"secret": hook.secret}


@blueprint.get("/v1/webhooks")
@requires("rewards:write")
@blueprint.arguments(WebhooksQuery, location="query")
@blueprint.response(200, WebhooksOut)
def listing(query: dict[str, str]) -> dict[str, object]:
    """A program's webhooks, without their secrets."""
    require_program_access(g.key, query["program"])
    require_program(query["program"])
    context().follower.read_to_end()
    return {
        "items": [_webhook_response(hook) for hook in context().catalog.webhooks(query["program"])],
        "next_cursor": None,
    }


@blueprint.delete("/v1/webhooks/<webhook_id>")
@requires("rewards:write")
@idempotent
@blueprint.response(204)
@blueprint.alt_response(404, description="There is no such webhook.")
def remove(webhook_id: str) -> None:
    """Sends nothing more there."""
    hook = context().catalog.webhook(webhook_id)
    if hook is None or hook.disabled:
        raise Problem(404, "unknown_webhook", f"There is no webhook {webhook_id}. GET /v1/webhooks lists them.")
    require_program_access(g.key, hook.program)
    dependencies().catalog.write([replace(hook, disabled=True, recorded_at=to_datetime(context().clock.now_ms()))])


def _webhook(program: str, url: str, events: tuple[str, ...]) -> Webhook:
    return Webhook(
        recorded_at=to_datetime(context().clock.now_ms()),
        id=ids.random_id("whk"),
        program=program,
        url=url,
        secret="whsec_" + b64encode(secrets.token_bytes(24)).decode(),
        events=events,
    )


def _secret(webhook: str) -> str:
    """The secret of a webhook that was made here, for who lost the answer. Its one home is the catalog."""
    hook = context().catalog.webhook(webhook)
    if hook is None:
        raise unavailable(f"The catalog has lost the webhook {webhook}.")
    return hook.secret


def _webhook_response(hook: Webhook) -> dict[str, object]:
    return {"id": hook.id, "program": hook.program, "url": hook.url, "events": list(hook.events)}


def _check_url(url: str) -> None:
    """Refuses what must not be called. The courier looks again at every connection: names may lead elsewhere later."""
    loopback = context().settings.webhook_loopback
    try:
        host, port = check_url(url, loopback=loopback)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        check_addresses(host, [str(entry[4][0]) for entry in found], loopback=loopback)
    except (ForbiddenAddress, OSError, UnicodeError) as error:
        place = {"pointer": "/url", "detail": str(error)}
        raise Problem(422, "bad_webhook_url", f"Webhooks cannot go to this address: {error}.", [place]) from None


def _check_count(program: str) -> None:
    if len(context().catalog.webhooks(program)) >= _MAX_WEBHOOKS:
        raise Problem(409, "too_many_webhooks", f"A program has at most {_MAX_WEBHOOKS} webhooks. Remove one first.")
