"""Requests that the ledger decides on: the request goes on the log, the ledger fold decides, its result is read from Redis.

The order of the log decides between concurrent requests, so nothing is locked here and every response is final.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from referral.events.people import PersonText, people_key
from referral.events.rewards import KeyedReward, reward_key
from referral.http.problems import unavailable
from referral.people.people_record import people_records
from referral.polling import poll
from referral.topics import REWARDS
from reward_dispatcher.http_api.dependencies import dependencies

Result = TypeVar("Result")

_DEADLINE_S = 2.0
_DEADLINE_OF_MANY_S = 10.0
_encode = msgspec.json.Encoder().encode


def decided(line: KeyedReward, read_result: Callable[[], Result | None], note: PersonText | None = None) -> Result:
    """Publishes a request, with the operator's note, and returns its result. Raises Problem 503 if it is not decided in time."""
    records = people_records({people_key(note): note}) if note else []
    dependencies().publisher.publish(REWARDS, [(reward_key(line), _encode(line))], records)
    result = poll(read_result, _DEADLINE_S)
    if result is None:
        raise unavailable("The request is on the log, but the ledger has not decided on it yet.")
    return result


def decided_all(
    requests: Sequence[tuple[KeyedReward, PersonText | None]], read_results: Callable[[], list[Result]]
) -> list[Result]:
    """Publishes many requests with their notes, and returns the results that there are once all or ten seconds are through."""
    records = people_records({people_key(note): note for _, note in requests if note})
    keyed = [(reward_key(line), _encode(line)) for line, _ in requests]
    dependencies().publisher.publish(REWARDS, keyed, records)

    def complete() -> list[Result] | None:
        results = read_results()
        return results if len(results) == len(requests) else None

    return poll(complete, _DEADLINE_OF_MANY_S) or read_results()


def require_complete_ledger() -> None:
    """Call it before the answer that something does not exist: after a loss of Redis it may only not be rebuilt yet.

    Raises Problem 503 if the ledger does not have all that is on the log within two seconds.
    """
    if not dependencies().ledger.is_complete_within(_DEADLINE_S):
        raise unavailable("The ledger is behind the log: what is not found may exist.")
