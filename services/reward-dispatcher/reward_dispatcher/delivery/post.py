"""What posts a message to a receiver, for those who make attempts."""

from collections.abc import Awaitable
from typing import Protocol

import httpcore

from referral.events.deliveries import AttemptFailure
from referral.outbound.guarded_backend import AddressRefused
from reward_dispatcher.delivery.connections import Answer

TIMEOUT_S = 20.0


class Post(Protocol):
    """Sends requests to receivers."""

    def __call__(
        self, receiver: str, url: str, headers: dict[str, str], body: bytes, timeout_s: float, *, proven: bool
    ) -> Awaitable[Answer]:
        """Returns the response of a receiver. Raises TimeoutError, OSError or httpcore's errors."""


def failure_of(error: Exception) -> AttemptFailure:
    """Returns why a request has no answer."""
    if isinstance(error, TimeoutError | httpcore.TimeoutException):
        return "timeout"
    return "address" if isinstance(error, AddressRefused) else "connection"
