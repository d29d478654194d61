"""Orders of WooCommerce. Fields: https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties

Times have no zone; those whose name ends in `_gmt` are in UTC. A refund has no time of its own: it is dated by the change of
its order.
"""

from collections.abc import Iterator

import msgspec

from conversion_tracker.ingest.adapters.mapped_event import MappedItem
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

NAME, SIGNATURE_HEADER, TOPIC_HEADER = "woocommerce", "X-WC-Webhook-Signature", "X-WC-Webhook-Topic"
TOPICS = ("order.created", "order.updated")
_GUEST = (0, "0", "")
_POINTERS = {
    "": "",
    "/id": "/id",
    "/person": "/customer_id",
    "/occurred_at": "/date_paid_gmt",
    "/since": "/date_created_gmt",
    "/cancelled": "/date_modified_gmt",
    "/code": "/meta_data",
    "/click": "/meta_data",
    "/data": "/status",
    "/data/order": "/id",
    "/data/amount": "/total",
    "/data/currency": "/currency",
    "/data/reward_code": "/coupon_lines",
    "/data/reward_amount": "/coupon_lines",
}


class WooCommerceMetaEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry of an order's metadata; plug-ins keep anything in them."""

    key: object = None
    value: object = None


class WooCommerceCouponLine(msgspec.Struct, frozen=True, gc=False):
    """A coupon that was applied; `discount` is what it took off."""

    code: str = ""
    discount: Money | None = None
    discount_type: str | None = None


class WooCommerceRefund(msgspec.Struct, frozen=True, gc=False):
    """A refund of an order; `total` is below zero."""

    id: StoreId
    total: Money


class WooCommerceOrder(msgspec.Struct, frozen=True, gc=False):
    """The fields of an order that events need."""

    id: StoreId
    status: str
    total: Money
    currency: str
    date_created_gmt: str
    date_modified_gmt: str
    date_paid_gmt: str | None = None
    customer_id: StoreId = 0
    meta_data: list[WooCommerceMetaEntry] = []
    coupon_lines: list[WooCommerceCouponLine] = []
    refunds: list[WooCommerceRefund] = []


def woocommerce_events(topic: str, payload: object, program: str, is_referral_code: IsReferralCode) -> list[MappedItem]:
    """The events of a webhook of this topic; what is none of this API's is ignored. Raises MappingError."""
    if topic not in TOPICS:
        return [unmapped_topic(NAME, TOPICS, TOPIC_HEADER, topic)]
    return order_events(_store_order(read_payload(payload, WooCommerceOrder)), program, is_referral_code)


def _store_order(order: WooCommerceOrder) -> StoreOrder:
    entries = [(one.key, one.value) for one in order.meta_data]
    return StoreOrder(
        store=NAME,
        id=str(order.id),
        customer=None if order.customer_id in _GUEST else str(order.customer_id),
        customer_since=_in_utc(order.date_created_gmt),
        amount=order.total,
        currency=order.currency,
        paid_at=_in_utc(order.date_paid_gmt) if order.date_paid_gmt else None,
        cancelled_at=_in_utc(order.date_modified_gmt) if order.status in ("cancelled", "failed") else None,
        refunds=tuple(_refunds(order)),
        codes=tuple(StoreCode(one.code, _fixed_amount(one)) for one in order.coupon_lines if one.code),
        click=attribute_value(entries, CLICK_NAMES),
        code=attribute_value(entries, CODE_NAMES),
        pointers=_POINTERS,
    )


def _fixed_amount(coupon: WooCommerceCouponLine) -> str | None:
    """What a coupon of a fixed amount took off the cart; None for any other, and for nothing."""
    if coupon.discount_type != "fixed_cart" or coupon.discount is None:
        return None
    return f"{coupon.discount}" if main_unit(coupon.discount, "/coupon_lines") > 0 else None


def _refunds(order: WooCommerceOrder) -> Iterator[StoreRefund]:
    for index, refund in enumerate(order.refunds):
        pointer = f"/refunds/{index}"
        amount = abs(main_unit(refund.total, f"{pointer}/total"))
        if amount > 0:
            yield StoreRefund(str(refund.id), _in_utc(order.date_modified_gmt), amount, pointer)


def _in_utc(time: str) -> str:
    """A time as WooCommerce writes it, with the zone that its field's name states."""
    return time if time.endswith("Z") else f"{time}Z"
