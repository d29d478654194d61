"""Redemption: a reward is used exactly once, a balance never twice, however many requests arrive at the same time."""

from datetime import datetime, timedelta

from flask import g

from referral.events.redemptions import RedemptionChange
from referral.events.timestamps import to_datetime
from referral.http.api_keys import require_program_access, requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.openapi import IDEMPOTENCY_KEY
from referral.http.openapi_annotations import reads_headers
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.require import require_program
from referral.http.responses import response
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.domain.redemption_changes import ChangeResult
from reward_dispatcher.http_api.codes import require_code
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.ledger_request import require_complete_ledger
from reward_dispatcher.http_api.redemption_request import (
    RefundOfOrder,
    Target,
    balance_target,
    request_change,
    request_redemption,
    reward_target,
)
from reward_dispatcher.http_api.refusals import redemption_refused
from reward_dispatcher.http_api.request_identity import request_id
from reward_dispatcher.http_api.requests import (
    CaptureRequest,
    HoldRequest,
    NoFields,
    OrderRefundRequest,
    RedemptionRequest,
)
from reward_dispatcher.http_api.responses import (
    HoldResponse,
    RedemptionChangeResponse,
    RedemptionResponse,
    change_response,
    hold_response,
    redemption_response,
)
from reward_dispatcher.http_api.rewards import require_reward

blueprint = Blueprint("redemptions", __name__)
_Body = dict[str, object]


@blueprint.post("/v1/redemptions")
@without_rate_limit
@requires("rewards:redeem")
@blueprint.arguments(RedemptionRequest)
@reads_headers(IDEMPOTENCY_KEY)
@response(RedemptionResponse, 201)
@blueprint.alt_response(404, description="Unknown code, reward or program.")
@blueprint.alt_response(409, description="It cannot be used; `detail` states why, and the order it was used for.")
@blueprint.alt_response(429, description="Too many wrong codes; no code is looked up until `Retry-After` is over.")
def redeem(body: _Body) -> RedemptionResponse:
    """Uses a reward, or a person's credit, for an order, as a whole or in part.

    With an `Idempotency-Key`, the same request again gets the first result.
    """
    redemption = _request(body, None)
    return redemption_response(redemption)


@blueprint.post("/v1/redemptions/holds")
@without_rate_limit
@requires("rewards:redeem")
@blueprint.arguments(HoldRequest)
@reads_headers(IDEMPOTENCY_KEY)
@response(HoldResponse, 201)
@blueprint.alt_response(404, description="Unknown code, reward or program.")
@blueprint.alt_response(409, description="It cannot be held; `detail` states why.")
@blueprint.alt_response(429, description="Too many wrong codes; no code is looked up until `Retry-After` is over.")
def hold(body: _Body) -> HoldResponse:
    """Reserves a reward, or a person's credit, for an order that is not paid yet, for at most a day. It ends by the clock."""
    now = to_datetime(context().clock.now_ms())
    return hold_response(_request(body, now + timedelta(seconds=int(str(body["seconds"])))))


@blueprint.post("/v1/redemptions/holds/<hold_id>/capture")
@without_rate_limit
@requires("rewards:redeem")
@blueprint.arguments(CaptureRequest)
@reads_headers(IDEMPOTENCY_KEY)
@response(RedemptionChangeResponse)
@blueprint.alt_response(404, description="Unknown hold.")
@blueprint.alt_response(409, description="It is not held any more, or holds less.")
def capture(body: _Body, hold_id: str) -> RedemptionChangeResponse:
    """Uses what is held, or part of it; the rest is free again."""
    amount = body.get("amount")
    return change_response(_change(hold_id, "capture", int(str(amount)) if amount is not None else None))


@blueprint.post("/v1/redemptions/holds/<hold_id>/release")
@without_rate_limit
@requires("rewards:redeem")
@blueprint.arguments(NoFields)
@reads_headers(IDEMPOTENCY_KEY)
@response(RedemptionChangeResponse)
@blueprint.alt_response(404, description="Unknown hold.")
@blueprint.alt_response(409, description="It is not held any more.")
def release(body: _Body, hold_id: str) -> RedemptionChangeResponse:
    """Ends a hold without a use."""
    return change_response(_change(hold_id, "release"))


