"""Shopify's and WooCommerce's own webhooks, mapped by the adapters of examples/programs/stores.yaml."""

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
from referral.program_file.check import check_program_file
from tests.support.builders.participants import PSEUDONYMS, START
from tests.support.builders.storefronts import (
    SHOPIFY_CUSTOMER,
    SHOPIFY_ORDER,
    shopify_customer,
    shopify_order,
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
