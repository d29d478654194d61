"""The activity fold: each fact once, however often and late it is sent; and what can come no more is forgotten."""

from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.activity import MAX_FACTS_PER_DAY, Activity, total
from leaderboard.folds.activity_fold import ActivityFold, State
from referral.catalog.view import Catalog
from referral.events.facts import (
    ClickReclassed,
    ContentShared,
    ContentShown,
    LinkClicked,
    Post,
    PostPublished,
    PostRemoved,
    Visitor,
    fact_key,
)
from referral.events.line import ClockTicked
from referral.events.timestamps import DAY_MS, to_ms
from tests.support.builders.leaderboard import GLOW_VERSION, ZONE
from tests.support.builders.participants import PROGRAM, START
from tests.support.folds import LogFold

LATENESS_DAYS = 35
decode = msgspec.msgpack.Decoder(State).decode


def fact(kind: type, id: str, person: str, at: datetime, **more: object) -> object:
    """A fact of a person."""
    return kind(id=id, occurred_at=at, program=PROGRAM, person=person, **more)


def folding() -> LogFold:
    """A fold with the usual bound."""
    return LogFold(ActivityFold(LATENESS_DAYS), Catalog([GLOW_VERSION]))


def ever(one: LogFold) -> Activity:
    """The counts of all time, over all partitions."""
    return total(decode(raw) for raw in one.values(f"ever:{PROGRAM}"))


FACTS = st.lists(
    st.tuples(
        st.sampled_from([ContentShown, ContentShared]),
        st.integers(0, 20),  # id
        st.integers(0, 2),  # person
    ),
    unique_by=lambda one: (one[1], one[2]),
    max_size=30,
)


@given(facts=FACTS, chance=st.randoms(use_true_random=False))
def test_a_fact_counts_once_however_often_it_is_sent_in_whatever_order(facts: list, chance) -> None:  # noqa: ANN001
    """Clients retry and deliver out of order: a person's id names one fact."""
    once = [fact(kind, f"e{number}", f"p{who}", START + timedelta(hours=7 * number)) for kind, number, who in facts]
    sent = once + [one for one in once if chance.random() < 0.5]
    chance.shuffle(sent)
    one = folding()
    one.clock.advance(10 * DAY_MS)
    one.append((fact_key(line), line) for line in sent)
    one.drain()
    found = ever(one)
    assert found.shown == sum(isinstance(line, ContentShown) for line in once)
    assert found.shares == sum(isinstance(line, ContentShared) for line in once)


POSTS = st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 9)), max_size=20)


@given(told=POSTS)
def test_a_post_counts_once_and_no_more_when_it_is_gone(told: list[tuple[bool, int, int]]) -> None:
    """Published minus removed, by the post's own id, in any order; dated when it was first published."""
    lines = [
        fact(
            PostPublished if there else PostRemoved,
            f"e{n}",
            f"p{post}",
            START + timedelta(days=day),
            data=Post(post=f"x{post}"),
        )
        for n, (there, post, day) in enumerate(told)
    ]
    one = folding()
    one.append((fact_key(line), line) for line in lines)
    one.drain()
    gone = {post for there, post, _ in told if not there}
    first = {
        post: min(day for there, other, day in told if there and other == post) for there, post, _ in told if there
    }
    expected = {(f"x{post}", START + timedelta(days=day)) for post, day in first.items() if post not in gone}
    found = {(member, score) for score, member in one.scores(f"posts:{PROGRAM}")}
    assert found == {(post, at.timestamp()) for post, at in expected}


def test_only_people_open_links() -> None:
    """Previews, prefetches, crawlers and HEAD requests are kept on the log, and are not people."""
    one = folding()
    for number, visitor in enumerate(["person", "head", "prefetch", "preview", "crawler", "person"]):
        click = LinkClicked(
            id=f"clk_{number}", occurred_at=START, program=PROGRAM, participant="par_a", code="AMY", visitor=visitor
        )
        one.append([(fact_key(click), click)])
    one.drain()
    assert ever(one) == Activity(clicks=2)


