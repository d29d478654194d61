"""Asking the ledger to redeem: the request goes on the log, the fold decides, and keeps the answer where it is read.

The log's order decides between any number of askers, so nothing is locked here and no answer is a guess.
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
_PAUSES_S = (0.002, 0.004, 0.008, 0.016)
_PAUSE_S = 0.025
_encode = msgspec.json.Encoder().encode


def request_redemption(account: Account, order: str, request: str) -> Redemption:
    """What this request led to, now or when first asked. Raises Problem 503 when the fold has not decided in time."""
    known = dependencies().store.result(account.program, account.beneficiary, request) or _earlier_result(
        account, request, order
    )
    return known or _publish_request(account, order, request)


def _earlier_result(account: Account, request: str, order: str) -> Redemption | None:
    """What is redeemed stays redeemed: no need to ask the log again."""
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
    ticket = dependencies().publisher.submit(REWARDS, reward_key(line), _encode(line))
    ticket.wait(context().settings.ack_timeout_ms / 1000)
    return _await_result(account, request, deadline)


def _await_result(account: Account, request: str, deadline: float) -> Redemption:
    """Looks for the result, soon at first and then less often."""
    store, looks = dependencies().store, 0
    while time.monotonic() < deadline:
        found = store.result(account.program, account.beneficiary, request)
        if found is not None:
            return found
        time.sleep(_PAUSES_S[looks] if looks < len(_PAUSES_S) else _PAUSE_S)
        looks += 1
    raise unavailable("The request is on the log, but the ledger has not decided it yet.")
