"""When a referral qualifies: on the follow itself, on a large enough order, or after a retention period.

Attribution and qualification are two separate times. A person who left and came back is the same referral: an order since the
first follow still qualifies it, from the day on which they came back; the retention period starts again with the current follow.
"""

from conversion_tracker.attribution.attribution_rules import AttributionRules, OrderThreshold
from conversion_tracker.attribution.timeline import OrderRecord, Timeline


def qualifies_at(timeline: Timeline, since: int, rules: AttributionRules, reached_ms: int) -> int | None:
    """Returns when (ms) the referral of a person who follows since `since` qualified; None if it has not qualified yet.

    `reached_ms` is the latest time known to have been reached: by a clock tick, or by an earlier published verdict.
    """
    if rules.order_threshold is not None:
        order = qualifying_order(timeline, rules.order_threshold)
        return max(since, order.at) if order else None
    due = since + rules.retention_ms
    return due if not rules.retention_ms or due <= reached_ms else None


def qualifying_order(timeline: Timeline, threshold: OrderThreshold) -> OrderRecord | None:
    """Returns the first order since the first follow of which enough was not refunded to meet the threshold; None without one."""
    orders = timeline.valid_orders()
    return next((order for order in orders if threshold.is_met_by(timeline.kept_amount(order), order.currency)), None)
