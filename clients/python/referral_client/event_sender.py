"""Sends the events of a queue in batches, in a thread of its own, until the service has acknowledged each.

A batch whose answer was lost is sent again with the same ids, so each event counts once. The sender never gives up: while the
service is away, events wait in the queue, and `last_error` says why.
"""

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType

from referral_client.api_errors import ApiProblem, ReferralError, ServiceUnavailable
from referral_client.client import ReferralClient
from referral_client.event_queue import EventQueue, QueuedEvent
from referral_client.models import EventsResult, Json
from referral_client.retry_policy import RetryPolicy

MAX_BATCH = 500
MAX_BATCH_BYTES = 512 * 1024
_IDLE_S = 0.1
_BACK_OFF = RetryPolicy(attempts=2**31, base_s=0.5, longest_s=30.0, total_s=float("inf"))
_MAX_DOUBLINGS = 16


class EventSender:
    """The sender of one queue. Use it as a context manager, or start and close it."""

    def __init__(self, queue: EventQueue, client: ReferralClient) -> None:
        self._queue, self._client = queue, client
        self._stopping, self._failures, self._batch = threading.Event(), 0, MAX_BATCH
        self._thread = threading.Thread(target=self._run, name="referral-events", daemon=True)
        self.last_error: str | None = None

    def __enter__(self) -> "EventSender":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Ends the thread after the batch that is being sent. What waits stays in the queue; call `flush` before to send it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def flush(self, timeout_s: float) -> bool:
        """Waits until the queue is empty; returns whether it is."""
        done, waited = threading.Event(), 0.0
        while (left := self._queue.waiting()) and waited < timeout_s:
            done.wait(_IDLE_S)
            waited += _IDLE_S
        return not left

    def send_batch(self) -> int:
        """Sends the oldest events once; returns how many were settled. Raises ReferralError; then all of them wait on."""
        batch = self._queue.oldest(self._batch, MAX_BATCH_BYTES)
        if batch:
            self._queue.settle(batch, self._refused_of(batch))
        return len(batch)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                sent = self.send_batch()
            except (ReferralError, sqlite3.Error) as error:  # a full disk or a locked file may be over in a while
                self._stopping.wait(self._pause_after(error))
                continue
            self._failures, self.last_error, self._batch = 0, None, MAX_BATCH
            if not sent:
                self._stopping.wait(_IDLE_S)

    def _pause_after(self, error: Exception) -> float:
        """Seconds until the next attempt. A batch that is too large is halved."""
        self.last_error, self._failures = str(error), self._failures + 1
        if isinstance(error, ApiProblem) and error.status == 413:
            self._batch = max(1, self._batch // 2)
        return _BACK_OFF.pause_s(min(self._failures, _MAX_DOUBLINGS), 0.0) or 0.0

    def _refused_of(self, batch: Sequence[QueuedEvent]) -> Mapping[str, tuple[str, str, str]]:
        """Code, pointer and detail of each event that the service refused, by id."""
        try:
            errors = _rejected_of(self._client.send_encoded([one.body for one in batch]), len(batch))
        except ApiProblem as problem:
            if problem.status == 422 and problem.code == "events_refused":
                errors = list(problem.errors)
            elif problem.status == 413 and len(batch) == 1:
                errors = [{"index": 0, "code": problem.code, "pointer": "", "detail": problem.detail}]
            else:
                raise
        return {batch[index].id: reason for index, reason in map(_reason, errors) if index < len(batch)}


def _rejected_of(result: EventsResult, sent: int) -> Sequence[Json]:
    """The errors of a result that accounts for every event. Raises ServiceUnavailable for any other: a proxy may have answered."""
    try:
        answered = result.accepted + len(result.rejected)
    except TypeError:
        answered = 0
    if answered != sent:
        raise ServiceUnavailable(
            f"the response accounts for {answered} of {sent} events: check the address of the service"
        )
    return result.rejected


def _reason(error: Json) -> tuple[int, tuple[str, str, str]]:
    """The index of a refused event, and why it was refused."""
    index = error.get("index")
    code, pointer, detail = (str(error.get(name) or "") for name in ("code", "pointer", "detail"))
    return (index if isinstance(index, int) and index >= 0 else 2**31), (code, pointer, detail)
