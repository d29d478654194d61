"""History entries of orders, their refunds, cancellations and reinstatements, that can affect whether a referral qualifies."""

from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from conversion_tracker.attribution.compiled_rules import ProgramRules
from conversion_tracker.attribution.evidence import micros_of
from conversion_tracker.attribution.timeline import HistoryEntry, OrderRecord
from referral.events.facts import Fact, OrderCancelled, OrderPaid, OrderRefunded, OrderReinstated
from referral.fold.fold import Position


def with_order(
    entry: HistoryEntry | None, fact: Fact, at: int, known_by: datetime, rules: ProgramRules, position: Position
) -> HistoryEntry | None:
    """Returns the entry of what happened to an order. A cancellation is a refund of all of it.

    `entry` holds the touches of the same fact; it is returned unchanged if no version of the rules depends on this order.
    """
    if isinstance(fact, OrderPaid):
        data = fact.data
        thresholds = rules.order_thresholds_by(known_by)
        matters = rules.rewards_orders_by(known_by) or any(
            one.is_met_by(data.amount, data.currency) for one in thresholds
        )
        if data.amount.is_finite() and matters:
            order = OrderRecord(at, data.order, data.amount, data.currency.upper(), fact.id)
            return replace(entry or _order_entry(fact, at, position), kind="order", order=order)
    elif rules.rewards_orders_by(known_by) or rules.order_thresholds_by(known_by):
        if isinstance(fact, OrderRefunded | OrderCancelled):
            amount = fact.data.amount if isinstance(fact, OrderRefunded) else None
            refund = OrderRecord(at, fact.data.order, amount or Decimal(0), event=fact.id)
            return replace(entry or _order_entry(fact, at, position), kind="refund", order=refund)
        if isinstance(fact, OrderReinstated):
            reinstated = OrderRecord(at, fact.data.order, event=fact.id)
            return replace(entry or _order_entry(fact, at, position), kind="reinstatement", order=reinstated)
    return entry


def _order_entry(fact: Fact, at: int, position: Position) -> HistoryEntry:
    return HistoryEntry(at, fact.id, "order", offset=position.offset, line=position.line, micros=micros_of(fact))
