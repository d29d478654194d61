"""Reads orders and refunds: those that may have a part in whether a referral qualified."""

from datetime import datetime

from msgspec.structs import replace

from conversion_tracker.attribution.compiled_rules import Page
from conversion_tracker.attribution.history import Entry, Sale
from referral.events.facts import Fact, OrderPaid, OrderRefunded
from referral.fold.fold import Position

SALES = frozenset({OrderPaid, OrderRefunded})


def with_sale(entry: Entry | None, fact: Fact, at: int, by: datetime, page: Page, position: Position) -> Entry | None:
    """The entry of an order or a refund; `entry` is what it says of who brought the person, and all there is where no rule asks
    for orders.
    """
    if isinstance(fact, OrderPaid):
        data = fact.data
        if data.amount.is_finite() and any(price.met_by(data.amount, data.currency) for price in page.priced(by)):
            sale = Sale(at, data.order, data.amount, data.currency.upper())
            return replace(entry or _bare(fact, at, position), what="order", sale=sale)
    elif isinstance(fact, OrderRefunded) and page.priced(by):
        return replace(entry or _bare(fact, at, position), what="refund", sale=Sale(at, fact.data.order))
    return entry


def _bare(fact: Fact, at: int, position: Position) -> Entry:
    return Entry(at, fact.id, "order", offset=position.offset, line=position.line)
