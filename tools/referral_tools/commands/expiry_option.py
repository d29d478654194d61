"""Options that name a length of time (`90d`, `12h`) or a date (`2027-06-30`)."""

import re
from datetime import UTC, datetime, timedelta

import click

Expiry = timedelta | datetime
_DURATION = re.compile(r"(\d{1,5})([dh])")
_MOST = timedelta(days=3650)


class _DurationType(click.ParamType):
    """Days or hours, at most ten years."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The length of time that a text means."""
        if isinstance(value, timedelta):
            return value
        duration = parse_duration(str(value))
        if duration is None:
            self.fail(f"must be days or hours, such as 7d or 12h, at most 3650d; got {value!r}", param, ctx)
        return duration


class _ExpiryType(click.ParamType):
    """A length of time from now, or a date (its beginning, in UTC) or a time with an offset."""

    name = "expiry"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Expiry:
        """The length of time or the moment that a text means."""
        if isinstance(value, timedelta | datetime):
            return value
        expiry = parse_duration(str(value)) or _parse_moment(str(value))
        if expiry is None:
            self.fail(f"must be like 90d, 12h, 2027-06-30 or 2027-06-30T12:00Z; got {value!r}", param, ctx)
        return expiry


DURATION, EXPIRY = _DurationType(), _ExpiryType()


def parse_duration(text: str) -> timedelta | None:
    """The length of time; None for a text of another form, or more than ten years."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    duration = timedelta(days=int(match[1])) if match[2] == "d" else timedelta(hours=int(match[1]))
    return duration if duration <= _MOST else None


def _parse_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # of another form, or outside the years 1 to 9999
        return None
