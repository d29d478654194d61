"""How an endpoint is: since when every attempt fails, when it is warned of and disabled, and its figures. Pure.

Five days without a single success disable it; 50, 70 and 90% of that time are warned of. Only attempts that were made count.
"""

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from referral.events.deliveries import AttemptFailure, DisabledReason, EndpointLimit, WarningPercent
from referral.events.promoter_messages import ChannelName
from referral.events.timestamps import DAY_MS

DISABLED_AFTER_MS = 5 * DAY_MS
MIN_FAILURES = 10
"""Attempts that must have failed before an endpoint is disabled: a whole schedule. Two failures six days apart prove little."""
WARNINGS: tuple[WarningPercent, ...] = (50, 70, 90)
KEPT_DAYS = 30
MAX_WAITING = 10_000
"""Messages that wait for an endpoint at most: further ones are missed. About 7 MB of Redis."""
MAX_UNDELIVERED = 50_000
"""Failed and missed messages of an endpoint that are kept at most. About 35 MB of Redis."""


class DayFigures(Struct, frozen=True, array_like=True):
    """Figures of a day (its number since 1970-01-01 in UTC): messages, except `failed_attempts`.

    `latency_ms` is the sum of the times from the scheduling of each delivered message to its delivery. `kept` are those that failed
    or were missed on this day and can still be sent again, `dropped` those that are not kept. `channels`: the delivered messages to
    promoters, by channel.
    """

    day: int
    delivered: int = 0
    failed_attempts: int = 0
    failed: int = 0
    missed: int = 0
    latency_ms: int = 0
    kept: int = 0
    dropped: int = 0
    channels: dict[ChannelName, int] = {}


class EndpointHealth(Struct, frozen=True, array_like=True, tag="endpoint"):
    """Times are milliseconds since the epoch. `failing_since_ms` is the first failure after the last success, if any.

    `waiting` is how many messages wait for an attempt; `warned` the highest warning since then, 0 for none; `full` the limit that
    was reached last, until the endpoint responds and has room again.
    """

    waiting: int = 0
    last_success_ms: int | None = None
    last_failure_ms: int | None = None
    last_failure: AttemptFailure | None = None
    last_status_code: int | None = None
    failing_since_ms: int | None = None
    failures: int = 0
    warned: int = 0
    disabled: DisabledReason | None = None
    disabled_ms: int | None = None
    days: tuple[DayFigures, ...] = ()
    full: EndpointLimit | None = None


class HealthChange(NamedTuple):
    """The endpoint after a line; the warning that is due now, if any; whether it is disabled now; the limit that it reaches."""

    health: EndpointHealth
    warning: WarningPercent | None = None
    disables: bool = False
    reaches: EndpointLimit | None = None


def record_success(health: EndpointHealth, at_ms: int) -> EndpointHealth:
    """Returns the endpoint after an accepted message: it is not failing, and later warnings begin again."""
    has_room = health.waiting <= MAX_WAITING // 2 and undelivered(health, at_ms) <= MAX_UNDELIVERED // 2
    full = None if has_room else health.full
    return replace(health, last_success_ms=at_ms, failing_since_ms=None, failures=0, warned=0, full=full)


def record_failure(
    health: EndpointHealth, at_ms: int, failure: AttemptFailure | None, status_code: int | None
) -> HealthChange:
    """Returns the endpoint after a failed attempt, with what the time without a success leads to."""
    since = at_ms if health.failing_since_ms is None else min(health.failing_since_ms, at_ms)
    after = replace(
        health,
        last_failure_ms=at_ms,
        last_failure=failure,
        last_status_code=status_code,
        failing_since_ms=since,
        failures=health.failures + 1,
    )
    if health.disabled is not None:
        return HealthChange(after)
    if at_ms - since >= DISABLED_AFTER_MS and after.failures >= MIN_FAILURES:
        return HealthChange(disable(after, "failing", at_ms), disables=True)
    warning = _due_warning(after, at_ms - since)
    return HealthChange(after if warning is None else replace(after, warned=warning), warning)


def _due_warning(health: EndpointHealth, failing_ms: int) -> WarningPercent | None:
    """The highest warning that is due and was not given yet."""
    due = [percent for percent in WARNINGS if failing_ms * 100 >= percent * DISABLED_AFTER_MS]
    return due[-1] if due and due[-1] > health.warned else None


def disable(health: EndpointHealth, reason: DisabledReason, at_ms: int) -> EndpointHealth:
    """Returns the endpoint disabled. The first reason stays, but a removal is final."""
    if health.disabled is not None and reason != "removed":
        return health
    return replace(health, disabled=reason, disabled_ms=at_ms)


def enable(health: EndpointHealth) -> EndpointHealth:
    """Returns the endpoint enabled, and not failing: it has five days again. A removed endpoint stays removed."""
    if health.disabled is None or health.disabled == "removed":
        return health
    return replace(health, disabled=None, disabled_ms=None, failing_since_ms=None, failures=0, warned=0)


def add_figures(health: EndpointHealth, at_ms: int, change: DayFigures) -> EndpointHealth:
    """Returns the endpoint with these figures added to those of the day of `at_ms`; days older than 30 are dropped."""
    day = at_ms // DAY_MS
    of_day = next((one for one in health.days if one.day == day), DayFigures(day))
    others = [one for one in health.days if one.day != day]
    days = sorted([*others, _sum(of_day, change)], key=lambda one: one.day)
    newest = days[-1].day
    return replace(health, days=tuple(one for one in days if one.day > newest - KEPT_DAYS))


def undelivered(health: EndpointHealth, at_ms: int) -> int:
    """Returns how many failed and missed messages are kept."""
    oldest = at_ms // DAY_MS - KEPT_DAYS
    return sum(one.kept for one in health.days if one.day > oldest)


def record_limit(change: HealthChange, limit: EndpointLimit) -> HealthChange:
    """Returns the change with a limit that a message has met: reported once, until the endpoint has room again."""
    if change.health.full in (limit, "undelivered"):
        return change
    return change._replace(health=replace(change.health, full=limit), reaches=limit)


def _sum(first: DayFigures, second: DayFigures) -> DayFigures:
    return DayFigures(
        first.day,
        first.delivered + second.delivered,
        first.failed_attempts + second.failed_attempts,
        first.failed + second.failed,
        first.missed + second.missed,
        first.latency_ms + second.latency_ms,
        first.kept + second.kept,
        first.dropped + second.dropped,
        {name: first.channels.get(name, 0) + second.channels.get(name, 0) for name in first.channels | second.channels},
    )
