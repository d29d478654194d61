"""Orders of Shopify and WooCommerce: what happened follows from the order, whatever webhook brought it and however often."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.adapters.mapped_event import IgnoredItem, MappedEvent, MappedItem, MappingError
from conversion_tracker.ingest.adapters.stores.shopify import TOPICS, shopify_events
from conversion_tracker.ingest.adapters.stores.woocommerce import woocommerce_events
from conversion_tracker.ingest.events_request import parse_foreign_payload
from tests.support.builders.storefronts import (
    SHOPIFY_CUSTOMER,
    SHOPIFY_ORDER,
    shopify_order,
    shopify_refund,
    woocommerce_order,
)

AT = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
TEXT = "2026-11-03T08:00:00+00:00"


def _is_referral_code(code: str) -> bool:
    return code == "AMY88"


def _shopify(topic: str = "orders/paid", **fields: object) -> list[MappedItem]:
    payload = parse_foreign_payload(shopify_order(AT, **fields))  # type: ignore[arg-type] # customer, and fields of the payload
    return shopify_events(topic, payload, "prg_glow", _is_referral_code)


def _woocommerce(status: str = "processing", customer: int = 25, **fields: object) -> list[MappedItem]:
    payload = parse_foreign_payload(woocommerce_order(AT, status, customer, **fields))
    return woocommerce_events("order.updated", payload, "prg_glow", _is_referral_code)


def _by_type(items: list[MappedItem]) -> dict[str, dict[str, Any]]:
    lines = [json.loads(item.line) for item in items if isinstance(item, MappedEvent)]
    assert len(lines) == len(items)
    return {line["type"]: line for line in lines}


def _reasons(items: list[MappedItem]) -> list[str]:
    return [item.reason for item in items if isinstance(item, IgnoredItem)]


def test_a_paid_order_of_shopify_is_a_customer_and_an_order() -> None:
    """The ids are numbers beyond 2^53, and evidence is in the cart attributes that the storefront set."""
    attributes = [{"name": "gift wrap", "value": "yes"}, {"name": "_rt", "value": "ct1.abc"}, {"name": "n", "value": 5}]
    events = _by_type(_shopify(note_attributes=attributes))
    person, order = f"shopify:{SHOPIFY_CUSTOMER}", str(SHOPIFY_ORDER)
    assert events["person.followed"] == {
        "id": f"shopify:customer:{SHOPIFY_CUSTOMER}",
        "type": "person.followed",
        "program": "prg_glow",
        "person": person,
        "occurred_at": TEXT,
        "channel": "web",
        "click": "ct1.abc",
    }
    assert events["order.paid"] == {
        "id": f"shopify:paid:{order}",
        "type": "order.paid",
        "program": "prg_glow",
        "person": person,
        "occurred_at": TEXT,
        "channel": "web",
        "data": {"order": order, "amount": "403.00", "currency": "USD"},
    }


def test_the_address_of_entry_is_evidence_if_the_cart_has_none() -> None:
    """Shopify keeps the address with which the buyer entered the store; a malformed one costs nothing."""
    assert _by_type(_shopify(landing_site="/?utm_source=x&rt=ct1.abc"))["person.followed"]["click"] == "ct1.abc"
    cart = [{"name": "rt", "value": "ct1.cart"}]
    events = _by_type(_shopify(landing_site="/?rt=ct1.abc", note_attributes=cart))
    assert events["person.followed"]["click"] == "ct1.cart"
    for malformed in ("//[", "/?" + "&".join("a=1" for _ in range(200)), None):
        assert "click" not in _by_type(_shopify(landing_site=malformed))["person.followed"]


def test_a_discount_code_is_a_referral_code_or_the_code_of_a_reward() -> None:
    """A referral code is evidence; the first other code is taken for a reward's, with the amount if that is fixed."""
    codes = [
        {"code": "AMY88", "amount": "40.30", "type": "percentage"},
        {"code": "7F3KQ2M4", "amount": "30.00", "type": "fixed_amount"},
        {"code": "SUMMER", "amount": "1.00", "type": "fixed_amount"},
    ]
    events = _by_type(_shopify(discount_codes=codes))
    assert events["person.followed"]["code"] == "AMY88"
    assert (events["order.paid"]["data"]["reward_code"], events["order.paid"]["data"]["reward_amount"]) == (
        "7F3KQ2M4",
        "30.00",
    )
    coupons = [{"code": "7f3kq2m4", "discount": "5.00", "discount_type": "percent"}]
    data = _by_type(_woocommerce(coupon_lines=coupons))["order.paid"]["data"]
    assert (data["reward_code"], data.get("reward_amount")) == ("7f3kq2m4", None)


