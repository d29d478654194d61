"""The fold `deliveries`: what is due, lists, figures, warnings, the end of an endpoint, replays."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.deliveries import (
    DeliveryAttempted,
    DeliveryLine,
    DeliveryReplayed,
    DeliveryScheduled,
    EndpointDisabled,
    EndpointEnabled,
    EndpointFull,
    EndpointWarned,
)
from referral.events.line import ClockTicked
from referral.events.rewards import RewardFulfilled
from referral.events.timestamps import to_ms
from reward_dispatcher.domain import endpoint_health
from reward_dispatcher.domain.delivery_schedule import STEPS_MS, jitter_factor
from reward_dispatcher.domain.endpoint_health import EndpointHealth
from reward_dispatcher.folds import deliveries_fold
from reward_dispatcher.folds.deliveries_fold import DeliveriesFold
from tests.support.builders.participants import PROGRAM, START, person_id
from tests.support.folds import FoldFeed

CONTENT = RewardFulfilled(
    occurred_at=START, program=PROGRAM, id="rwd_1", beneficiary=person_id("xhs:friend1"), kind="early_access"
)


def scheduled(message: str = "msg_1", at: datetime = START) -> DeliveryScheduled:
    """Returns the line of a new message."""
    return DeliveryScheduled(occurred_at=at, program=PROGRAM, webhook="whk_1", message=message, content=CONTENT)


def attempted(
    number: int, outcome: str, message: str = "msg_1", at: datetime = START, **more: Any
) -> DeliveryAttempted:
    """Returns the line of an attempt."""
    return DeliveryAttempted(
        occurred_at=at,
        program=PROGRAM,
        webhook="whk_1",
        message=message,
        number=number,
        outcome=outcome,  # type: ignore[arg-type]
        **more,
    )


def replayed(message: str = "msg_1", at: datetime = START) -> DeliveryReplayed:
    """Returns the line of a replay."""
    return DeliveryReplayed(occurred_at=at, program=PROGRAM, webhook="whk_1", message=message, reason="replay")


def disabled(reason: str, at: datetime = START) -> EndpointDisabled:
    """Returns the line that disables the endpoint."""
    return EndpointDisabled(occurred_at=at, program=PROGRAM, webhook="whk_1", reason=reason)  # type: ignore[arg-type]


def enabled(at: datetime = START) -> EndpointEnabled:
    """Returns the line that enables the endpoint."""
    return EndpointEnabled(occurred_at=at, program=PROGRAM, webhook="whk_1")


def fold(*lines: DeliveryLine) -> FoldFeed:
    """Returns the fold after these lines."""
    feed = FoldFeed(DeliveriesFold(), Catalog(), only_loaded=True)
    feed.feed(lines)
    return feed


def health(feed: FoldFeed) -> EndpointHealth:
    """Returns the endpoint."""
    found: EndpointHealth = feed.state("endpoint:whk_1")
    return found


def test_a_scheduled_message_is_due_at_once_and_ends_with_its_delivery() -> None:
    """It is in one list at a time, and forgotten three days after its delivery."""
    feed = fold(scheduled())
    assert feed.scores == {
        ("due:whk_1", "msg_1"): to_ms(START),
        ("waiting:whk_1", "msg_1"): to_ms(START),
        ("active", "whk_1"): 0,
    }
    feed.feed([attempted(1, "accepted", at=START + timedelta(seconds=2))])
    assert feed.scores == {("delivered:whk_1", "msg_1"): to_ms(START)}
    assert (health(feed).waiting, health(feed).last_success_ms) == (0, to_ms(START) + 2000)
    assert [(one.delivered, one.latency_ms) for one in health(feed).days] == [(1, 2000)]
    feed.feed([ClockTicked(occurred_at=START + timedelta(days=3, seconds=1), id="tck_1")])
    assert "message:whk_1|msg_1" in feed.values
    feed.feed([ClockTicked(occurred_at=START + timedelta(days=3, seconds=2), id="tck_2")])
    assert set(feed.values) == {"endpoint:whk_1"}
    assert (feed.scores, feed.timers) == ({}, {})


def test_a_message_fails_after_the_tenth_attempt() -> None:
    """Each attempt is due a step after the one before; the message can be sent again for 30 days."""
    feed, now = fold(scheduled()), START
    for number in range(1, 11):
        feed.feed([attempted(number, "failed", at=now, failure="status", status=500)])
        if number < 10:
            wait = round(STEPS_MS[number] * jitter_factor("msg_1", number))
            assert feed.scores["due:whk_1", "msg_1"] == to_ms(now) + wait
            now += timedelta(milliseconds=wait)
    assert feed.scores == {("failed:whk_1", "msg_1"): to_ms(START)}
    assert feed.timers == {"message:whk_1|msg_1": to_ms(now + timedelta(days=30))}
    assert sum(one.failed_attempts for one in health(feed).days) == 10
    assert sum(one.failed for one in health(feed).days) == 1


def test_a_replayed_message_has_its_whole_schedule_again() -> None:
    """With its id and content; a second replay at the same time changes nothing."""
    feed = fold(scheduled(), attempted(1, "gone", status=410, failure="status"), enabled())
    assert ("failed:whk_1", "msg_1") in feed.scores
    again = START + timedelta(hours=1)
    feed.feed([replayed(at=again)])
    message = feed.state("message:whk_1|msg_1")
    assert (message.status, message.due_ms, message.content) == ("waiting", to_ms(again), CONTENT)
    assert feed.timers == {}
    before = dict(feed.values)
    feed.feed([replayed(at=again)])
    assert feed.values == before
    feed.feed([attempted(2, "failed", at=again, failure="timeout")])
    wait = feed.scores["due:whk_1", "msg_1"] - to_ms(again)
    assert 0.8 * STEPS_MS[1] <= wait <= 1.2 * STEPS_MS[1]


def test_an_attempt_counts_once_whichever_worker_made_it() -> None:
    """Two workers made the first attempt; but a message that one of them delivered is delivered."""
    twice = fold(scheduled(), attempted(1, "failed", failure="timeout"), attempted(1, "failed", failure="timeout"))
    assert twice.state("message:whk_1|msg_1").attempts == 1
    late = fold(scheduled(), attempted(1, "failed", failure="timeout"), attempted(1, "accepted", status=200))
    assert late.state("message:whk_1|msg_1").status == "delivered"
    late.feed([attempted(1, "failed", failure="timeout"), attempted(2, "failed", failure="timeout")])
    assert late.state("message:whk_1|msg_1").status == "delivered"
    assert late.scores == {("delivered:whk_1", "msg_1"): to_ms(START)}


def test_a_receiver_that_answers_410_is_disabled_at_once() -> None:
    """Later messages are missed, and are not sent again before it is enabled."""
    feed = fold(scheduled("msg_1"), scheduled("msg_2"))
    lines = feed.feed([attempted(1, "gone", status=410, failure="status")])
    assert [(type(line), line.reason) for line in lines] == [(EndpointDisabled, "gone")]
    feed.feed([scheduled("msg_3"), *lines, attempted(1, "missed", "msg_2"), replayed("msg_3")])
    assert {key for key in feed.scores if key[1].startswith("msg")} == {
        ("failed:whk_1", "msg_1"),
        ("missed:whk_1", "msg_2"),
        ("missed:whk_1", "msg_3"),
    }
    assert health(feed).waiting == 0
    feed.feed([enabled(), replayed("msg_2"), replayed("msg_3")])
    assert health(feed).waiting == 2
    assert ("active", "whk_1") in feed.scores


def test_five_days_of_failures_warn_and_disable() -> None:
    """By lines of the log, keyed to the endpoint; a line of the fold's own does not disable it again after it was enabled."""
    feed, lines = fold(), list[Any]()
    for hour in range(0, 121, 10):
        at = START + timedelta(hours=hour)
        lines += feed.feed([scheduled(f"msg_{hour}", at), attempted(1, "failed", f"msg_{hour}", at, failure="timeout")])
    assert [getattr(line, "percent", getattr(line, "reason", None)) for line in lines] == [50, 70, 90, "failing"]
    assert all(line.failing_since == START for line in lines if isinstance(line, EndpointWarned))
    assert health(feed).disabled == "failing"
    feed.feed([enabled(), *lines])
    assert health(feed).disabled is None


