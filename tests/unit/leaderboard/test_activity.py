"""The activity fold counts each event once, however often it is sent, and removes ids that are no longer needed."""

from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.domain.activity import MAX_FACTS_PER_DAY, Activity, ActivityParts, total, total_by_part
from leaderboard.domain.growth import MAX_PARTS
from leaderboard.folds.activity_fold import ActivityFold, State
from referral.catalog.view import Catalog
from referral.events.facts import (
    ClickReclassed,
    Content,
    ContentShared,
    ContentShown,
    Engagement,
    LinkClicked,
    Post,
    PostEngaged,
    PostPublished,
    PostRemoved,
    Shared,
    Visitor,
    fact_key,
)
from referral.events.line import ClockTicked
from referral.events.timestamps import DAY_MS, to_ms
from tests.support.builders.leaderboard import GLOW_VERSION, ZONE
from tests.support.builders.participants import PROGRAM, START, person_id
from tests.support.folds import LogFold

LATENESS_DAYS = 35
decode = msgspec.msgpack.Decoder(State).decode


def fact(kind: type, id: str, name: str, at: datetime, **more: object) -> object:
    """Returns an event of the person of this name."""
    return kind(id=id, occurred_at=at, program=PROGRAM, person=person_id(name), **more)


def activity_fold() -> LogFold:
    """Returns a fold with the default lateness limit."""
    return LogFold(ActivityFold(LATENESS_DAYS, 1), Catalog([GLOW_VERSION]))


def all_time(fold: LogFold) -> Activity:
    """Returns the counts of all time, over all partitions."""
    return total(decode(raw) for raw in fold.values(f"ever:{PROGRAM}"))


FACTS = st.lists(
    st.tuples(
        st.sampled_from([ContentShown, ContentShared]),
        st.integers(0, 20),  # id
        st.integers(0, 2),  # person
    ),
    unique_by=lambda drawn: (drawn[1], drawn[2]),
    max_size=30,
)


@given(facts=FACTS, chance=st.randoms(use_true_random=False))
def test_an_event_counts_once_however_often_it_is_sent_in_any_order(facts: list, chance) -> None:  # noqa: ANN001
    """Clients retry and deliver out of order: an id identifies one event of a person."""
    once = [
        fact(kind, f"e{number}", f"p{person}", START + timedelta(hours=7 * number)) for kind, number, person in facts
    ]
    sent = once + [line for line in once if chance.random() < 0.5]
    chance.shuffle(sent)
    fold = activity_fold()
    fold.clock.advance(10 * DAY_MS)
    fold.append((fact_key(line), line) for line in sent)
    fold.drain()
    found = all_time(fold)
    assert found.shown == sum(isinstance(line, ContentShown) for line in once)
    assert found.shares == sum(isinstance(line, ContentShared) for line in once)


POSTS = st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 9)), max_size=20)


@given(reports=POSTS)
def test_a_post_counts_once_until_it_is_removed(reports: list[tuple[bool, int, int]]) -> None:
    """Published minus removed, by the post's own id, in any order; dated when it was first published."""
    lines = [
        fact(
            PostPublished if exists else PostRemoved,
            f"e{n}",
            f"p{post}",
            START + timedelta(days=day),
            data=Post(post=f"x{post}"),
        )
        for n, (exists, post, day) in enumerate(reports)
    ]
    fold = activity_fold()
    fold.append((fact_key(line), line) for line in lines)
    fold.drain()
    removed = {post for exists, post, _ in reports if not exists}
    first = {
        post: min(day for exists, other, day in reports if exists and other == post)
        for exists, post, _ in reports
        if exists
    }
    expected = {
        (f"{person_id(f'p{post}')}/x{post}", START + timedelta(days=day))
        for post, day in first.items()
        if post not in removed
    }
    found = {(member, score) for score, member in fold.scores(f"posts:{PROGRAM}")}
    assert found == {(post, at.timestamp()) for post, at in expected}