@pytest.mark.parametrize(
    ("currency", "total", "refunded"), [("JPY", "1500", "500"), ("KWD", "12.345", "0.005"), ("USD", "403.00", "41.94")]
)
def test_amounts_keep_every_digit_of_their_currency(currency: str, total: str, refunded: str) -> None:
    """Currencies without decimals and with three of them; the parts of a refund are added exactly."""
    paid = {"kind": "refund", "status": "success", "amount": refunded, "currency": currency}
    failed, kept = {**paid, "status": "failure"}, {**paid, "kind": "void"}
    refund = {"id": 509562969, "created_at": "2026-11-04T09:00:00+01:00", "transactions": [paid, failed, kept, paid]}
    restock = {"id": 509562970, "created_at": "2026-11-04T09:00:00+01:00", "transactions": []}
    events = _by_type(
        _shopify(
            "orders/updated",
            total_price=total,
            currency=currency,
            financial_status="partially_refunded",
            refunds=[refund, restock],
        )
    )
    assert events["order.paid"]["data"] | {"order": ""} == {"order": "", "amount": total, "currency": currency}
    refund_event = events["order.refunded"]
    assert (refund_event["id"], refund_event["occurred_at"]) == ("shopify:refunded:509562969", refund["created_at"])
    digits = len(refunded.partition(".")[2])
    assert refund_event["data"]["amount"] == f"{2 * float(refunded):.{digits}f}"


@pytest.mark.parametrize(
    ("currency", "total", "refunded", "used", "expected"),
    [
        ("CNY", "29.355", "-9.9951", "3.0049", ("29.36", "10.00", "3.00")),
        ("CNY", "29.345", "-0.015", "0.0051", ("29.34", "0.02", "0.01")),
        ("JPY", "1500.5", "-499.5", "30.00", ("1500", "500", "30.00")),
        ("KWD", "12.3455", "-0.0015", "1.2345", ("12.346", "0.002", "1.234")),
        ("CNY", "403.0000", "-41.9400", "30", ("403.0000", "41.9400", "30")),
    ],
)
def test_decimals_beyond_the_currency_are_rounded_half_to_even(
    currency: str, total: str, refunded: str, used: str, expected: tuple[str, str, str]
) -> None:
    """A shop may show prices with more decimals than anyone can pay; zeros at the end change nothing."""
    coupon = {"code": "7f3kq2m4", "discount": used, "discount_type": "fixed_cart"}
    refunds = [{"id": 726, "reason": "", "total": refunded}]
    events = _by_type(_woocommerce(total=total, currency=currency, refunds=refunds, coupon_lines=[coupon]))
    paid, refund = events["order.paid"]["data"], events["order.refunded"]["data"]
    assert (paid["amount"], refund["amount"], paid["reward_amount"]) == expected


def test_less_than_half_a_minor_unit_is_no_refund_and_no_use_of_a_reward() -> None:
    """It cannot be paid; an order is not refused for it."""
    coupon = {"code": "7f3kq2m4", "discount": "0.004", "discount_type": "fixed_cart"}
    refunds = [{"id": 726, "reason": "", "total": "-0.005"}]
    events = _by_type(_woocommerce(total="29.35", currency="CNY", refunds=refunds, coupon_lines=[coupon]))
    assert "order.refunded" not in events
    assert "reward_amount" not in events["order.paid"]["data"]


def test_a_refund_beyond_every_amount_is_an_error_at_its_place() -> None:
    """Its parts are not added: the sum would overflow."""
    paid = {"kind": "refund", "status": "success", "amount": "1e999999"}
    with pytest.raises(MappingError) as caught:
        _shopify(refunds=[{"id": 1, "created_at": TEXT, "transactions": [paid, paid]}])
    assert (caught.value.code, caught.value.pointer) == ("invalid_value", "/refunds/0/transactions")