def test_an_attempt_that_was_not_made_says_nothing_about_the_endpoint() -> None:
    """Its body could not be built: it follows the schedule, but is no failure of the receiver."""
    feed = fold(scheduled(), attempted(1, "unsent", failure="unreadable"))
    assert (health(feed).failing_since_ms, health(feed).days) == (None, ())
    assert feed.state("message:whk_1|msg_1").due_ms > to_ms(START)


def lines_about(count: int) -> st.SearchStrategy[DeliveryLine]:
    """Lines of so many messages, in any order."""
    messages = st.sampled_from([f"msg_{number}" for number in range(count)])
    moments = st.integers(0, 200).map(lambda hours: START + timedelta(hours=hours))
    outcomes = st.sampled_from(["accepted", "failed", "gone", "unsent", "missed"])
    return st.one_of(
        st.builds(scheduled, messages, moments),
        st.builds(attempted, st.integers(1, 12), outcomes, messages, moments),
        st.builds(replayed, messages, moments),
        st.builds(disabled, st.sampled_from(["operator", "removed"]), moments),
        st.builds(enabled, moments),
    )


lines = lines_about(3)


@given(st.lists(lines, max_size=40))
def test_every_message_is_in_exactly_one_list_and_none_is_lost(history: list[DeliveryLine]) -> None:
    """Waiting ones are due; the count of the endpoint, `active` and the timers agree with the messages."""
    feed = fold(*history)
    states = {key.partition("|")[2]: feed.state(key) for key in feed.values if key.startswith("message:")}
    assert set(states) == {line.message for line in history if isinstance(line, DeliveryScheduled)}
    for message, state in states.items():
        listed = {name for (name, member) in feed.scores if member == message and not name.startswith("due:")}
        assert listed == {f"{state.status}:whk_1"}
        assert (("due:whk_1", message) in feed.scores) == (state.status == "waiting")
        assert (f"message:whk_1|{message}" in feed.timers) == (state.status != "waiting")
    waiting = sum(state.status == "waiting" for state in states.values())
    assert (health(feed).waiting if "endpoint:whk_1" in feed.values else 0) == waiting
    assert (("active", "whk_1") in feed.scores) == (waiting > 0)


