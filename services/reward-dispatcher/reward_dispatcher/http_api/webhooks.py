"""Webhooks: the addresses that messages about a program are sent to, and their secrets."""

import socket

from flask import g
from msgspec.structs import asdict, replace

from referral.encryption import DecryptionFailed
from referral.events import ids
from referral.events.entities import Webhook
from referral.events.timestamps import to_datetime, to_ms
from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.idempotency import idempotent, idempotent_except
from referral.http.json_body import Blueprint
from referral.http.problems import Problem, unavailable, unreadable_secret
from referral.http.require import require_program
from referral.http.responses import response
from referral.http.secret_field import SecretField
from referral.outbound.public_addresses import ForbiddenAddress, check_addresses
from reward_dispatcher.domain.endpoint_health import EndpointHealth
from reward_dispatcher.domain.webhook_url import parse_webhook_url
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.webhook_access import changing_webhook, exclusive_change, require_webhook
from reward_dispatcher.http_api.webhook_lines import await_health, disable_endpoint, enable_endpoint
from reward_dispatcher.http_api.webhook_requests import (
    RotationRequest,
    WebhookChangeRequest,
    WebhookRequest,
    WebhooksQuery,
)
from reward_dispatcher.http_api.webhook_responses import (
    WebhookCreatedResponse,
    WebhookResponse,
    WebhookSecretResponse,
    WebhooksResponse,
    secret_response,
    webhook_response,
)
from reward_dispatcher.webhook_secrets import (
    OVERLAP_MS,
    SecretPair,
    new_secret_pair,
    newest_secret_pair,
    rotate,
    seal_contact,
    seal_secret_pair,
)

blueprint = Blueprint("webhooks", __name__)
_MAX_WEBHOOKS = 20
_CHANGING = "Another request is changing the webhook."


@blueprint.post("/v1/webhooks")
@requires("rewards:write")
@idempotent_except(SecretField("secret", recover=lambda made: _read_secret(str(made["id"]))))
@blueprint.arguments(WebhookRequest)
@response(WebhookCreatedResponse, 201)
@blueprint.alt_response(409, description="The program has 20 webhooks, or another request is adding one.")
@blueprint.alt_response(422, description="Webhooks cannot be sent to this address.")
def register(body: dict[str, object]) -> WebhookCreatedResponse:
    """Sends messages about a program to an https address from now on, signed with the secrets in this response."""
    program = str(body["program"])
    require_program_access(g.key, program)
    require_program(program)
    url, pair = _require_url(str(body["url"])), new_secret_pair()
    with exclusive_change(program):
        _check_count(program)
        webhook = _new_webhook(program, url, body, pair)
        dependencies().catalog.write([webhook])
    return WebhookCreatedResponse(**asdict(webhook_response(webhook, EndpointHealth())), secret=pair.secret)


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
    healths = dependencies().deliveries.healths([webhook.id for webhook in webhooks])
    return WebhooksResponse(items=list(map(webhook_response, webhooks, healths)), next_cursor=None)


@blueprint.patch("/v1/webhooks/<webhook_id>")
@requires("rewards:write")
@idempotent
@blueprint.arguments(WebhookChangeRequest)
@response(WebhookResponse)
@blueprint.alt_response(404, description="Unknown webhook.")
@blueprint.alt_response(409, description=_CHANGING)
@blueprint.alt_response(422, description="Webhooks cannot be sent to this address.")
@blueprint.alt_response(503, description="The change is on the log, but not in effect yet: send it again.")
def change(body: dict[str, object], webhook_id: str) -> WebhookResponse:
    """Changes the address, the types of messages, the description or the contact, or disables and enables the webhook.

    What it missed while it was disabled is sent on request only (`replay-missing`).
    """
    webhook = _changed(webhook_id, body)
    enabled = body.get("enabled")
    if enabled is None:
        [health] = dependencies().deliveries.healths([webhook.id])
        return webhook_response(webhook, health)
    return webhook_response(webhook, set_enabled(webhook, enabled=bool(enabled)))


@blueprint.post("/v1/webhooks/<webhook_id>/rotate")
@requires("rewards:write")
@idempotent_except(SecretField("secret", recover=lambda made: _read_secret(str(made["id"]))))
@blueprint.arguments(RotationRequest)
@response(WebhookSecretResponse)
@blueprint.alt_response(404, description="Unknown webhook.")
@blueprint.alt_response(
    409, description="The last rotation is not a day old, or another request is changing the webhook."
)
def rotate_secrets(body: dict[str, bool], webhook_id: str) -> WebhookSecretResponse:
    """Makes a new pair of secrets. For 24 hours messages are signed with the former pair as well, so change it within them."""
    with changing_webhook(webhook_id) as webhook:
        after = with_new_secrets(webhook, end_former=body["end_former"])
    return secret_response(after)


