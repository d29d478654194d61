"""The time of a platform's event: RFC 3339, a local time in the adapter's zone, or a number since 1970."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import assert_never
from zoneinfo import ZoneInfo

from referral.events.adapters import Adapter

_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_S, _LATEST_S = -62_135_596_800, 253_402_300_800  # the years 1 to 9999


class InvalidTime(ValueError):
    """A value that is not a time in the adapter's format. `is_type` is true if its JSON type is wrong."""

    def __init__(self, detail: str, *, is_type: bool = False) -> None:
        super().__init__(detail)
        self.is_type = is_type


def event_time(value: object, adapter: Adapter) -> object:
    """The time in RFC 3339; a value that has a zone, or is no time at all, unchanged. Raises InvalidTime."""
    match adapter.time_format:
        case "rfc3339":
            return _in_utc(value, adapter) if isinstance(value, str) and _LOCAL.fullmatch(value) else value
        case "seconds":
            return _since_1970(value, 1, adapter.time_format)
        case "milliseconds":
            return _since_1970(value, 1000, adapter.time_format)
        case _:
            assert_never(adapter.time_format)


def _in_utc(local: str, adapter: Adapter) -> str:
    """A time without a zone, in UTC.

    As in RFC 5545 (3.3.5), a time that occurs twice when clocks are set back is the first one, and a time that clocks skip
    has the offset from before: https://www.rfc-editor.org/rfc/rfc5545#section-3.3.5
    """
    if adapter.time_zone is None:
        raise InvalidTime(f"`time` has no zone: set `time_zone` of the adapter {adapter.id}, such as UTC.")
    try:
        moment = datetime.fromisoformat(local.upper()).replace(tzinfo=ZoneInfo(adapter.time_zone))
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise InvalidTime(f"`time` must be a date and time such as 2026-11-03T08:00:00; got {local[:64]!r}.") from None


def _since_1970(value: object, units_per_second: int, unit: str) -> str:
    number = _number(value)
    if number is None:
        raise InvalidTime(f"`time` must be a number of {unit} since 1970.", is_type=True)
    seconds = number / units_per_second
    if not _EARLIEST_S <= seconds < _LATEST_S:
        raise InvalidTime(f"`time` must be within the years 1 to 9999, in {unit} since 1970.")
    time = _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    precision = "microseconds" if time.microsecond % 1000 else "milliseconds"
    return time.isoformat(timespec=precision).replace("+00:00", "Z")


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
