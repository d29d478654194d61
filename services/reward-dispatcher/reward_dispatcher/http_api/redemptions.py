"""Using a reward: exactly once, whoever asks how often at the same time."""

import hashlib

from flask import g, request
from flask_smorest import Blueprint

from referral.events import ids
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotency_key, idempotency_key_reused
from referral.http.openapi import IDEMPOTENCY_KEY
from referral.http.openapi_annotations import reads_headers
from referral.http.problems import Problem
from referral.http.rate_limit import unlimited
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.http_api import shapes
from reward_dispatcher.http_api.codes import require_code
from reward_dispatcher.http_api.redemption_request import request_redemption
from reward_dispatcher.http_api.rewards import require_reward
from reward_dispatcher.http_api.schemas import RedemptionIn, RedemptionOut

blueprint = Blueprint("redemptions", __name__)
_REMEMBERED_S = 24 * 3600
_WHY = {
    "already_redeemed": "was used for order {order} already",
    "not_redeemable": "is not given to its beneficiary yet",
    "revoked": "was taken back",
    "expired": "has expired",
}


@blueprint.post("/v1/redemptions")
@unlimited
@requires("rewards:redeem")
@blueprint.arguments(RedemptionIn)
@blueprint.response(201, RedemptionOut)
@reads_headers(IDEMPOTENCY_KEY)
@blueprint.alt_response(404, description="There is no such code or reward.")
@blueprint.alt_response(409, description="It cannot be used; the detail says why, and for which order it was used.")
def redeem(body: dict[str, str]) -> dict[str, object]:
    """Uses a reward for an order. With an `Idempotency-Key`, the same request again gets the first result."""
    name, wanted, order = idempotency_key(), _wanted(body), body["order_id"]
    done = request_redemption(wanted, order, _request_id(name, wanted, order))
    if done.outcome != "redeemed":
        raise _refused(done)
    return shapes.redemption(done)


def _wanted(body: dict[str, str]) -> Account:
    if "reward_id" in body:
        return require_reward(body["reward_id"])
    return require_code(body["code"], body.get("program"))


def _request_id(name: str | None, wanted: Account, order: str) -> str:
    """The id that the ledger knows this request by: a fresh one, or that of its Idempotency-Key with what it asks for.

    With what it asks for: the ledger remembers longer than the marker of the body, which a wipe of Redis takes away. So no other
    order gets this one's result.
    """
    if name is None:
        return ids.random_id("rdm")
    _refuse_other_body(ids.derive_id("rdm", g.key.id, name))
    return ids.derive_id("rdm", g.key.id, name, wanted.id, order)


def _refuse_other_body(named: str) -> None:
    """An Idempotency-Key belongs to the first body that names a reward, for a day; a mistyped one may be put right."""
    body = hashlib.sha256(request.get_data(cache=True)).digest()
    redis, place = context().redis, f"rd:asked:{named}"
    if not redis.set(place, body, nx=True, ex=_REMEMBERED_S) and redis.get(place) not in (body, None):
        raise idempotency_key_reused()


def _refused(done: Redemption) -> Problem:
    why = _WHY.get(done.outcome, "cannot be used").format(order=done.used_for)
    return Problem(409, done.outcome, f"The reward {done.reward} {why}.")