@blueprint.delete("/v1/webhooks/<webhook_id>")
@requires("rewards:write")
@idempotent
@blueprint.response(204)
@blueprint.alt_response(404, description="Unknown webhook.")
@blueprint.alt_response(409, description=_CHANGING)
def remove(webhook_id: str) -> None:
    """Stops sending messages to a webhook, also those that wait."""
    with changing_webhook(webhook_id) as webhook:
        disable_endpoint(webhook, "removed")
        removed = replace(webhook, removed=True, contact=None, recorded_at=to_datetime(context().clock.now_ms()))
        dependencies().catalog.write([removed])


def set_enabled(webhook: Webhook, *, enabled: bool) -> EndpointHealth:
    """Enables or disables a webhook, and returns how it is then. Raises NotDurable, Overloaded, and Problem 503."""
    if enabled:
        enable_endpoint(webhook)
    else:
        disable_endpoint(webhook, "operator")
    return await_health(webhook.id, lambda health: (health.disabled is None) is enabled)


def with_new_secrets(webhook: Webhook, *, end_former: bool = False) -> Webhook:
    """Gives a webhook a new pair of secrets, and returns it. Call it within `exclusive_change`.

    Raises Problem 409 within a day of the last time.
    """
    now_ms = context().clock.now_ms()
    if not end_former:
        _require_no_overlap(webhook, now_ms)
    after = rotate(context().key_ring, webhook, now_ms)
    dependencies().catalog.write([after])
    return after


def write_changes(before: Webhook, changes: dict[str, object]) -> Webhook:
    """Writes a webhook with checked changes, and returns it. Call it within `exclusive_change`. Raises NotDurable."""
    if "events" in changes:
        changes["events"] = tuple(changes["events"])  # type: ignore[arg-type] # a list by its schema
    if "contact" in changes:
        changes["contact"] = _sealed_contact(before.program, before.id, changes["contact"])
    after = replace(before, recorded_at=to_datetime(context().clock.now_ms()), **changes)
    dependencies().catalog.write([after])
    return after


def _new_webhook(program: str, url: str, body: dict[str, object], pair: SecretPair) -> Webhook:
    now, id_ = to_datetime(context().clock.now_ms()), ids.random_id("whk")
    return Webhook(
        recorded_at=now,
        registered_at=now,
        id=id_,
        program=program,
        url=url,
        sealed=(seal_secret_pair(context().key_ring, program, id_, pair),),
        events=tuple(body["events"]),  # type: ignore[arg-type] # a list by its schema
        description=str(body["description"]),
        contact=_sealed_contact(program, id_, body["contact"]),
    )


def _sealed_contact(program: str, webhook: str, address: object) -> str | None:
    return None if address is None else seal_contact(context().key_ring, program, webhook, str(address))


def _changed(webhook_id: str, body: dict[str, object]) -> Webhook:
    """Writes the webhook with the changes of a request, if it has any; returns it."""
    webhook = require_webhook(webhook_id)
    changes = {name: value for name, value in body.items() if name in ("url", "events", "description", "contact")}
    if not changes:
        return webhook
    if "url" in changes:
        changes["url"] = _require_url(str(changes["url"]))  # before others are held: a name server may be slow
    with changing_webhook(webhook_id) as before:
        return write_changes(before, changes)


def _require_no_overlap(webhook: Webhook, now_ms: int) -> None:
    """Raises Problem 409 if receivers may still verify with the pair before the newest one."""
    rotated = webhook.rotated_at
    if rotated is not None and now_ms < to_ms(rotated) + OVERLAP_MS:
        detail = (
            f"The secrets were rotated at {rotated:%Y-%m-%dT%H:%M:%SZ}. Receivers may still use the pair from before; another"
            " rotation ends it. Wait for 24 hours, or send `end_former: true`."
        )
        raise Problem(409, "rotated_lately", detail)


def _read_secret(webhook_id: str) -> str:
    """The newest secret of a webhook, for a client that repeats a request. It is stored in the catalog only."""
    context().follower.read_to_end()
    webhook = context().catalog.webhook(webhook_id)
    if webhook is None:
        raise unavailable(f"The catalog does not contain webhook {webhook_id}.")
    try:
        return newest_secret_pair(context().key_ring, webhook).secret
    except DecryptionFailed as error:
        raise unreadable_secret(error) from error


def _require_url(text: str) -> str:
    """Returns the URL in ASCII. Raises Problem 422 for a forbidden address.

    Each connection is checked again: a host may resolve differently later.
    """
    loopback = context().settings.webhook_loopback
    try:
        target = parse_webhook_url(text, loopback=loopback)
        check_addresses(target.host, _addresses(target.host, target.port), loopback=loopback)
    except ForbiddenAddress as error:
        errors = [{"pointer": "/url", "detail": str(error)}]
        raise Problem(422, "bad_webhook_url", f"Webhooks cannot be sent to this address: {error}.", errors) from None
    return target.url


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = f"{host} was not found in DNS ({error}): check the name, or try again if it is new"
        raise ForbiddenAddress(reason) from None
    return [str(entry[4][0]) for entry in found]


def _check_count(program: str) -> None:
    context().follower.read_to_end()
    if len(context().catalog.webhooks(program)) >= _MAX_WEBHOOKS:
        detail = f"A program has at most {_MAX_WEBHOOKS} webhooks. Remove one first."
        raise Problem(409, "too_many_webhooks", detail)
