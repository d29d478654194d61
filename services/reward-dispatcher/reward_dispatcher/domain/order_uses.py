"""An order that was reported with the code of a reward: whether the code was taken, and what follows from the order's later life.

Refunds give back in proportion, a cancellation gives all back, a reinstatement takes everything again. What is given back follows
from all of them and their times, so it is the same in whatever order and however often they are reported.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from referral.entitlement.orders import MAX_REFUNDS
from referral.events.ids import derive_id
from referral.events.money import MAX_AMOUNT, money
from referral.events.order_codes import (
    OrderCodeRefusal,
    OrderCodeRefused,
    OrderCodeSought,
    OrderCodeTaken,
    OrderReported,
)
from referral.events.redemptions import RedemptionChange, RedemptionChangeRequested
from referral.events.timestamps import to_ms

MAX_ATTEMPTS = 8
"""How often the code of an order is looked for: an order that is refused may be reported again, with another event id and code."""
_MAX_PARTS = MAX_REFUNDS - 1  # refunds of parts of an order; one of all of it has room besides


class OrderChange(Struct, frozen=True, array_like=True):
    """A refund (`amount` None: of all of it), cancellation or reinstatement, with the id of its event."""

    at_us: int
    event: str
    change: Literal["refunded", "cancelled", "reinstated"]
    amount: Decimal | None = None

    @property
    def moment(self) -> tuple[int, int, str]:
        """The sort key: time, then event id, the shorter one first."""
        return self.at_us, len(self.event), self.event


class CodedOrder(Struct, frozen=True, array_like=True, tag="order"):
    """An order of a person (the buyer). `outcome` is None as long as no payment with a code was reported.

    `changes` are those that count: the last reinstatement, and what came after it. `reward`, `beneficiary` and `request` are of
    the use.
    """

    program: str
    person: str
    order: str
    since_ms: int
    outcome: Literal["sought", "taken", "refused"] | None = None
    payments: tuple[str, ...] = ()
    amount: Decimal = Decimal(0)
    unit: str = ""
    changes: tuple[OrderChange, ...] = ()
    request: str | None = None
    reward: str | None = None
    beneficiary: str | None = None
    reason: OrderCodeRefusal | None = None
    used_for: str | None = None
    other_program: str | None = None
    decided_ms: int | None = None

    @property
    def reinstatement(self) -> OrderChange | None:
        """The last one."""
        return next((one for one in self.changes if one.change == "reinstated"), None)

    @property
    def cancellation(self) -> OrderChange | None:
        """One that counts."""
        return next((one for one in self.changes if one.change == "cancelled"), None)

    @property
    def refunds(self) -> tuple[OrderChange, ...]:
        """Those that count."""
        return tuple(one for one in self.changes if one.change == "refunded")


def report(order: CodedOrder | None, line: OrderReported) -> CodedOrder:
    """Returns the order after a report; the same one if that changes nothing."""
    known = order or CodedOrder(line.program, line.person, line.order, to_ms(line.occurred_at))
    return _paid(known, line) if line.change == "paid" else _changed(known, line)


def is_new_search(before: CodedOrder | None, after: CodedOrder) -> bool:
    """Whether a report begins a search for the code."""
    return after.outcome == "sought" and (before is None or before.request != after.request)


def search_of(order: CodedOrder, line: OrderReported, partition: int) -> OrderCodeSought:
    """Returns the search for the code of a payment, from the partition of the buyer on."""
    used = None if line.used is None else min(money(line.used, order.unit).amount, MAX_AMOUNT)
    return OrderCodeSought(
        occurred_at=line.occurred_at,
        program=order.program,
        person=order.person,
        order=order.order,
        request=order.request or "",
        sealed_code=line.sealed_code or "",
        unit=order.unit,
        origin=partition,
        used=used,
        programs=line.programs,
    )


def exceeds_refunds(order: CodedOrder, line: OrderReported) -> bool:
    """Whether a refund is one more than an order can have: it changes nothing, so no more comes back than was refunded."""
    if line.change != "refunded" or any(one.event == line.event for one in order.changes):
        return False
    return len(order.refunds) >= (_MAX_PARTS if line.amount is not None else MAX_REFUNDS)


def answer(order: CodedOrder, line: OrderCodeTaken | OrderCodeRefused) -> CodedOrder:
    """Returns the order with the result of its search."""
    at_ms = to_ms(line.occurred_at)
    if isinstance(line, OrderCodeTaken):
        return replace(
            order,
            outcome="taken",
            request=line.request,
            reward=line.id,
            beneficiary=line.beneficiary,
            reason=None,
            used_for=None,
            other_program=None,
            decided_ms=at_ms,
        )
    return replace(
        order,
        outcome="refused",
        reason=line.reason,
        reward=line.id,
        used_for=line.used_for,
        other_program=line.other_program,
        decided_ms=at_ms,
    )


def changes_of_use(
    before: CodedOrder, after: CodedOrder, line: OrderReported | OrderCodeTaken
) -> Iterator[RedemptionChangeRequested]:
    """Yields what the ledger has to change about the use: all that is known once the code is taken, then what is new."""
    if after.outcome != "taken":
        return
    known = before if before.outcome == "taken" else replace(after, changes=())
    if known.reinstatement != after.reinstatement and before.outcome == "taken":
        if known.refunds or known.cancellation:
            yield _request(after, line, "reinstate", after.reinstatement)
        known = replace(after, changes=())
    whole = max(1, money(after.amount, after.unit).amount)
    parts = {refund: _part(after, refund, whole) for refund in after.refunds}
    for refund, part in parts.items():
        if part and refund not in known.refunds:
            yield replace(_request(after, line, "refund", refund), refund=refund.event, **_ratio(part, whole))
    if after.cancellation and not known.cancellation and sum(parts.values()) < whole:
        yield _request(after, line, "reverse", after.cancellation)


def _paid(order: CodedOrder, line: OrderReported) -> CodedOrder:
    """The first payment with a code counts; after a refusal, the next one with another event id."""
    if order.outcome in ("sought", "taken") or line.event in order.payments or len(order.payments) >= MAX_ATTEMPTS:
        return order
    return replace(
        order,
        outcome="sought",
        payments=(*order.payments, line.event),
        amount=line.amount or Decimal(0),
        unit=line.unit or "",
        request=derive_id("rdm", order.program, order.person, order.order, line.event),
        reason=None,
        reward=None,
        used_for=None,
        other_program=None,
        decided_ms=None,
    )


def _changed(order: CodedOrder, line: OrderReported) -> CodedOrder:
    change = OrderChange(_micros(line), line.event, line.change, line.amount)  # type: ignore[arg-type] # not paid
    reinstated = order.reinstatement
    if any(one.event == line.event for one in order.changes) or (reinstated and change.moment < reinstated.moment):
        return order
    if change.change == "reinstated":
        later = (one for one in order.changes if one.moment > change.moment)
        return replace(order, changes=(change, *later))
    if change.change == "cancelled" and (known := order.cancellation):  # of several, the last one decides
        latest = max(known, change, key=lambda one: one.moment)
        return replace(order, changes=tuple(latest if one is known else one for one in order.changes))
    if exceeds_refunds(order, line):
        return order
    return replace(order, changes=(*order.changes, change))


def _part(order: CodedOrder, refund: OrderChange, whole: int) -> int:
    """The refund in minor units, at most the whole; 0 for less than half a minor unit."""
    return whole if refund.amount is None else min(money(refund.amount, order.unit).amount, whole)


def _ratio(part: int, whole: int) -> dict[str, int]:
    """What a line says of a refund: in minor units, of an order beyond MAX_AMOUNT in units that are 10, 100, … times as large.

    Each part is rounded up, so that refunds that add up to the order are all of it here too.
    """
    unit = 10 ** max(0, len(str(whole)) - len(str(MAX_AMOUNT)) + 1)
    return {"part": -(-part // unit), "whole": whole // unit}


def _request(
    order: CodedOrder, line: OrderReported | OrderCodeTaken, change: RedemptionChange, cause: OrderChange | None
) -> RedemptionChangeRequested:
    """A request to change the use; its id follows from the events, so that it is the same whenever it is made."""
    use, reward = order.request or "", order.reward or ""
    last = order.reinstatement.event if order.reinstatement else ""
    return RedemptionChangeRequested(
        occurred_at=line.occurred_at,
        program=order.program,
        id=reward,
        beneficiary=order.beneficiary or "",
        request=derive_id("rdc", use, change, cause.event if cause else "", last),
        redemption=use,
        change=change,
        rewards=(reward,),
    )


def _micros(line: OrderReported) -> int:
    return to_ms(line.happened_at) * 1000 + line.happened_at.microsecond % 1000