def test_only_clicks_of_people_count() -> None:
    """Previews, prefetches, crawlers and HEAD requests are on the log, but are not counted."""
    fold = activity_fold()
    for number, visitor in enumerate(["person", "head", "prefetch", "preview", "crawler", "person"]):
        click = LinkClicked(
            id=f"clk_{number}",
            occurred_at=START,
            program=PROGRAM,
            participant=person_id("xhs:a"),
            code="AMY",
            visitor=visitor,
        )
        fold.append([(fact_key(click), click)])
    fold.drain()
    assert all_time(fold) == Activity(clicks=2)


def test_an_event_recorded_after_the_lateness_limit_is_not_counted() -> None:
    """Beyond the limit a duplicate could not be detected."""
    fold = activity_fold()
    fold.clock.advance(LATENESS_DAYS * DAY_MS)
    just, late = fact(ContentShown, "a", "p", START), fact(ContentShown, "b", "p", START - timedelta(seconds=1))
    fold.append((fact_key(line), line) for line in (just, late))
    fold.drain()
    assert all_time(fold) == Activity(shown=1)


def test_the_events_of_one_person_and_day_are_limited() -> None:
    """If a platform reports all impressions under one person, the cost of each event does not grow without limit."""
    fold = activity_fold()
    events = [fact(ContentShown, f"e{number}", "p", START) for number in range(MAX_FACTS_PER_DAY + 50)]
    others = [fact(ContentShown, "next", "p", START + timedelta(days=1)), fact(ContentShown, "else", "q", START)]
    fold.clock.advance(2 * DAY_MS)
    fold.append((fact_key(line), line) for line in (*events, *others))
    fold.drain()
    assert all_time(fold) == Activity(shown=MAX_FACTS_PER_DAY + len(others))


def test_ids_are_stored_as_long_as_a_duplicate_could_count() -> None:
    """A duplicate on the last possible day is detected. Afterwards the ids are removed, and the duplicate is too late."""
    fold, shown = activity_fold(), fact(ContentShown, "a", "p", START)
    fold.append([(fact_key(shown), shown)])
    for day in (LATENESS_DAYS, LATENESS_DAYS + 2):
        fold.clock.advance(day * DAY_MS - (fold.clock.now_ms() - to_ms(START)))
        append_tick(fold, START + timedelta(days=day))
        fold.append([(fact_key(shown), shown)])
        fold.drain()
        assert all_time(fold) == Activity(shown=1)
    ids = [key for values in fold.states.values.values() for key in values if key.startswith("seen:")]
    assert ids == []
    timers = {key for scores in fold.states.scores.values() for board, key in scores if board == "timers"}
    assert timers == {"closing"}, "only the one that closes boards"


def append_tick(fold: LogFold, at: datetime) -> None:
    """Appends a tick to every partition."""
    fold.append_tick(ClockTicked(id=f"clk_{at.timestamp():.0f}", occurred_at=at))


def link_clicked(number: int, day: int, was: Visitor) -> LinkClicked:
    """Returns a click, as the redirect recorded it."""
    at = START + timedelta(days=day)
    return LinkClicked(
        id=f"clk_{number}", occurred_at=at, program=PROGRAM, participant=person_id("xhs:a"), code="AMY", visitor=was
    )


def click_reclassed(click: LinkClicked, visitor: Visitor, minute: int) -> ClickReclassed:
    """Returns a reclassification of a click, some minutes after a month."""
    return ClickReclassed(
        id=f"rc_{minute}",
        occurred_at=START + timedelta(days=30, minutes=minute),
        program=PROGRAM,
        click=click.id,
        participant=click.participant,
        code=click.code,
        clicked_at=click.occurred_at,
        was=click.visitor,
        visitor=visitor,
        by="ops",
    )


CLASSES = st.sampled_from(get_args(Visitor))
CLICKS = st.lists(st.tuples(st.integers(0, 3), CLASSES, st.lists(CLASSES, max_size=3)), max_size=8)