@blueprint.post("/v1/redemptions/<redemption_id>/reverse")
@without_rate_limit
@requires("rewards:redeem")
@blueprint.arguments(NoFields)
@reads_headers(IDEMPOTENCY_KEY)
@response(RedemptionChangeResponse)
@blueprint.alt_response(404, description="Unknown redemption.")
@blueprint.alt_response(409, description="It was reversed already.")
def reverse(body: _Body, redemption_id: str) -> RedemptionChangeResponse:
    """Gives a use back, once: the payment failed, or the order was cancelled."""
    return change_response(_change(redemption_id, "reverse"))


@blueprint.post("/v1/redemptions/<redemption_id>/refunds")
@without_rate_limit
@requires("rewards:redeem")
@blueprint.arguments(OrderRefundRequest)
@reads_headers(IDEMPOTENCY_KEY)
@response(RedemptionChangeResponse)
@blueprint.alt_response(404, description="Unknown redemption.")
@blueprint.alt_response(409, description="It was given back for this refund already.")
def refund(body: _Body, redemption_id: str) -> RedemptionChangeResponse:
    """Gives a use back in proportion to a refund of its order, once for each refund id; the refunds of an order add up.

    A reward that is used as a whole comes back once the whole order is refunded.
    """
    found = RefundOfOrder(str(body["refund_id"]), int(str(body["amount"])), int(str(body["order_amount"])))
    return change_response(_change(redemption_id, "refund", refund=found))


@blueprint.post("/v1/redemptions/<redemption_id>/reinstate")
@without_rate_limit
@requires("rewards:redeem")
@blueprint.arguments(NoFields)
@reads_headers(IDEMPOTENCY_KEY)
@response(RedemptionChangeResponse)
@blueprint.alt_response(404, description="Unknown redemption.")
@blueprint.alt_response(409, description="It was not given back.")
def reinstate(body: _Body, redemption_id: str) -> RedemptionChangeResponse:
    """Takes again what was given back: the order is valid after all. What was used in the meantime is owed."""
    return change_response(_change(redemption_id, "reinstate"))


def _request(body: _Body, until: datetime | None) -> Redemption:
    """Returns the redemption or hold that the request led to. Raises Problem 409 if the ledger refused it."""
    target, order = _require_target(body), str(body["order_id"])
    amount = int(str(body["amount"])) if "amount" in body else None
    if target.account is None and amount is None:
        detail = "`amount` is required for a balance."
        raise Problem(422, "missing_amount", detail, [{"pointer": "/amount", "detail": detail}])
    request = request_id("rdm", target.id, order)
    redemption = request_redemption(target, order, request, amount, until)
    if redemption.outcome != "redeemed" and redemption.outcome != "held":  # noqa: PLR1714 - mypy narrows by it
        raise redemption_refused(target.name, redemption.outcome, redemption.used_for)
    return redemption


def _require_target(body: _Body) -> Target:
    program = str(body["program"]) if "program" in body else None
    if "reward_id" in body:
        return reward_target(require_reward(str(body["reward_id"])))
    if "code" in body:
        return reward_target(require_code(str(body["code"]), program, str(body.get("client", ""))))
    require_program_access(g.key, str(program))
    require_program(str(program))
    person = context().pseudonyms.person_id_to_find(str(program), str(body["person"]))
    return balance_target(str(program), person, str(body["unit"]))


def _change(
    redemption_id: str, change: RedemptionChange, amount: int | None = None, refund: RefundOfOrder | None = None
) -> ChangeResult:
    redemption = _require_redemption(redemption_id)
    result = request_change(redemption, change, request_id("rdc", redemption_id, change), amount, refund)
    if result.outcome != "done":
        raise redemption_refused(f"Redemption {redemption_id}", result.outcome)
    return result


def _require_redemption(redemption_id: str) -> Redemption:
    """Returns a redemption or hold that succeeded. Raises Problem 404 if it is unknown, 403 without access to its program."""
    found = dependencies().store.redemption(redemption_id)
    if found is None:
        require_complete_ledger()
        found = dependencies().store.redemption(redemption_id)
    if found is None or not found.takings:
        detail = f"Unknown redemption {redemption_id!r}. Send the `id` of the response to the redemption or hold."
        raise Problem(404, "unknown_redemption", detail)
    require_program_access(g.key, found.program)
    return found
