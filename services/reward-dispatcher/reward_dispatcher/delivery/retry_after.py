"""The header `Retry-After` (RFC 9110, 10.2.3): seconds, or a date in the format of HTTP."""

from datetime import UTC
from email.utils import parsedate_to_datetime

from referral.events.deliveries import MAX_RETRY_AFTER_S

_MAX_DIGITS = 10


def parse_retry_after(value: str | None, now_s: float) -> int | None:
    """Returns how many seconds the receiver asks for, from 0 to two days; None if the header is missing or invalid."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:_MAX_DIGITS]), MAX_RETRY_AFTER_S)
    try:
        date = parsedate_to_datetime(text)
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now_s
    except (ValueError, OverflowError):
        return None
    return round(min(max(seconds, 0), MAX_RETRY_AFTER_S))
