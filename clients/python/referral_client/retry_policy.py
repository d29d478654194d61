"""Which failures are tried again, and when: exponential back-off with full jitter, and `Retry-After` where the service names it.

https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
"""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

_WORTH_REPEATING = frozenset({429, 502, 503, 504})
_MAX_RETRY_AFTER_S = 300.0
_MAX_RETRY_AFTER_CHARS = 64


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` in all; pauses from `base_s` on, doubled each time up to `longest_s`; no attempt begins after `total_s`.

    Raises ValueError for a policy without an attempt.
    """

    attempts: int = 6
    base_s: float = 0.2
    longest_s: float = 10.0
    total_s: float = 60.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or min(self.base_s, self.longest_s, self.total_s) < 0:
            raise ValueError("a RetryPolicy must have at least one attempt, and pauses of 0 seconds or more")

    def pause_s(self, attempt: int, passed_s: float, retry_after_s: float | None = None) -> float | None:
        """Seconds until the attempt after the failed `attempt` (from 1 on), at least `retry_after_s`; None if there is none."""
        if attempt >= self.attempts:
            return None
        longest = min(self.longest_s, self.base_s * 2 ** (attempt - 1))
        pause = max(random.uniform(0, longest), retry_after_s or 0.0)  # noqa: S311  # nosec B311
        return pause if passed_s + pause <= self.total_s else None


def is_worth_repeating(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a response says that the same request may succeed later: overload, or the first attempt is still in progress."""
    return status in _WORTH_REPEATING or (status == 409 and retry_after_s(headers) is not None)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds of `Retry-After`, a number or a date (RFC 9110, 10.2.3), from 0 to five minutes; None without a valid one."""
    text = headers.get("retry-after", "").strip()[:_MAX_RETRY_AFTER_CHARS]
    if text.isascii() and text.isdecimal():
        return min(float(text), _MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - time.time()
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER_S)
