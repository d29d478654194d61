"""Redemption: a reward is used exactly once, however many requests arrive at the same time."""

import hashlib
from typing import assert_never

from flask import g, request
from flask_smorest import Blueprint

from referral.events import ids
from referral.events.rewards import RefusalReason
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotency_key, idempotency_key_reused
from referral.http.openapi import IDEMPOTENCY_KEY
from referral.http.openapi_annotations import reads_headers
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response
from reward_dispatcher.domain.account import Account
from reward_dispatcher.http_api.codes import require_code
from reward_dispatcher.http_api.redemption_request import request_redemption
from reward_dispatcher.http_api.requests import RedemptionRequest
from reward_dispatcher.http_api.responses import RedemptionResponse, redemption_response
from reward_dispatcher.http_api.rewards import require_reward

blueprint = Blueprint("redemptions", __name__)
_BODY_TTL_S = 24 * 3600


@blueprint.post("/v1/redemptions")
@without_rate_limit
@requires("rewards:redeem")
@blueprint.arguments(RedemptionRequest)
@reads_headers(IDEMPOTENCY_KEY)
@response(RedemptionResponse, 201)
@blueprint.alt_response(404, description="Unknown code or reward.")
@blueprint.alt_response(409, description="It cannot be used; `detail` states why, and the order it was used for.")
def redeem(body: dict[str, str]) -> RedemptionResponse:
    """Uses a reward for an order. With an `Idempotency-Key`, the same request again gets the first result."""
    key, account, order = idempotency_key(), _require_account(body), body["order_id"]
    redemption = request_redemption(account, order, _request_id(key, account, order))
    if redemption.outcome != "redeemed":
        raise _refusal(account, redemption.outcome, redemption.used_for)
    return redemption_response(redemption)


def _require_account(body: dict[str, str]) -> Account:
    if "reward_id" in body:
        return require_reward(body["reward_id"])
    return require_code(body["code"], body.get("program"))


def _request_id(key: str | None, account: Account, order: str) -> str:
    """The request's id in the ledger: random, or derived from its Idempotency-Key, reward and order.

    Reward and order are part of it because the ledger stores results longer than Redis may store the body of the key (it can be
    flushed). So no other order gets this order's result.
    """
    if key is None:
        return ids.random_id("rdm")
    _check_same_body(ids.derive_id("rdm", g.key.id, key))
    return ids.derive_id("rdm", g.key.id, key, account.id, order)


def _check_same_body(request_name: str) -> None:
    """An Idempotency-Key belongs for a day to the first body that names an existing reward. Raises Problem 422 for another."""
    digest = hashlib.sha256(request.get_data(cache=True)).digest()
    redis, key = context().redis, f"rd:asked:{request_name}"
    if not redis.set(key, digest, nx=True, ex=_BODY_TTL_S) and redis.get(key) not in (digest, None):
        raise idempotency_key_reused()


def _refusal(account: Account, reason: RefusalReason, used_for: str | None) -> Problem:
    return Problem(409, reason, f"Reward {account.id} {_refusal_text(reason, used_for)}.")


def _refusal_text(reason: RefusalReason, used_for: str | None) -> str:
    match reason:
        case "already_redeemed":
            return f"was already used for order {used_for}"
        case "not_redeemable":
            return "cannot be used yet: it is not fulfilled"
        case "revoked":
            return "was revoked"
        case "expired":
            return "has expired"
        case "unknown":
            return "is unknown to the ledger"
        case _:
            assert_never(reason)
