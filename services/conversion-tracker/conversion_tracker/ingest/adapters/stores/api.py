"""`POST /v1/adapters/shopify/{program}` and `…/woocommerce/{program}`: webhooks of stores, without a mapping of their fields."""

from collections.abc import Callable

from flask import request

from conversion_tracker.ingest.adapters.json_mapping.api import accept_webhook
from conversion_tracker.ingest.adapters.json_mapping.ping import is_ping
from conversion_tracker.ingest.adapters.json_mapping.webhook_response import WebhookResponse
from conversion_tracker.ingest.adapters.mapped_event import IgnoredItem, MappedItem, MappingError
from conversion_tracker.ingest.adapters.signed_webhook_request import (
    PING,
    record_items,
    require_program_in_force,
    require_valid_signature,
)
from conversion_tracker.ingest.adapters.stores import shopify, woocommerce
from conversion_tracker.ingest.adapters.stores.store_order import IsReferralCode
from conversion_tracker.ingest.adapters.stores.stores_openapi import POST_STORE_WEBHOOK
from conversion_tracker.ingest.events_request import check_count, parse_foreign_payload
from conversion_tracker.ingest.ingest_openapi import ACCEPTED
from conversion_tracker.ingest.program_access import check_program_exists
from referral.events.adapters import AdapterSignature
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response

blueprint = Blueprint("stores", __name__, description="Webhooks of Shopify and WooCommerce stores.")
_NOTHING_TO_RECORD = (
    "There was no event to record: another topic, an order that is not paid, a guest's order, or a ping."
)
_TEST = IgnoredItem("no_event", "", "Shopify marks the webhook as a test notification, with data of no real order.")
_Events = Callable[[str, object, str, IsReferralCode], list[MappedItem]]


@blueprint.post("/v1/adapters/shopify/<program>")
@blueprint.doc(**POST_STORE_WEBHOOK)
@without_rate_limit
@response(WebhookResponse, 200, description=_NOTHING_TO_RECORD)
@response(WebhookResponse, 202, description=ACCEPTED)
def shopify_webhook(program: str) -> tuple[WebhookResponse, int]:
    """Accept a webhook of a Shopify store: orders that were paid, cancelled or refunded become events.

    The topics orders/create, orders/paid, orders/updated and orders/cancelled are taken, signed with the secret `shopify`.
    """
    return _accept(shopify.NAME, program, shopify.SIGNATURE_HEADER, shopify.TOPIC_HEADER, shopify.shopify_events)


@blueprint.post("/v1/adapters/woocommerce/<program>")
@blueprint.doc(**POST_STORE_WEBHOOK)
@without_rate_limit
@response(WebhookResponse, 200, description=_NOTHING_TO_RECORD)
@response(WebhookResponse, 202, description=ACCEPTED)
def woocommerce_webhook(program: str) -> tuple[WebhookResponse, int]:
    """Accept a webhook of a WooCommerce store: orders that were paid, cancelled or refunded become events.

    The topics order.created and order.updated are taken, signed with the secret `woocommerce`. Its ping needs no signature.
    """
    header, topic_header = woocommerce.SIGNATURE_HEADER, woocommerce.TOPIC_HEADER
    return _accept(woocommerce.NAME, program, header, topic_header, woocommerce.woocommerce_events)


def _accept(
    name: str, program: str, signature_header: str, topic_header: str, events: _Events
) -> tuple[WebhookResponse, int]:
    """The response to a webhook. An adapter of this name in the program file, from before there was this one, takes precedence."""
    adapters = require_program_in_force(program).adapters
    declared = next((one for one in adapters if one.id == name), None)
    if declared is not None:
        return accept_webhook(declared, program)
    body = request.get_data(cache=False)
    if is_ping(body, request.mimetype) and not request.headers.get(signature_header):
        context().limiter.count(request)
        return record_items([PING], name)
    signature = AdapterSignature(header=signature_header, secret=name, encoding="base64")
    require_valid_signature(signature, program, body)
    if is_ping(body, request.mimetype):
        return record_items([PING], name)
    if request.headers.get("X-Shopify-Test") == "true":
        return record_items([_TEST], name)
    return record_items(check_count(_map_or_error(body, program, topic_header, events)), name)


def _map_or_error(body: bytes, program: str, topic_header: str, events: _Events) -> list[MappedItem]:
    payload, topic = parse_foreign_payload(body), request.headers.get(topic_header, "").strip()
    try:
        return events(topic, payload, program, check_program_exists(program).has_code)
    except MappingError as error:
        return [error]
