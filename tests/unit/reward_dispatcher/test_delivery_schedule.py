"""When attempts are due, and when an endpoint is warned of and disabled."""

from hypothesis import given
from hypothesis import strategies as st

from referral.events.timestamps import DAY_MS
from reward_dispatcher.domain.delivery_schedule import (
    ATTEMPTS,
    STEPS_MS,
    jitter_factor,
    next_attempt_ms,
)
from reward_dispatcher.domain.endpoint_health import (
    DISABLED_AFTER_MS,
    MIN_FAILURES,
    WARNINGS,
    DayFigures,
    EndpointHealth,
    add_figures,
    disable,
    enable,
    record_failure,
    record_success,
)

ids = st.text(min_size=1, max_size=20)
times = st.integers(0, 2**42)


def test_the_steps_are_those_of_the_documentation() -> None:
    """0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h after the attempt before."""
    assert [step // 1000 for step in STEPS_MS] == [0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]


@given(ids, st.integers(1, ATTEMPTS - 1), times)
def test_an_attempt_is_due_a_step_later_by_up_to_a_fifth(message: str, failed: int, ended: int) -> None:
    """The same for the same message and attempt, whoever computes it."""
    due = next_attempt_ms(message, failed, ended)
    assert due is not None
    assert 0.8 * STEPS_MS[failed] <= due - ended <= 1.2 * STEPS_MS[failed]
    assert due == next_attempt_ms(message, failed, ended)


@given(ids, st.integers(1, ATTEMPTS - 1), times, st.integers(0, 10**7))
def test_a_receiver_may_ask_for_up_to_twice_the_step(message: str, failed: int, ended: int, asked_s: int) -> None:
    """Never sooner than the schedule says, never later than asked for, or than twice the step."""
    due = next_attempt_ms(message, failed, ended, asked_s)
    scheduled = next_attempt_ms(message, failed, ended)
    assert due is not None
    assert scheduled is not None
    if asked_s * 1000 <= 2 * STEPS_MS[failed]:
        assert due == max(scheduled, ended + asked_s * 1000)
    else:
        assert due == max(scheduled, ended + 2 * STEPS_MS[failed])


@given(ids, st.integers(ATTEMPTS, 50), times)
def test_after_the_tenth_attempt_there_is_none(message: str, failed: int, ended: int) -> None:
    """Whatever the receiver asks for."""
    assert next_attempt_ms(message, failed, ended, 60) is None


def test_jitter_spreads_messages_over_the_whole_range() -> None:
    """Of 1,000 messages, each tenth of the range gets some, and the mean is the step."""
    factors = [jitter_factor(f"msg_{number}", 3) for number in range(1000)]
    assert {int((factor - 0.8) / 0.04) for factor in factors} >= set(range(10))
    assert abs(sum(factors) / 1000 - 1) < 0.02


attempts = st.lists(st.tuples(st.integers(0, 2 * DAY_MS), st.booleans()), max_size=60)


@given(attempts)
def test_an_endpoint_is_disabled_by_five_days_of_nothing_but_failures(history: list[tuple[int, bool]]) -> None:
    """A model that looks back over the whole history agrees at each attempt, also on warnings: each once, the highest due."""
    health, now, past = EndpointHealth(), 0, list[tuple[int, bool]]()
    given: list[int] = []
    for pause, succeeded in history:
        now += pause
        past.append((now, succeeded))
        failures = _failures_since_success(past)
        if succeeded:
            health, given = record_success(health, now), []
            assert (health.failing_since_ms, health.failures) == (None, 0)
            continue
        change = record_failure(health, now, "status", 500)
        health = change.health
        failing_ms = now - failures[0]
        assert change.disables == (failing_ms >= DISABLED_AFTER_MS and len(failures) >= MIN_FAILURES)
        if change.disables:
            assert (health.disabled, health.disabled_ms) == ("failing", now)
            return
        due = max((percent for percent in WARNINGS if failing_ms >= percent * DISABLED_AFTER_MS / 100), default=0)
        assert change.warning == (due if due > max(given, default=0) else None)
        given += [change.warning] if change.warning else []


def _failures_since_success(past: list[tuple[int, bool]]) -> list[int]:
    found: list[int] = []
    for at, succeeded in past:
        found = [] if succeeded else [*found, at]
    return found


def test_an_endpoint_that_fails_steadily_is_warned_at_50_70_and_90_percent() -> None:
    """An hour apart: at 60, 84 and 108 hours, and disabled at 120."""
    health, seen = EndpointHealth(), list[tuple[int, object]]()
    for hour in range(121):
        change = record_failure(health, hour * 3_600_000, "timeout", None)
        health = change.health
        if change.warning or change.disables:
            seen.append((hour, change.warning or "disabled"))
    assert seen == [(60, 50), (84, 70), (108, 90), (120, "disabled")]


@given(st.sampled_from(["operator", "gone", "failing", "removed"]), times)
def test_an_enabled_endpoint_has_five_days_again(reason: str, at: int) -> None:
    """But one that was removed stays so; both lines can be applied twice."""
    failing = record_failure(EndpointHealth(), at, "timeout", None).health
    disabled = disable(failing, reason, at)  # type: ignore[arg-type]
    assert disable(disabled, reason, at) == disabled  # type: ignore[arg-type]
    enabled = enable(disabled)
    assert enable(enabled) == enabled
    if reason == "removed":
        assert enabled == disabled
    else:
        assert (enabled.disabled, enabled.failing_since_ms, enabled.failures) == (None, None, 0)


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 5)), max_size=60))
def test_figures_are_kept_for_thirty_days(added: list[tuple[int, int]]) -> None:
    """Sums by day; late ones count for their own day, and no day is listed twice."""
    health = EndpointHealth()
    for day, count in added:
        health = add_figures(health, day * DAY_MS + 5, DayFigures(0, delivered=count))
    newest = max((day for day, _ in added), default=0)
    kept = {one.day: one.delivered for one in health.days}
    assert len(kept) == len(health.days) <= 30
    assert list(kept) == sorted(kept)
    running_newest = 0
    expected: dict[int, int] = {}
    for day, count in added:
        running_newest = max(running_newest, day)
        if day > running_newest - 30:
            expected[day] = expected.get(day, 0) + count
        expected = {one: total for one, total in expected.items() if one > running_newest - 30}
    assert kept == expected
    assert all(day > newest - 30 for day in kept)
