"""History entries of orders and refunds that can affect whether a referral qualifies."""

from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from conversion_tracker.attribution.compiled_rules import ProgramRules
from conversion_tracker.attribution.evidence import micros_of
from conversion_tracker.attribution.timeline import HistoryEntry, OrderRecord
from referral.events.facts import Fact, OrderPaid, OrderRefunded
from referral.fold.fold import Position

ORDER_FACTS = frozenset({OrderPaid, OrderRefunded})


def with_order(
    entry: HistoryEntry | None, fact: Fact, at: int, known_by: datetime, rules: ProgramRules, position: Position
) -> HistoryEntry | None:
    """Returns the entry of an order or a refund.

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
    elif isinstance(fact, OrderRefunded) and (rules.rewards_orders_by(known_by) or rules.order_thresholds_by(known_by)):
        refund = OrderRecord(at, fact.data.order, fact.data.amount or Decimal(0), event=fact.id)
        return replace(entry or _order_entry(fact, at, position), kind="refund", order=refund)
    return entry


def _order_entry(fact: Fact, at: int, position: Position) -> HistoryEntry:
    return HistoryEntry(at, fact.id, "order", offset=position.offset, line=position.line, micros=micros_of(fact))
