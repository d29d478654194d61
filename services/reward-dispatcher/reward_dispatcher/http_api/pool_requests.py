"""Writes segments of a request to `pools`, and waits for its receipt: the pools fold decides, in the order of the log."""

from collections.abc import Sequence
from functools import partial

import msgspec
from redis.exceptions import RedisError

from referral.events.pools import CodesUploaded, CodesVoided, pool_line_key
from referral.http.problems import Problem
from referral.log.ack import PendingAck
from referral.polling import poll
from referral.topics import POOLS
from reward_dispatcher.domain.receipts import Receipt
from reward_dispatcher.http_api.dependencies import dependencies

_STALLED_S = 10.0
_encode = msgspec.json.Encoder().encode


class PoolRequest:
    """One upload, or one list of void codes: its segments in order, a few of them on their way at a time."""

    def __init__(self, program: str, id: str, ack_timeout_s: float) -> None:
        self._program = program
        self.id = id
        self._ack_timeout_s = ack_timeout_s
        self._waiting: PendingAck | None = None
        self._written = 0

    def write(self, lines: Sequence[CodesUploaded | CodesVoided]) -> None:
        """Sends segments once those before them are durable. Raises NotDurable or Overloaded."""
        self._await_ack()
        keyed = [(pool_line_key(line), _encode(line)) for line in lines]
        self._waiting = dependencies().publisher.submit_many(POOLS, keyed)
        self._written += len(lines)

    def receipt(self) -> Receipt:
        """The receipt once everything is decided. Raises NotDurable, and Problem 503 if the fold makes no progress."""
        self._await_ack()
        decided = -1
        while receipt := poll(partial(self._progress, decided), _STALLED_S):
            if receipt.next >= self._written:
                return receipt
            decided = receipt.next
        detail = "The request is on the log, but not decided yet. Send it again later: nothing is added twice."
        raise Problem(503, "undecided", detail, headers={"Retry-After": "5"})

    def _progress(self, seen: int) -> Receipt | None:
        """The receipt, once it has more segments than those seen."""
        receipt = self._read_receipt()
        return receipt if receipt is not None and receipt.next > seen else None

    def _read_receipt(self) -> Receipt | None:
        """The receipt so far; None also while Redis does not answer, since what was written needs only time."""
        try:
            return dependencies().pools.receipt(self._program, self.id)
        except RedisError:
            return None

    def _await_ack(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.wait(self._ack_timeout_s)
