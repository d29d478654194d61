"""Shopify's and WooCommerce's own webhooks: by the adapters of their names, and mapped by examples/programs/stores.yaml."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from link_issuer.programs.yaml_form import read_yaml
from referral.config import Settings
from referral.encryption import seal
from referral.events.entities import AdapterSecret, ProgramVersion
from referral.events.timestamps import to_ms
from referral.program_file.check import check_program_file
from referral.tokens import ClickToken, TokenSigner
from tests.support.builders.participants import AMY, PSEUDONYMS, START
from tests.support.builders.storefronts import (
    SHOPIFY_CUSTOMER,
    SHOPIFY_ORDER,
    shopify_customer,
    shopify_order,
    shopify_refund,
    store_signature,
    woocommerce_customer,
    woocommerce_order,
)
from tests.support.systems.conversion_tracker import CATALOG, ConversionTracker, serve_conversion_tracker

pytestmark = pytest.mark.integration
STORES, SECRET = "prg_stores", "shpss_0123456789abcdef"
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)


@pytest.fixture
def system(settings: Settings) -> Iterator[ConversionTracker]:
    """The API with the program of the example."""
    program = check_program_file(read_yaml(Path("examples/programs/stores.yaml").read_text("utf-8")).content).program
    assert program is not None
    version = ProgramVersion(recorded_at=START, program=program, version=1, effective_from=START)
    secrets = [
        AdapterSecret(
            recorded_at=START, program=STORES, name=name, sealed=(seal(settings.key_ring(), STORES, name, SECRET),)
        )
        for name in ("shopify", "woocommerce")
    ]
    with serve_conversion_tracker(settings, version, *CATALOG, *secrets) as served:
        yield served


def _shopify(system: ConversionTracker, adapter: str, topic: str, body: bytes, secret: str = SECRET) -> TestResponse:
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": store_signature(body, secret),
        "X-Shopify-Shop-Domain": "glow.myshopify.com",
    }
    where = f"/v1/adapters/{adapter}/{STORES}"
    return system.app.test_client().post(where, data=body, headers=headers, content_type="application/json")


def _woocommerce(system: ConversionTracker, adapter: str, topic: str, body: bytes) -> TestResponse:
    headers = {
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Event": topic.partition(".")[2],
        "X-WC-Webhook-Signature": store_signature(body, SECRET),
        "X-WC-Webhook-Delivery-ID": "1",
    }
    where = f"/v1/adapters/{adapter}/{STORES}"
    return system.app.test_client().post(where, data=body, headers=headers, content_type="application/json")


def _events(system: ConversionTracker) -> dict[str, Any]:
    return {line["id"]: line for line in system.named("events")}


def test_shopifys_customers_and_orders_become_events(system: ConversionTracker) -> None:
    """Topics come from a header, ids are numbers beyond 2^53, and a paid and a cancelled order are two events."""
    answers = [
        _shopify(system, "shopify-customers", "customers/create", shopify_customer(NOW, "AMY88")),
        _shopify(system, "shopify-orders", "orders/paid", shopify_order(NOW)),
        _shopify(system, "shopify-orders", "orders/paid", shopify_order(NOW)),
        _shopify(system, "shopify-orders", "orders/cancelled", shopify_order(NOW, financial_status="refunded")),
    ]
    assert [answer.status_code for answer in answers] == [202] * 4
    events = _events(system)
    assert sorted(line["type"] for line in events.values()) == ["order.paid", "order.refunded", "person.followed"]
    assert {line["person"] for line in events.values()} == {f"shopify:{SHOPIFY_CUSTOMER}"}
    paid = events[f"shopify-orders:orders/paid:{SHOPIFY_ORDER}"]
    assert paid["data"] == {"order": str(SHOPIFY_ORDER), "amount": "403.00", "currency": "USD"}
    (followed,) = (line for line in events.values() if line["type"] == "person.followed")
    assert (followed["code"], datetime.fromisoformat(followed["occurred_at"])) == ("AMY88", NOW)


def test_shopifys_other_topics_and_orders_without_a_customer_are_passed_over(system: ConversionTracker) -> None:
    """Shopify removes a webhook whose URL keeps refusing; a wrong signature is refused all the same."""
    orders = "shopify-orders"
    for topic, body, reason in (
        ("orders/create", shopify_order(NOW), "unmapped_type"),
        ("orders/paid", shopify_order(NOW, customer=None), "no_person"),
    ):
        answer = _shopify(system, orders, topic, body)
        assert (answer.status_code, [one["reason"] for one in answer.get_json()["ignored"]]) == (200, [reason])
    assert _shopify(system, orders, "orders/paid", shopify_order(NOW), "another secret").status_code == 403
    broken = _shopify(system, orders, "orders/paid", shopify_order(NOW, total_price="free"))
    assert (broken.status_code, broken.get_json()["errors"][0]["pointer"]) == (422, "/total_price")
    assert system.lines("events") == []


def test_woocommerces_ping_customers_and_orders_are_taken(system: ConversionTracker) -> None:
    """The ping is a form without a signature and needs the status 200; times have no zone; a guest is customer 0."""
    where, form = f"/v1/adapters/woo-orders/{STORES}", "application/x-www-form-urlencoded; charset=UTF-8"
    assert system.app.test_client().post(where, data=b"webhook_id=1", content_type=form).status_code == 200
    assert (
        _woocommerce(system, "woo-customers", "customer.created", woocommerce_customer(NOW, "AMY88")).status_code == 202
    )
    statuses = [
        _woocommerce(system, "woo-orders", "order.updated", woocommerce_order(NOW, status)).status_code
        for status in ("pending", "processing", "on-hold", "refunded", "checkout-draft")
    ]
    assert statuses == [200, 202, 200, 202, 200]
    assert (
        _woocommerce(system, "woo-orders", "order.updated", woocommerce_order(NOW, "processing", 0)).status_code == 200
    )
    events = _events(system)
    assert set(events) == {
        PSEUDONYMS.event(STORES, "woo-customers:customer.created:25"),  # it names the customer
        "woo-orders:processing:727",
        "woo-orders:refunded:727",
    }
    assert {line["person"] for line in events.values()} == {"woo:25"}
    assert {datetime.fromisoformat(line["occurred_at"]) for line in events.values()} == {NOW}
    assert events["woo-orders:processing:727"]["data"] == {"order": "727", "amount": "29.35", "currency": "USD"}


def test_the_adapter_of_shopify_needs_no_mapping(system: ConversionTracker) -> None:
    """Deliveries of the same order, sent again and out of order, count once; a code and a click token are read from the order."""
    click = _click_token(system)
    cart: dict[str, Any] = {"note_attributes": [{"name": "rt", "value": click}], "discount_codes": [_DISCOUNT]}
    refund = {"id": 509562969, "created_at": NOW.isoformat(), "transactions": [_REFUND]}
    deliveries = [
        ("orders/updated", shopify_order(NOW, financial_status="partially_refunded", refunds=[refund], **cart), 202),
        ("orders/create", shopify_order(NOW, **cart), 202),
        ("orders/paid", shopify_order(NOW, **cart), 202),
        ("orders/cancelled", shopify_order(NOW, cancelled_at=NOW.isoformat(), **cart), 202),
        ("refunds/create", shopify_refund(NOW), 200),
        ("orders/create", shopify_order(NOW, financial_status="pending", **cart), 200),
    ]
    answers = [_shopify(system, "shopify", topic, body) for topic, body, _ in deliveries]
    assert [answer.status_code for answer in answers] == [status for _, _, status in deliveries]
    assert answers[0].get_json()["warnings"] == []
    events = _events(system)
    assert sorted(line["type"] for line in events.values()) == [
        "order.cancelled",
        "order.paid",
        "order.refunded",
        "person.followed",
    ]
    (followed,) = (line for line in events.values() if line["type"] == "person.followed")
    assert followed["click"] == click
    paid = events[f"shopify:paid:{SHOPIFY_ORDER}"]["data"]
    assert paid.pop("sealed_reward_code")
    assert paid == {"order": str(SHOPIFY_ORDER), "amount": "403.00", "currency": "USD", "reward_amount": "30.00"}


def test_the_adapter_of_woocommerce_takes_its_ping_and_its_orders(system: ConversionTracker) -> None:
    """The ping comes without a signature; an order counts from the payment on."""
    where, form = f"/v1/adapters/woocommerce/{STORES}", "application/x-www-form-urlencoded"
    assert system.app.test_client().post(where, data=b"webhook_id=1", content_type=form).status_code == 200
    unpaid, paid = woocommerce_order(NOW, "pending", date_paid_gmt=None), woocommerce_order(NOW, "processing")
    refunded = woocommerce_order(NOW, "processing", refunds=[{"id": 726, "reason": "", "total": "-10.00"}])
    statuses = [
        _woocommerce(system, "woocommerce", topic, body).status_code
        for topic, body in (("order.created", unpaid), ("order.updated", paid), ("order.updated", refunded))
    ]
    assert statuses == [200, 202, 202]
    events = _events(system)
    assert events["woocommerce:refunded:726"]["data"] == {"order": "727", "amount": "10.00"}
    assert {line["person"] for line in events.values()} == {"woocommerce:25"}


def test_only_the_store_itself_reports_its_orders(system: ConversionTracker) -> None:
    """A wrong signature, none, a changed byte, and a program without a secret; a test notification is acknowledged."""
    body, where = shopify_order(NOW), f"/v1/adapters/shopify/{STORES}"
    assert _shopify(system, "shopify", "orders/paid", body, "another secret").status_code == 403
    client, headers = system.app.test_client(), {"X-Shopify-Topic": "orders/paid"}
    assert client.post(where, data=body, headers=headers).status_code == 401
    headers["X-Shopify-Hmac-Sha256"] = store_signature(body, SECRET)
    assert client.post(where, data=body.replace(b"403.00", b"503.00"), headers=headers).status_code == 403
    assert client.post(where, data=body, headers=headers | {"X-Shopify-Test": "true"}).status_code == 200
    assert client.post("/v1/adapters/shopify/prg_glow", data=body, headers=headers).status_code == 404
    assert system.lines("events") == []


def test_an_invalid_order_is_an_error_in_the_payload_of_the_store(system: ConversionTracker) -> None:
    """The pointer leads to the store's own field."""
    for field, value in (("total_price", "free"), ("currency", "XYZ"), ("created_at", "yesterday")):
        answer = _shopify(system, "shopify", "orders/paid", shopify_order(NOW, **{field: value}))
        errors = answer.get_json()["errors"] if answer.status_code == 422 else answer.get_json()["rejected"]
        assert [one["pointer"] for one in errors][-1] == f"/{field}"


def _click_token(system: ConversionTracker) -> str:
    click = ClickToken(
        id="clk_00000000000000aa", program=STORES, participant=AMY.id, code="AMY88", clicked_at_ms=to_ms(NOW) - 60_000
    )
    return TokenSigner(system.context.key_ring).sign_click(click)


_DISCOUNT = {"code": "7F3KQ2M4", "amount": "30.00", "type": "fixed_amount"}
_REFUND = {"kind": "refund", "status": "success", "amount": "15.00", "currency": "USD"}
