"""Requests that the ledger decides on: the request goes on the log, the ledger fold decides, its result is read from Redis.

The order of the log decides between concurrent requests, so nothing is locked here and every response is final.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from referral.events.people import PersonText, people_key
from referral.events.rewards import KeyedReward, reward_key
from referral.http.problems import unavailable
from referral.people.people_record import people_records
from referral.topics import REWARDS
from reward_dispatcher.http_api.dependencies import dependencies

Result = TypeVar("Result")

_DEADLINE_S = 2.0
_FIRST_PAUSES_S = (0.002, 0.004, 0.008, 0.016)
_PAUSE_S = 0.025
_encode = msgspec.json.Encoder().encode


def decided(line: KeyedReward, read_result: Callable[[], Result | None], note: PersonText | None = None) -> Result:
    """Publishes a request, with the operator's note, and returns its result. Raises Problem 503 if it is not decided in time."""
    deadline = time.monotonic() + _DEADLINE_S
    records = people_records({people_key(note): note}) if note else []
    dependencies().publisher.publish(REWARDS, [(reward_key(line), _encode(line))], records)
    return _await_result(read_result, deadline)


def require_complete_ledger() -> None:
    """Call it before the answer that something does not exist: after a loss of Redis it may only not be rebuilt yet.

    Raises Problem 503 if the ledger does not have all that is on the log within two seconds.
    """
    if not dependencies().ledger.is_complete_within(_DEADLINE_S):
        raise unavailable("The ledger is behind the log: what is not found may exist.")


def _await_result(read_result: Callable[[], Result | None], deadline: float) -> Result:
    """Polls for the result, at growing intervals."""
    polls = 0
    while time.monotonic() < deadline:
        result = read_result()
        if result is not None:
            return result
        time.sleep(_FIRST_PAUSES_S[polls] if polls < len(_FIRST_PAUSES_S) else _PAUSE_S)
        polls += 1
    raise unavailable("The request is on the log, but the ledger has not decided on it yet.")
