"""The outbox of a person: quiet hours, the limit of seven days, bundles; nothing is lost and nothing comes twice."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.events.promoter_messages import MAX_ITEMS, MESSAGE_KINDS, MessageItem, Messages, QuietHours
from referral.events.timestamps import DAY_MS, to_datetime, to_ms
from reward_dispatcher.domain.outbox import Outbox, add_item, close, waiting_reason
from reward_dispatcher.domain.quiet_hours import WEEK_MS, end_of_quiet_hours
from tests.support.builders.participants import START

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Chatham", "UTC")
HOUR_MS = 3_600_000
times_of_day = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
rules = st.builds(
    Messages,
    quiet_hours=st.builds(QuietHours, start=times_of_day, to=times_of_day),
    per_week=st.integers(1, 5),
    bundle_minutes=st.integers(0, 600),
)


def item(number: int, kind: str = "reward_ready", at: datetime = START) -> MessageItem:
    """Returns something to tell."""
    return MessageItem(id=f"msi_{number}", kind=kind, at=at, reward=f"rwd_{number}")  # type: ignore[arg-type]


def is_quiet(at_ms: int, quiet: QuietHours, zone: str) -> bool:
    """Whether the wall clock is within quiet hours, by comparison of texts."""
    now = f"{to_datetime(at_ms).astimezone(ZoneInfo(zone)):%H:%M}"
    if quiet.start <= quiet.to:
        return quiet.start <= now < quiet.to
    return now >= quiet.start or now < quiet.to


@given(rules, st.sampled_from(ZONES), st.integers(0, 800 * 24 * 60))
def test_no_time_is_in_quiet_hours(program: Messages, zone: str, minutes: int) -> None:
    """Also not where clocks are changed; the next time is within a day and an hour."""
    at_ms = to_ms(START) + minutes * 60_000
    found = end_of_quiet_hours(at_ms, program.quiet_hours, zone)
    assert at_ms <= found <= at_ms + DAY_MS + 2 * HOUR_MS
    local = to_datetime(found).astimezone(ZoneInfo(zone))
    gap = local.utcoffset() != to_datetime(found - 3 * HOUR_MS).astimezone(ZoneInfo(zone)).utcoffset()
    assert gap or not is_quiet(found, program.quiet_hours, zone)


@given(
    rules,
    st.sampled_from(ZONES),
    st.lists(st.tuples(st.integers(0, 3 * 24 * 60), st.sampled_from(MESSAGE_KINDS)), min_size=1, max_size=40),
)
def test_messages_keep_the_rules_and_lose_nothing(program: Messages, zone: str, steps: list[tuple[int, str]]) -> None:
    """At most `per_week` in any seven days, each item in one message; what has no room is counted."""
    outbox, now_ms, sent, told = Outbox(), to_ms(START), list[int](), list[MessageItem]()
    for number, (minutes, kind) in enumerate(steps):
        now_ms += minutes * 60_000
        while outbox.waiting and outbox.due_ms <= now_ms:
            sent.append(outbox.due_ms)
            told += outbox.waiting
            outbox = close(outbox, outbox.number, len(outbox.waiting), outbox.due_ms, program, zone)
        after = add_item(outbox, item(number, kind), now_ms, program, zone)
        assert after is not None or (kind == "welcome" and outbox.welcomed)
        outbox = after or outbox
        assert after is None or outbox.due_ms >= now_ms
        assert add_item(outbox, item(number, kind), now_ms, program, zone) is None
    told += outbox.waiting
    sent += [outbox.due_ms] if outbox.waiting else []
    assert sent == sorted(sent)
    for index, at_ms in enumerate(sent[program.per_week :]):
        assert at_ms >= sent[index] + WEEK_MS
    welcomes = sum(kind == "welcome" for _, kind in steps)
    counted = sum(one.friends or 1 for one in told)
    assert counted == len(steps) - max(0, welcomes - 1)


def test_what_comes_while_a_message_is_sent_is_in_the_next_one() -> None:
    """The line of the attempt says how many items the message has."""
    program = Messages(quiet_hours=QuietHours(start="00:00", to="00:00"), bundle_minutes=0)
    outbox = Outbox()
    for number in range(3):
        outbox = add_item(outbox, item(number), 1_000, program, "UTC") or outbox
    after = close(outbox, 1, 2, 2_000, program, "UTC")
    assert (after.number, [one.id for one in after.waiting], after.due_ms) == (2, ["msi_2"], 2_000)
    assert close(after, 1, 2, 2_000, program, "UTC") == after


def test_a_full_message_counts_what_it_has_no_room_for() -> None:
    """One message at most waits for a person, however much happens."""
    outbox = Outbox()
    for number in range(MAX_ITEMS + 5):
        outbox = add_item(outbox, item(number), 0, Messages(), "UTC") or outbox
    assert (outbox.number, len(outbox.waiting), outbox.more) == (1, MAX_ITEMS, 5)


@pytest.mark.parametrize(
    ("now", "opens"),
    [("2026-11-24T22:00", "2026-11-25T08:00"), ("2026-11-25T07:59", "2026-11-25T08:00"), ("2026-11-25T08:00", None)],
)
def test_the_night_ends_in_the_zone_of_the_program(now: str, opens: str | None) -> None:
    """From 22:00 to 08:00 by default."""
    zone = ZoneInfo("Asia/Shanghai")
    at = datetime.fromisoformat(now).replace(tzinfo=zone).astimezone(UTC)
    expected = datetime.fromisoformat(opens or now).replace(tzinfo=zone)
    assert end_of_quiet_hours(to_ms(at), QuietHours(), "Asia/Shanghai") == to_ms(expected)


@pytest.mark.parametrize(
    ("hour", "earlier", "reason"),
    [(9, 0, "bundling"), (22, 0, "quiet_hours"), (9, 3, "limit"), (22, 3, "limit"), (9, 2, "bundling")],
)
def test_it_is_known_why_a_message_waits(hour: int, earlier: int, reason: str) -> None:
    """For others, for the end of the night, or for a week in which the person gets another one."""
    at = datetime(2026, 11, 24, hour, tzinfo=UTC)
    sent = tuple(to_ms(at) - (earlier - number) * DAY_MS for number in range(earlier))
    outbox = add_item(Outbox(scheduled_ms=sent), item(1, at=at), to_ms(at), Messages(), "UTC")
    assert outbox is not None
    assert outbox.due_ms >= to_ms(at)
    assert waiting_reason(outbox, Messages()) == reason