def test_a_refund_in_another_currency_is_an_error_at_its_place() -> None:
    """It is never taken for an amount of the order's currency."""
    refund = {
        "id": 1,
        "created_at": TEXT,
        "transactions": [{"kind": "refund", "status": "success", "amount": "3", "currency": "EUR"}],
    }
    with pytest.raises(MappingError) as caught:
        _shopify(refunds=[refund])
    assert (caught.value.code, caught.value.pointer) == ("invalid_value", "/refunds/0/transactions")


def test_a_woocommerce_order_is_paid_when_it_has_a_date_of_payment() -> None:
    """Times are in UTC without saying so; a refund is below zero; a cancellation is a status."""
    metadata = [{"id": 1, "key": "_order_total", "value": {"x": 1}}, {"id": 2, "key": "rt", "value": "ct1.abc"}]
    refunds = [{"id": 726, "reason": "", "total": "-10.00"}, {"id": 724, "reason": "", "total": "-9.00"}]
    items = _woocommerce("cancelled", meta_data=metadata, refunds=refunds)
    lines = [json.loads(item.line) for item in items if isinstance(item, MappedEvent)]
    assert [(line["id"], line["data"].get("amount") if "data" in line else None) for line in lines] == [
        ("woocommerce:customer:25", None),
        ("woocommerce:paid:727", "29.35"),
        ("woocommerce:cancelled:727", None),
        ("woocommerce:refunded:726", "10.00"),
        ("woocommerce:refunded:724", "9.00"),
    ]
    assert {line["occurred_at"] for line in lines} == {"2026-11-03T08:00:00Z"}
    assert lines[0]["click"] == "ct1.abc"


def test_what_is_no_event_says_why() -> None:
    """Another topic, an order without an account, an order that is not paid, and a refund alone."""
    assert _reasons(_shopify("products/update")) == ["unmapped_type"]
    assert _reasons(_shopify(customer=None)) == ["no_person"]
    assert _reasons(_shopify("orders/create", financial_status="pending")) == ["not_paid"]
    assert _reasons(_woocommerce(customer=0)) == ["no_person"]
    assert _reasons(_woocommerce("pending", date_paid_gmt=None)) == ["not_paid"]
    refund = parse_foreign_payload(shopify_refund(AT))
    (item,) = shopify_events("refunds/create", refund, "prg_glow", _is_referral_code)
    assert isinstance(item, IgnoredItem)
    assert "orders/updated" in item.detail


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [("id", None, "/id"), ("customer", 5, "/customer"), ("refunds", [{"id": 1}], "/refunds/0/created_at")],
)
def test_a_payload_of_another_shape_is_an_error_with_its_place(field: str, value: object, pointer: str) -> None:
    """The error leads to the field of the payload."""
    body = json.loads(shopify_order(AT)) | {field: value}
    with pytest.raises(MappingError) as caught:
        shopify_events("orders/paid", body, "prg_glow", _is_referral_code)
    assert caught.value.code == "not_mapped"
    assert caught.value.pointer in (pointer, pointer.rpartition("/")[0])


@given(st.lists(st.tuples(st.sampled_from(TOPICS), st.integers(0, 3)), min_size=1, max_size=8))
def test_any_deliveries_of_an_order_amount_to_the_same_events(deliveries: list[tuple[str, int]]) -> None:
    """Each event is the same in every delivery that has it, so the id decides alone and the order of arrival does not matter."""
    states: list[dict[str, object]] = [
        {"financial_status": "paid"},
        {"financial_status": "partially_refunded", "refunds": [_refund(1)]},
        {"financial_status": "refunded", "refunds": [_refund(1), _refund(2)]},
        {"financial_status": "refunded", "refunds": [_refund(1), _refund(2)], "cancelled_at": TEXT},
    ]
    seen: dict[str, bytes] = {}
    for topic, state in deliveries:
        for item in _shopify(topic, **states[state]):
            assert isinstance(item, MappedEvent)
            identity = json.loads(item.line)["id"]
            assert seen.setdefault(identity, item.line) == item.line


def _refund(number: int) -> dict[str, object]:
    transaction = {"kind": "refund", "status": "success", "amount": "10.00", "currency": "USD"}
    return {"id": number, "created_at": TEXT, "transactions": [transaction]}
