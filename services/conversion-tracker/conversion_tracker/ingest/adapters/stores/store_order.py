"""An order of a store, and the events that its state amounts to.

Stores send an order whole whenever it changes: that it was paid, cancelled or refunded follows from the order itself, not from the
topic of the webhook. So the id of each event follows from the order alone; a webhook that is sent again or out of order brings the
same events, which count once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from conversion_tracker.ingest.adapters.mapped_event import IgnoredItem, MappedEvent, MappedItem, build_event
from conversion_tracker.ingest.adapters.stores.payload import in_whole_minor_units
from referral.events.ids import derive_id

MAX_REFUNDS = 100  # of an order; further parts change nothing
MAX_CODES = 20  # of an order that are looked at
_MAX_ID = 64
IsReferralCode = Callable[[str], bool]
"""Whether a text is the code of a participant or a link of the program."""


@dataclass(frozen=True, slots=True)
class StoreRefund:
    """A refund of a part of an order, in its currency. `pointer` leads to it in the payload."""

    id: str
    at: str
    amount: Decimal
    pointer: str


@dataclass(frozen=True, slots=True)
class StoreCode:
    """A discount code of an order. `amount` is what a code of a fixed amount took off; None for any other."""

    code: str
    amount: str | None = None


@dataclass(frozen=True, slots=True)
class StoreOrder:
    """An order as its store reports it. Times are RFC 3339; `customer_since` is when the customer's account was opened.

    `paid_at` and `cancelled_at` are None for what has not happened. `pointers` leads from the fields of an event to the payload's.
    """

    store: str
    id: str
    customer: str | None
    customer_since: str
    amount: object
    currency: str
    paid_at: str | None = None
    cancelled_at: str | None = None
    refunds: tuple[StoreRefund, ...] = ()
    codes: tuple[StoreCode, ...] = ()
    click: str | None = None
    code: str | None = None
    pointers: Mapping[str, str] = field(default_factory=dict)


def order_events(order: StoreOrder, program: str, is_referral_code: IsReferralCode) -> list[MappedItem]:
    """The events of an order: the buyer became a customer and paid; it was cancelled; each of its refunds.

    A discount code that is a referral code is evidence of the referrer; the first other one is taken for the code of a reward.
    """
    customer_pointer = order.pointers["/person"]
    if order.customer is None:
        detail = "The order has no customer account, so it belongs to no person."
        return [IgnoredItem("no_person", customer_pointer, detail)]
    if order.paid_at is None:
        detail = "The order is not paid. It is sent again once it is."
        return [IgnoredItem("not_paid", order.pointers["/data"], detail)]
    person = f"{order.store}:{order.customer}"
    common = {"program": program, "person": person, "channel": "web"}
    return [_event(order, common | fields, more) for fields, more in _changes(order, is_referral_code)]


def _changes(
    order: StoreOrder, is_referral_code: IsReferralCode
) -> Iterator[tuple[dict[str, object], Mapping[str, str]]]:
    """The fields of each event that only it has, and its pointers into the payload where they differ from the order's."""
    yield _new_customer(order, is_referral_code), {"/occurred_at": order.pointers["/since"]}
    yield _order_event(order, "order.paid", order.paid_at, _payment(order, is_referral_code)), {}
    if order.cancelled_at is not None:
        cancelled = _order_event(order, "order.cancelled", order.cancelled_at, {"order": order.id})
        yield cancelled, {"/occurred_at": order.pointers["/cancelled"]}
    for refund in order.refunds[:MAX_REFUNDS]:
        amount = in_whole_minor_units(refund.amount, order.currency)
        if not Decimal(f"{amount}"):
            continue
        data = {"order": order.id, "amount": f"{amount}"}
        pointers = dict.fromkeys(("", "/occurred_at", "/data", "/data/amount"), refund.pointer)
        yield _order_event(order, "order.refunded", refund.at, data, refund.id), pointers


def _new_customer(order: StoreOrder, is_referral_code: IsReferralCode) -> dict[str, object]:
    """The fields of the buyer's follow; its evidence is the click, and the order's code or a discount code that is one."""
    codes = (one.code for one in order.codes[:MAX_CODES])
    return {
        "id": _event_id(order.store, "customer", order.customer or ""),
        "type": "person.followed",
        "occurred_at": order.customer_since,
        "code": order.code or next(filter(is_referral_code, codes), None),
        "click": order.click,
    }


def _payment(order: StoreOrder, is_referral_code: IsReferralCode) -> dict[str, object]:
    """The data of the payment, with the first discount code that is no referral code."""
    reward = next((one for one in order.codes[:MAX_CODES] if not is_referral_code(one.code)), None)
    amount = in_whole_minor_units(order.amount, order.currency)
    paid: dict[str, object] = {"order": order.id, "amount": amount, "currency": order.currency}
    if reward is not None:
        used = in_whole_minor_units(reward.amount, order.currency)
        paid |= {"reward_code": reward.code} | ({"reward_amount": used} if used and Decimal(f"{used}") else {})
    return paid


def _order_event(
    order: StoreOrder, kind: str, at: str | None, data: Mapping[str, object], name: str | None = None
) -> dict[str, object]:
    identity = _event_id(order.store, kind.removeprefix("order."), name or order.id)
    return {"id": identity, "type": kind, "occurred_at": at, "data": data}


def _event(order: StoreOrder, fields: Mapping[str, object], pointers: Mapping[str, str]) -> MappedEvent:
    return build_event(fields, {**order.pointers, **pointers})


def _event_id(*parts: str) -> str:
    joined = ":".join(parts)
    return joined if len(joined) <= _MAX_ID else derive_id("evt", *parts)
