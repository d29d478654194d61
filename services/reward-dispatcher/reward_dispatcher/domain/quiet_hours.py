"""When a message may be sent: outside quiet hours, and within the limit of seven days. Pure; times are milliseconds."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from referral.events.promoter_messages import Messages, QuietHours, minute_of
from referral.events.timestamps import DAY_MS, to_datetime, to_ms

WEEK_MS = 7 * DAY_MS
_MINUTE_MS = 60_000


def end_of_quiet_hours(at_ms: int, quiet: QuietHours, zone: str) -> int:
    """Returns the time itself if it is in no quiet hours, otherwise when they end."""
    local = to_datetime(at_ms).astimezone(ZoneInfo(zone))
    minute, start, end = local.hour * 60 + local.minute, minute_of(quiet.start), minute_of(quiet.to)
    inside = start <= minute < end if start <= end else minute >= start or minute < end
    if not inside:
        return at_ms
    day = local + timedelta(days=1) if minute >= end else local
    opens = day.replace(hour=end // 60, minute=end % 60, second=0, microsecond=0, fold=0)
    return max(at_ms, to_ms(opens))  # where clocks are set back, the hour comes twice


def next_free_ms(at_ms: int, scheduled_ms: Sequence[int], rules: Messages, zone: str) -> int:
    """Returns the first time from `at_ms` on at which a further message may be sent.

    `scheduled_ms` are the times of earlier ones, in order: of any seven days, `per_week` are the most.
    """
    due = at_ms
    if len(scheduled_ms) >= rules.per_week:
        due = max(due, scheduled_ms[-rules.per_week] + WEEK_MS)
    return end_of_quiet_hours(due, rules.quiet_hours, zone)


def after_bundling(at_ms: int, rules: Messages) -> int:
    """Returns until when a message waits for others, if nothing else delays it."""
    return at_ms + rules.bundle_minutes * _MINUTE_MS
