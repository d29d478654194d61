"""Timestamps as milliseconds since the epoch (states and scores) and as datetimes (lines)."""

from datetime import UTC, datetime, timedelta

DAY_MS = 86_400_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_datetime(milliseconds: int) -> datetime:
    """The timestamp as an aware UTC datetime."""
    return _EPOCH + milliseconds * _MILLISECOND


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since the epoch of an aware datetime, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND
