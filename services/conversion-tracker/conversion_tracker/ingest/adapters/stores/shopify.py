"""Orders of Shopify. Fields: https://shopify.dev/docs/api/admin-rest/latest/resources/order, topics: https://shopify.dev/docs/api/webhooks

`refunds/create` names no buyer. Shopify sends `orders/updated` for the same refund, with the order, its buyer and all its refunds.
"""

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import msgspec

from conversion_tracker.ingest.adapters.mapped_event import IgnoredItem, MappedItem, MappingError
from conversion_tracker.ingest.adapters.stores.payload import (
    CLICK_NAMES,
    CODE_NAMES,
    Money,
    StoreId,
    attribute_value,
    main_unit,
    read_payload,
    unmapped_topic,
)
from conversion_tracker.ingest.adapters.stores.store_order import (
    IsReferralCode,
    StoreCode,
    StoreOrder,
    StoreRefund,
    order_events,
)

NAME, SIGNATURE_HEADER, TOPIC_HEADER = "shopify", "X-Shopify-Hmac-Sha256", "X-Shopify-Topic"
TOPICS = ("orders/create", "orders/paid", "orders/updated", "orders/cancelled")
REFUND_TOPIC = "refunds/create"
_WAS_PAID = ("paid", "partially_refunded", "refunded")
_MAX_LANDING_SITE = 4096
_POINTERS = {
    "": "",
    "/id": "/id",
    "/person": "/customer/id",
    "/occurred_at": "/created_at",
    "/since": "/customer/created_at",
    "/cancelled": "/cancelled_at",
    "/code": "/note_attributes",
    "/click": "/note_attributes",
    "/data": "/financial_status",
    "/data/order": "/id",
    "/data/amount": "/total_price",
    "/data/currency": "/currency",
    "/data/reward_code": "/discount_codes",
    "/data/reward_amount": "/discount_codes",
}


class ShopifyCustomer(msgspec.Struct, frozen=True, gc=False):
    """The buyer's account."""

    id: StoreId
    created_at: str | None = None


class ShopifyNoteAttribute(msgspec.Struct, frozen=True, gc=False):
    """A cart attribute that the storefront set."""

    name: object = None
    value: object = None


class ShopifyDiscountCode(msgspec.Struct, frozen=True, gc=False):
    """A discount code that was applied; `amount` is what it took off."""

    code: str = ""
    amount: Money | None = None
    type: str | None = None


class ShopifyTransaction(msgspec.Struct, frozen=True, gc=False):
    """Money that moved with a refund."""

    amount: Money
    kind: str = ""
    status: str = ""
    currency: str | None = None


class ShopifyRefund(msgspec.Struct, frozen=True, gc=False):
    """A refund of an order."""

    id: StoreId
    created_at: str
    transactions: list[ShopifyTransaction] = []


class ShopifyOrder(msgspec.Struct, frozen=True, gc=False):
    """The fields of an order that events need."""

    id: StoreId
    created_at: str
    total_price: Money
    currency: str
    financial_status: str | None = None
    cancelled_at: str | None = None
    customer: ShopifyCustomer | None = None
    note_attributes: list[ShopifyNoteAttribute] = []
    discount_codes: list[ShopifyDiscountCode] = []
    refunds: list[ShopifyRefund] = []
    landing_site: str | None = None


def shopify_events(topic: str, payload: object, program: str, is_referral_code: IsReferralCode) -> list[MappedItem]:
    """The events of a webhook of this topic; what is none of this API's is ignored. Raises MappingError."""
    if topic == REFUND_TOPIC:
        detail = (
            "A refund names no buyer. Subscribe to orders/updated: it has the order with its buyer and all refunds."
        )
        return [IgnoredItem("no_person", "", detail)]
    if topic not in TOPICS:
        return [unmapped_topic(NAME, TOPICS, TOPIC_HEADER, topic)]
    return order_events(_store_order(read_payload(payload, ShopifyOrder)), program, is_referral_code)


def _store_order(order: ShopifyOrder) -> StoreOrder:
    attributes = [(one.name, one.value) for one in order.note_attributes]
    return StoreOrder(
        store=NAME,
        id=str(order.id),
        customer=str(order.customer.id) if order.customer else None,
        customer_since=(order.customer.created_at if order.customer else None) or order.created_at,
        amount=order.total_price,
        currency=order.currency,
        paid_at=order.created_at if order.financial_status in _WAS_PAID else None,
        cancelled_at=order.cancelled_at,
        refunds=tuple(_refunds(order)),
        codes=tuple(StoreCode(one.code, _fixed_amount(one)) for one in order.discount_codes if one.code),
        click=attribute_value(attributes, CLICK_NAMES) or _landing_click(order.landing_site),
        code=attribute_value(attributes, CODE_NAMES),
        pointers=_POINTERS,
    )


def _fixed_amount(discount: ShopifyDiscountCode) -> str | None:
    """What a code of a fixed amount took off; None for a percentage, free shipping, and for nothing."""
    if discount.type != "fixed_amount" or discount.amount is None:
        return None
    return f"{discount.amount}" if main_unit(discount.amount, "/discount_codes") > 0 else None


def _refunds(order: ShopifyOrder) -> Iterator[StoreRefund]:
    """The refunds that paid money back; one that only restocks is none."""
    for index, refund in enumerate(order.refunds):
        pointer = f"/refunds/{index}"
        amount = sum((_paid_back(one, order.currency, pointer) for one in refund.transactions), Decimal(0))
        if amount > 0:
            yield StoreRefund(str(refund.id), refund.created_at, amount, pointer)


def _paid_back(one: ShopifyTransaction, currency: str, pointer: str) -> Decimal:
    if one.kind != "refund" or one.status != "success":
        return Decimal(0)
    if one.currency not in (None, currency):
        detail = f"The refund is in {str(one.currency)[:16]!r}, the order in {currency[:16]!r}: report it as an event."
        raise MappingError("invalid_value", f"{pointer}/transactions", detail)
    return main_unit(one.amount, f"{pointer}/transactions")


def _landing_click(landing_site: str | None) -> str | None:
    """The click token in the address with which the buyer entered the store; None without one."""
    try:
        query = urlsplit((landing_site or "")[:_MAX_LANDING_SITE]).query
        return parse_qs(query, max_num_fields=100).get("rt", [None])[0]
    except ValueError:
        return None