def test_what_is_recorded_past_the_lateness_bound_is_not_counted() -> None:
    """Beyond the bound a duplicate could not be told from news."""
    one = folding()
    one.clock.advance(LATENESS_DAYS * DAY_MS)
    just, late = fact(ContentShown, "a", "p", START), fact(ContentShown, "b", "p", START - timedelta(seconds=1))
    one.append((fact_key(line), line) for line in (just, late))
    one.drain()
    assert ever(one) == Activity(shown=1)


def test_a_day_of_one_person_is_bounded() -> None:
    """A platform that tells all impressions under one id does not make each fact dearer than the one before."""
    one = folding()
    told = [fact(ContentShown, f"e{number}", "p", START) for number in range(MAX_FACTS_PER_DAY + 50)]
    others = [fact(ContentShown, "next", "p", START + timedelta(days=1)), fact(ContentShown, "else", "q", START)]
    one.clock.advance(2 * DAY_MS)
    one.append((fact_key(line), line) for line in (*told, *others))
    one.drain()
    assert ever(one) == Activity(shown=MAX_FACTS_PER_DAY + len(others))


def test_ids_are_kept_as_long_as_a_duplicate_can_come_and_no_longer() -> None:
    """A duplicate on the last possible day is caught; a day after it nothing of the ids is left, and it still does not
    count.
    """
    one, shown = folding(), fact(ContentShown, "a", "p", START)
    one.append([(fact_key(shown), shown)])
    for day in (LATENESS_DAYS, LATENESS_DAYS + 2):
        one.clock.advance(day * DAY_MS - (one.clock.now_ms() - to_ms(START)))
        tick(one, START + timedelta(days=day))
        one.append([(fact_key(shown), shown)])
        one.drain()
        assert ever(one) == Activity(shown=1)
    left = [key for values in one.states.values.values() for key in values if key.startswith("seen:")]
    assert left == []
    assert not any(board == "timers" for places in one.states.scores.values() for board, _ in places)


def tick(one: LogFold, at: datetime) -> None:
    """Time reaches every partition."""
    one.append_tick(ClockTicked(id=f"clk_{at.timestamp():.0f}", occurred_at=at))


def clicked(number: int, day: int, was: Visitor) -> LinkClicked:
    """A click, as the redirect recorded it."""
    at = START + timedelta(days=day)
    return LinkClicked(
        id=f"clk_{number}", occurred_at=at, program=PROGRAM, participant="par_a", code="AMY", visitor=was
    )


def corrected(click: LinkClicked, visitor: Visitor, minute: int) -> ClickReclassed:
    """What somebody said of it, some minutes after a month."""
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


@given(told=CLICKS, chance=st.randoms(use_true_random=False))
def test_a_reclassed_click_counts_as_what_was_said_last_in_whatever_order(told: list, chance) -> None:  # noqa: ANN001
    """On the day of the click, once however often it is said; also where the correction is folded before the click itself."""
    lines, expected = [], dict[str, int]()
    for number, (day, was, later) in enumerate(told):
        click = clicked(number, day, was)
        said = [corrected(click, visitor, 10 * number + minute) for minute, visitor in enumerate(later)]
        lines += [click, *said, *(one for one in said if chance.random() < 0.5)]
        name = f"{click.occurred_at.astimezone(ZoneInfo(ZONE)):%Y-%m-%d}"
        expected[name] = expected.get(name, 0) + ([was, *later][-1] == "person")
    chance.shuffle(lines)
    one = folding()
    one.append((fact_key(line), line) for line in lines)
    one.drain()
    assert one.rejected == []
    assert ever(one).clicks == sum(expected.values())
    days = dict[str, int]()
    for raw in (raw for block in range(680, 700) for raw in one.values(f"days:{PROGRAM}:{block}")):
        for name, activity in decode(raw).days.items():
            days[name] = days.get(name, 0) + activity.clicks
    assert {name: count for name, count in days.items() if count} == {n: c for n, c in expected.items() if c}
    reclassed = {key for values in one.states.values.values() for key in values if key.startswith("reclass:")}
    assert len(reclassed) == sum(bool(later) for _, _, later in told)
