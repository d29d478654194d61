"""The errors of the client. All are ReferralError."""

from collections.abc import Mapping, Sequence


class ReferralError(Exception):
    """Any error of this client."""


class ApiProblem(ReferralError):
    """The service refused a request: its problem details (RFC 9457).

    `code` is stable, `detail` says what to change, `errors` has one entry for each mistake with its JSON pointer.
    """

    def __init__(
        self, status: int, code: str, detail: str, errors: Sequence[Mapping[str, object]] = (), request_id: str = ""
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail, self.errors, self.request_id = status, code, detail, errors, request_id


class ServiceUnavailable(ReferralError):
    """The service did not answer, or not with a result, in all attempts. The request may have arrived.

    Sending it again is safe: events have ids, other requests an `Idempotency-Key`.
    """


class QueueFull(ReferralError):
    """The event queue has reached its bound: nothing was stored. Slow down, or find out why events are not sent."""