@given(clicks=CLICKS, chance=st.randoms(use_true_random=False))
def test_a_click_counts_by_its_latest_class_in_any_order(clicks: list, chance) -> None:  # noqa: ANN001
    """On the day of the click, once however often it is reclassified, also if that is folded before the click itself."""
    lines, expected = [], dict[str, int]()
    for number, (day, was, later) in enumerate(clicks):
        click = link_clicked(number, day, was)
        corrections = [click_reclassed(click, visitor, 10 * number + minute) for minute, visitor in enumerate(later)]
        lines += [click, *corrections, *(line for line in corrections if chance.random() < 0.5)]
        name = f"{click.occurred_at.astimezone(ZoneInfo(ZONE)):%Y-%m-%d}"
        expected[name] = expected.get(name, 0) + ([was, *later][-1] == "person")
    chance.shuffle(lines)
    fold = activity_fold()
    fold.append((fact_key(line), line) for line in lines)
    fold.drain()
    assert fold.rejected == []
    assert all_time(fold).clicks == sum(expected.values())
    days = dict[str, int]()
    for raw in (raw for bucket in range(680, 700) for raw in fold.values(f"days:{PROGRAM}:{bucket}")):
        for name, activity in decode(raw).days.items():
            days[name] = days.get(name, 0) + activity.clicks
    assert {name: count for name, count in days.items() if count} == {n: c for n, c in expected.items() if c}
    reclassed = {key for values in fold.states.values.values() for key in values if key.startswith("reclass:")}
    assert len(reclassed) == sum(bool(later) for _, _, later in clicks)


def by_part(fold: LogFold) -> dict[str, Activity]:
    """Returns the counts by part of all days, over all partitions."""
    states = [decode(raw) for values in fold.states.values.values() for key, raw in values.items() if "parts:" in key]
    return total_by_part(parts for state in states if isinstance(state, ActivityParts) for parts in state.days.values())


def test_activity_is_counted_by_channel_content_and_call_to_action() -> None:
    """A call to action counts with its content item; what names nothing is part of the whole alone."""
    fold = activity_fold()
    named = Content(content="hacks", cta="tag")
    lines = [
        fact(ContentShown, "a", "p", START, channel="wechat", data=named),
        fact(ContentShown, "b", "q", START, data=Content(cta="tag")),
        fact(ContentShared, "c", "p", START, channel="weibo", data=Shared(content="hacks")),
        fact(ContentShown, "a", "p", START, channel="wechat", data=named),
    ]
    fold.append((fact_key(line), line) for line in lines)
    fold.drain()
    assert all_time(fold) == Activity(shown=2, shares=1)
    assert by_part(fold) == {
        "channel:wechat": Activity(shown=1),
        "channel:weibo": Activity(shares=1),
        "content:hacks": Activity(shown=1, shares=1),
        "cta:hacks/tag": Activity(shown=1),
    }


@given(chance=st.randoms(use_true_random=False))
def test_a_reclassified_click_leaves_its_channel_and_content_in_any_order(chance) -> None:  # noqa: ANN001
    """It repeats them, so that the click need not be known."""
    where = {"channel": "wechat", "content": "hacks"}
    clicks = [replace(link_clicked(number, 0, "person"), **where) for number in range(2)]
    lines = [*clicks, replace(click_reclassed(clicks[0], "crawler", 1), **where)]
    chance.shuffle(lines)
    fold = activity_fold()
    fold.append((fact_key(line), line) for line in lines)
    fold.drain()
    assert by_part(fold) == {"channel:wechat": Activity(clicks=1), "content:hacks": Activity(clicks=1)}


def test_a_day_counts_a_limited_number_of_content_items_by_name() -> None:
    """The state of a day is bounded, whatever ids a platform sends; the whole counts all."""
    fold, most = activity_fold(), MAX_PARTS["content"]
    lines = [
        fact(ContentShown, f"e{number}", "p", START, data=Content(content=f"c{number}")) for number in range(most + 5)
    ]
    fold.append((fact_key(line), line) for line in lines)
    fold.drain()
    assert (len(by_part(fold)), all_time(fold).shown) == (most, most + 5)


def test_views_of_posts_count_as_many_as_a_report_names_once() -> None:
    """Likes are recorded alone."""
    fold = activity_fold()
    lines = [
        fact(PostEngaged, id, "p", START, data=Engagement(post="x", kind=kind, count=count))
        for id, kind, count in (("a", "view", 1200), ("b", "like", 30), ("a", "view", 1200), ("c", "view", 5))
    ]
    fold.append((fact_key(line), line) for line in lines)
    fold.drain()
    assert all_time(fold) == Activity(post_views=1205)
