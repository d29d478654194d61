"""The orders of a referred person as lines of `attributions`, for programs that reward orders.

A payment, a refund or a reinstatement is published when it arrives, under the referrer of that time. When the person is
attributed, again or to another referrer, all orders and refunds in their history are published: readers count each once.
"""

from collections.abc import Sequence

from conversion_tracker.attribution.person import Person, RulesByVersion
from conversion_tracker.attribution.timeline import HistoryEntry, OrderRecord, Timeline
from conversion_tracker.attribution.verdict import Verdict, decide_verdict
from conversion_tracker.attribution.verdict_events import AttributionEvent, evidence_of
from referral.events.attributions import (
    OrderLine,
    ReferralAttributed,
    ReferralOrdered,
    ReferralOrderRefunded,
    ReferralOrderReinstated,
)
from referral.events.ids import referral_id
from referral.events.timestamps import to_datetime


def order_events(
    program: str,
    person_id: str,
    person: Person,
    entry: HistoryEntry | None,
    events: Sequence[AttributionEvent],
    rules_by_version: RulesByVersion,
) -> list[OrderLine]:
    """Returns the lines about orders that follow `events`, after the person's history got `entry`; mostly none."""
    is_attributed = any(isinstance(event, ReferralAttributed) for event in events)
    order = entry.order if entry is not None else None
    if order is None and not (is_attributed and person.history.has_orders()):
        return []
    timeline = person.history.timeline()
    verdict = _standing_verdict(person, timeline, rules_by_version)
    if verdict is None:
        return []
    lines = _Lines(program, person_id, verdict)
    if is_attributed:
        orders = [lines.paid(one) for one in timeline.orders_since_follow()]
        return [*orders, *(lines.refunded(one) for one in timeline.refunds)]
    if entry is None or order is None:
        return []
    if entry.kind == "order":
        return [lines.paid(order)] if order.at >= verdict.first_follow.at else []
    return [lines.refunded(order) if entry.kind == "refund" else lines.reinstated(order)]


def _standing_verdict(person: Person, timeline: Timeline, rules_by_version: RulesByVersion) -> Verdict | None:
    """The verdict if it has a referrer and the person is not banned."""
    first = timeline.first_follow
    if first is None or person.ban is not None:
        return None
    verdict = decide_verdict(timeline, rules_by_version(first.version))
    return verdict if verdict is not None and verdict.touch is not None else None


class _Lines:
    """Makes the lines of one referral."""

    def __init__(self, program: str, person: str, verdict: Verdict) -> None:
        touch = verdict.touch
        if touch is None:
            raise ValueError("a verdict without a touch has no referral")
        self._followed_at = to_datetime(verdict.first_follow.at)
        self._shared = {
            "program": program,
            "id": referral_id(program, person, touch.referrer),
            "person": person,
            "referrer": touch.referrer,
            "evidence": evidence_of(touch, to_datetime(touch.at)),
            "referrer_kind": "partner" if touch.by_partner else "follower",
        }

    def paid(self, order: OrderRecord) -> ReferralOrdered:
        """The line of a payment."""
        return ReferralOrdered(
            **self._shared,  # type: ignore[arg-type] # a dict's values have one type
            occurred_at=to_datetime(order.at),
            followed_at=self._followed_at,
            order=order.order,
            amount=order.amount,
            currency=order.currency,
        )

    def refunded(self, refund: OrderRecord) -> ReferralOrderRefunded:
        """The line of a refund."""
        return ReferralOrderRefunded(
            **self._shared,  # type: ignore[arg-type]
            occurred_at=to_datetime(refund.at),
            order=refund.order,
            refund=refund.event,
            amount=refund.amount or None,
        )

    def reinstated(self, record: OrderRecord) -> ReferralOrderReinstated:
        """The line of a reinstatement."""
        return ReferralOrderReinstated(
            **self._shared,  # type: ignore[arg-type]
            occurred_at=to_datetime(record.at),
            order=record.order,
            reinstatement=record.event,
        )
