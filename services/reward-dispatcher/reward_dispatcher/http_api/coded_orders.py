"""What became of the code that an order was reported with: for support, and for shops that report orders as events."""

from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct

from referral.events.order_codes import OrderCodeRefusal
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import Timestamp, response
from reward_dispatcher.domain.order_uses import CodedOrder, OrderChange
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.ledger_request import require_complete_ledger
from reward_dispatcher.http_api.refusals import refusal_text
from reward_dispatcher.http_api.responses import optional_datetime

blueprint = Blueprint("coded_orders", __name__)


class OrderChangeResponse(Struct):
    """A refund, cancellation or reinstatement that counts: the last reinstatement, and what came after it."""

    event: Annotated[str, Meta(description="the id of the event", examples=["evt_example_0009"])]
    change: Literal["refunded", "cancelled", "reinstated"]
    happened_at: Timestamp
    amount: Annotated[str | None, Meta(description="of a refund, in the currency's main unit; null: all of the order")]


class OrderResponse(Struct):
    """An order, and what became of its code."""

    order_id: str
    program: str
    person: Annotated[str, Meta(description="the buyer's person id", examples=["psn_3v8k2m9q4t6w1x7z"])]
    code: Annotated[
        Literal["taken", "refused", "sought", "none"],
        Meta(description="`sought`: not decided yet; `none`: only refunds or cancellations were reported until now"),
    ]
    reason: Annotated[OrderCodeRefusal | None, Meta(description="why the code was refused")]
    detail: Annotated[str, Meta(description="the same in a sentence, with the remedy")]
    reward_id: Annotated[str | None, Meta(description="the reward that the code is of, also if it was refused")]
    redemption_id: Annotated[str | None, Meta(description="the use of the reward; it can be reversed by this id too")]
    decided_at: Timestamp | None
    changes: list[OrderChangeResponse]


@blueprint.get("/v1/programs/<program>/people/<path:external_id>/orders/<path:order_id>")
@requires("read")
@response(OrderResponse)
@blueprint.alt_response(404, description="Unknown program, or no such order with the code of a reward.")
@blueprint.alt_response(503, description="Redis is unavailable, or the ledger is behind.")
def order(program: str, external_id: str, order_id: str) -> OrderResponse:
    """What became of the code of an order that was reported as an event, and why a code was not taken.

    An order whose code was not taken is known for 60 days.
    """
    require_program(program)
    person = context().pseudonyms.person_id_to_find(program, external_id)
    return _response(_require_order(program, person, order_id))


def _require_order(program: str, person: str, order_id: str) -> CodedOrder:
    found = dependencies().store.order(program, person, order_id)
    if found is None:
        require_complete_ledger()
        found = dependencies().store.order(program, person, order_id)
    if found is None:
        detail = f"No order {order_id!r} of this person was reported with `data.reward_code` in the last 60 days."
        raise Problem(404, "unknown_order", detail)
    return found


def _response(order: CodedOrder) -> OrderResponse:
    return OrderResponse(
        order_id=order.order,
        program=order.program,
        person=order.person,
        code=order.outcome or "none",
        reason=order.reason,
        detail=_detail(order),
        reward_id=order.reward,
        redemption_id=order.request if order.outcome == "taken" else None,
        decided_at=optional_datetime(order.decided_ms),
        changes=[_change_response(change) for change in order.changes],
    )


def _change_response(change: OrderChange) -> OrderChangeResponse:
    amount = None if change.amount is None else str(change.amount)
    return OrderChangeResponse(change.event, change.change, to_datetime(change.at_us // 1000), amount)


def _detail(order: CodedOrder) -> str:
    match order.outcome:
        case None:
            return "No payment with the code of a reward was reported for this order."
        case "sought":
            return "The code is being looked for."
        case "taken":
            return "The code was taken for this order."
        case "refused":
            again = "report the order again with a new event id if another code was meant"
            return f"The code was not taken: it {_reason(order)}; {again}."
        case _:
            assert_never(order.outcome)


def _reason(order: CodedOrder) -> str:
    match order.reason:
        case "unknown" | None:
            return "is no code of a reward of this program"
        case "wrong_program":
            return f"is a code of the program {order.other_program}"
        case "wrong_currency":
            return "is worth an amount in another currency than the order's"
        case "insufficient":
            return "has less left than `reward_amount`"
        case _:
            return refusal_text(order.reason, order.used_for)
