"""Webhooks of shops as their documentation shows them: the fields that matter here, and those around them.

- Shopify, orders/paid, refunds/create and customers/create: https://shopify.dev/docs/api/webhooks (version 2026-10)
- WooCommerce, order and customer: https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties
"""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

SHOPIFY_ORDER, SHOPIFY_CUSTOMER = 820982911946154508, 115310627314723954


def store_signature(body: bytes, secret: str) -> str:
    """The HMAC-SHA256 of a body in Base64, as both shops send it."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def shopify_customer(at: datetime, note: str | None = None) -> bytes:
    """The body of customers/create."""
    return _json(
        {
            "id": SHOPIFY_CUSTOMER,
            "created_at": _with_offset(at),
            "updated_at": _with_offset(at),
            "first_name": "Bob",
            "last_name": "Biller",
            "state": "disabled",
            "note": note,
            "verified_email": True,
            "tax_exempt": False,
            "email": "bob@biller.com",
            "phone": None,
            "addresses": [],
            "admin_graphql_api_id": f"gid://shopify/Customer/{SHOPIFY_CUSTOMER}",
            "default_address": {"id": None, "customer_id": SHOPIFY_CUSTOMER, "country_code": "US"},
        }
    )


def shopify_order(at: datetime, customer: int | None = SHOPIFY_CUSTOMER, **more: object) -> bytes:
    """The body of orders/paid and orders/cancelled; `customer` is null for an order without an account."""
    return _json(
        {
            "id": SHOPIFY_ORDER,
            "admin_graphql_api_id": f"gid://shopify/Order/{SHOPIFY_ORDER}",
            "app_id": None,
            "cancelled_at": None,
            "checkout_id": None,
            "created_at": _with_offset(at),
            "updated_at": _with_offset(at),
            "currency": "USD",
            "total_price": "403.00",
            "total_price_set": {"shop_money": {"amount": "403.00", "currency_code": "USD"}},
            "financial_status": "paid",
            "name": "#9999",
            "number": 234,
            "order_number": 1234,
            "test": True,
            "discount_codes": [],
            "customer": None
            if customer is None
            else {"id": customer, "email": "john@example.com", "state": "disabled"},
            "line_items": [{"id": 866550311766439020, "quantity": 1, "price": "199.00", "sku": "IPOD2008PINK"}],
            **more,
        }
    )


def shopify_refund(at: datetime) -> bytes:
    """The body of refunds/create, which names the order and no buyer."""
    return _json(
        {
            "id": 890088186047892319,
            "order_id": SHOPIFY_ORDER,
            "created_at": _with_offset(at),
            "processed_at": _with_offset(at),
            "note": "Things were damaged",
            "user_id": 548380009,
            "restock": False,
            "admin_graphql_api_id": "gid://shopify/Refund/890088186047892319",
            "duties": [],
            "refund_line_items": [
                {"id": 487817672276298627, "order_id": SHOPIFY_ORDER, "quantity": 1, "restock_type": "no_restock"}
            ],
            "transactions": [
                {
                    "id": 245135271310201194,
                    "order_id": SHOPIFY_ORDER,
                    "amount": "15.00",
                    "currency": "USD",
                    "gateway": "shopify_payments",
                    "kind": "refund",
                    "status": "success",
                    "test": False,
                }
            ],
            "order_adjustments": [],
        }
    )


def woocommerce_customer(at: datetime, code: str) -> bytes:
    """The body of customer.created; the shop's sign-up form stores the referral code as metadata."""
    return _json(
        {
            "id": 25,
            "date_created": _without_zone(at),
            "date_created_gmt": _without_zone(at),
            "date_modified": _without_zone(at),
            "date_modified_gmt": _without_zone(at),
            "email": "john.doe@example.com",
            "role": "customer",
            "username": "john.doe",
            "billing": {"country": "US"},
            "is_paying_customer": False,
            "avatar_url": "https://secure.gravatar.com/avatar/8eb1b522f60d11fa897de1dc6351b7e8?s=96",
            "meta_data": [{"id": 1, "key": "referral_code", "value": code}],
            "_links": {"self": [{"href": "https://example.com/wp-json/wc/v3/customers/25"}]},
        }
    )


def woocommerce_order(at: datetime, status: str, customer: int = 25, **more: object) -> bytes:
    """The body of order.created and order.updated; the customer of a guest's order is 0."""
    return _json(
        {
            "id": 727,
            "parent_id": 0,
            "number": "727",
            "order_key": "wc_order_58d2d042d1d",
            "created_via": "rest-api",
            "version": "9.4.0",
            "status": status,
            "currency": "USD",
            "date_created": _without_zone(at),
            "date_created_gmt": _without_zone(at),
            "date_modified": _without_zone(at),
            "date_modified_gmt": _without_zone(at),
            "discount_total": "0.00",
            "total": "29.35",
            "prices_include_tax": False,
            "customer_id": customer,
            "billing": {"first_name": "John", "last_name": "Doe"},
            "date_paid_gmt": _without_zone(at),
            "meta_data": [{"id": 13106, "key": "_download_permissions_granted", "value": "yes"}],
            "line_items": [{"id": 315, "name": "Woo Single #1", "product_id": 93, "quantity": 2, "total": "6.00"}],
            "coupon_lines": [],
            "refunds": [],
            **more,
        }
    )


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()


def _with_offset(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _without_zone(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
