"""Requests a redemption: the request goes on the log, the ledger fold decides, and its result is read from Redis.

The order of the log decides between concurrent requests, so nothing is locked here and every response is final.
"""

import time

import msgspec

from referral.events.rewards import RedemptionRequested, reward_key
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import unavailable
from referral.topics import REWARDS
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.http_api.dependencies import dependencies

_DEADLINE_S = 2.0
_FIRST_PAUSES_S = (0.002, 0.004, 0.008, 0.016)
_PAUSE_S = 0.025
_encode = msgspec.json.Encoder().encode


def request_redemption(account: Account, order: str, request: str) -> Redemption:
    """Returns the result of a request, an earlier one if it is repeated. Raises Problem 503 if it is not decided in time."""
    earlier = dependencies().store.result(account.program, account.beneficiary, request) or _result_of_redeemed(
        account, request, order
    )
    return earlier or _publish_request(account, order, request)


def _result_of_redeemed(account: Account, request: str, order: str) -> Redemption | None:
    """A redeemed reward stays redeemed, so its result needs no decision."""
    if account.status != "redeemed":
        return None
    at_ms = account.redeemed_ms or account.changed_ms
    if account.request == request:
        return Redemption(request, account.id, order, "redeemed", account.order, at_ms)
    return Redemption(request, account.id, order, "already_redeemed", account.order, at_ms)


def _publish_request(account: Account, order: str, request: str) -> Redemption:
    deadline = time.monotonic() + _DEADLINE_S
    line = RedemptionRequested(
        occurred_at=to_datetime(context().clock.now_ms()),
        program=account.program,
        id=account.id,
        beneficiary=account.beneficiary,
        order=order,
        request=request,
    )
    dependencies().publisher.publish(REWARDS, [(reward_key(line), _encode(line))])
    return _await_result(account, request, deadline)


def _await_result(account: Account, request: str, deadline: float) -> Redemption:
    """Polls for the result, at growing intervals."""
    store, polls = dependencies().store, 0
    while time.monotonic() < deadline:
        result = store.result(account.program, account.beneficiary, request)
        if result is not None:
            return result
        time.sleep(_FIRST_PAUSES_S[polls] if polls < len(_FIRST_PAUSES_S) else _PAUSE_S)
        polls += 1
    raise unavailable("The request is on the log, but the ledger has not decided on it yet.")