@given(st.lists(lines, max_size=25))
def test_each_line_can_be_applied_twice(history: list[DeliveryLine]) -> None:
    """A line that is repeated directly after itself, as a producer's retry repeats it, changes nothing."""
    once, twice = fold(*history), fold(*(line for line in history for _ in range(2)))
    assert (once.values, once.scores, once.timers) == (twice.values, twice.scores, twice.timers)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three messages may wait, and four undelivered ones are kept."""
    for module in (deliveries_fold, endpoint_health):
        monkeypatch.setattr(module, "MAX_WAITING", 3)
        monkeypatch.setattr(module, "MAX_UNDELIVERED", 4)


def _statuses(feed: FoldFeed) -> list[str]:
    return sorted(feed.state(key).status for key in feed.values if key.startswith("message:"))


@pytest.mark.usefixtures("few")
def test_what_does_not_fit_is_missed_and_can_be_sent_again() -> None:
    """It is reported once until the endpoint has room again; a replay waits for room too."""
    feed = fold()
    lines = feed.feed([scheduled(f"msg_{number}") for number in range(5)])
    assert [(type(line), line.limit) for line in lines] == [(EndpointFull, "waiting")]
    assert _statuses(feed) == ["missed"] * 2 + ["waiting"] * 3
    assert (health(feed).waiting, health(feed).full) == (3, "waiting")
    assert feed.feed([replayed("msg_4"), scheduled("msg_5")]) == []
    assert _statuses(feed) == ["missed"] * 3 + ["waiting"] * 3
    feed.feed([attempted(1, "accepted", f"msg_{number}") for number in range(3)])
    feed.feed([replayed("msg_4")])
    assert _statuses(feed) == ["delivered"] * 3 + ["missed"] * 2 + ["waiting"]
    feed.feed(
        [replayed("msg_3"), replayed("msg_5"), *(attempted(2, "accepted", f"msg_{number}") for number in (3, 4, 5))]
    )
    feed.feed([attempted(1, "accepted", f"msg_{number}") for number in (3, 4, 5)])
    assert (_statuses(feed), health(feed).full) == (["delivered"] * 6, None)
    assert sum(one.kept for one in health(feed).days) == 0
    assert len(feed.feed([scheduled(f"msg_{number}") for number in range(6, 11)])) == 1


@pytest.mark.usefixtures("few")
def test_an_endpoint_that_is_dead_for_weeks_keeps_a_bounded_number() -> None:
    """Waiting or not: what is beyond is counted, and only on the log. What ended a month ago makes room."""
    feed, lines = fold(disabled("operator")), []
    for number in range(9):
        lines += feed.feed([scheduled(f"msg_{number}", at=START + timedelta(days=number))])
    assert [line.limit for line in lines] == ["undelivered"]
    assert _statuses(feed) == ["missed"] * 4
    assert sum(one.dropped for one in health(feed).days) == 5
    assert {key[1] for key in feed.scores} == {f"msg_{number}" for number in range(4)}
    later = START + timedelta(days=31)
    feed.feed([ClockTicked(occurred_at=later, id="tck_1"), scheduled("msg_9", at=later)])
    assert sorted(key for key in feed.values if key.startswith("message:")) == [
        "message:whk_1|msg_2",
        "message:whk_1|msg_3",
        "message:whk_1|msg_9",
    ]


@pytest.mark.usefixtures("few")
def test_a_message_that_fails_without_a_place_leaves_nothing_behind() -> None:
    """Neither in the lists nor in the schedule."""
    feed = fold(*(scheduled(f"msg_{number}") for number in range(3)))
    feed.feed([scheduled(f"msg_{number}") for number in range(3, 7)])
    lines = feed.feed([attempted(1, "gone", "msg_0", status=410, failure="status")])
    assert {getattr(line, "limit", None) or line.reason for line in lines} == {"undelivered", "gone"}
    assert "message:whk_1|msg_0" not in feed.values
    assert not [key for key in feed.scores if key[1] == "msg_0"]
    assert (health(feed).waiting, sum(one.dropped for one in health(feed).days)) == (2, 1)


@pytest.mark.usefixtures("few")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines_about(12), max_size=60))
def test_no_history_keeps_more_than_the_limits(history: list[DeliveryLine]) -> None:
    """The figures that the limits are checked with agree with what is kept, of messages that are not a month old."""
    feed = fold(*history)
    states = [feed.state(key) for key in feed.values if key.startswith("message:")]
    assert sum(one.status == "waiting" for one in states) <= 3
    undelivered = sum(one.status in ("failed", "missed") for one in states)
    assert undelivered <= 4
    if "endpoint:whk_1" in feed.values:
        assert sum(one.kept for one in health(feed).days) == undelivered


def test_failed_emails_warn_of_nothing() -> None:
    """A mail server that is away for ten days ends in failed e-mails, and in no warning about a webhook that does not exist."""
    feed = FoldFeed(DeliveriesFold(), Catalog(), only_loaded=True)
    found = []
    for number in range(12):
        at = START + timedelta(days=number)
        lines = [replace(scheduled(f"msg_{number}", at), webhook="mail:whk_1")]
        lines += [replace(attempted(1, "failed", f"msg_{number}", at, failure="connection"), webhook="mail:whk_1")]
        found += feed.feed(lines)
    assert found == []
    assert feed.state("endpoint:mail:whk_1").disabled is None
