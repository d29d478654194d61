"""Boards of clicks, shares and posts: in whatever order events come, they are those of a naive count."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.score import count_of, reached_at_of
from leaderboard.domain.tally import QUARTER_S, load_tally
from leaderboard.folds.activity_fold import ActivityFold
from referral.catalog.view import Catalog
from referral.events.facts import (
    ClickReclassed,
    ContentShared,
    LinkClicked,
    PersonBanned,
    PersonUnbanned,
    Post,
    PostPublished,
    PostRemoved,
    fact_key,
)
from referral.events.timestamps import DAY_MS
from tests.support.builders.leaderboard import GLOW_VERSION, ZONE
from tests.support.builders.participants import PROGRAM, START, person_id
from tests.support.folds import LogFold

PEOPLE = [person_id("xhs:a"), person_id("xhs:b"), person_id("xhs:c")]
MOMENTS = st.integers(0, 40 * 24 * 12).map(lambda fives: START + timedelta(minutes=5 * fives))
WHO = st.sampled_from(PEOPLE)
SHARES = st.lists(st.tuples(WHO, MOMENTS), max_size=6)
POSTS = st.lists(st.tuples(WHO, st.lists(MOMENTS, min_size=1, max_size=3), st.booleans()), max_size=5)
CLICKS = st.lists(st.tuples(WHO, MOMENTS, st.lists(st.sampled_from(["person", "crawler"]), max_size=2)), max_size=6)
Counted = dict[str, list[tuple[str, int]]]
"""For each metric who counts when (seconds since the epoch)."""


def share_lines(shares: list[tuple[str, datetime]], counted: Counted) -> Iterable[object]:
    """Yields each share, and adds what counts."""
    for number, (who, at) in enumerate(shares):
        counted["shares"].append((who, int(at.timestamp())))
        yield ContentShared(id=f"s{number}", occurred_at=at, program=PROGRAM, person=who)


def post_lines(posts: list[tuple[str, list[datetime], bool]], counted: Counted) -> Iterable[object]:
    """Yields each post as often as it is reported, and its removal; it counts from the earliest time."""
    for number, (who, times, removed) in enumerate(posts):
        post = Post(post=f"x{number}")
        for turn, at in enumerate(times):
            yield PostPublished(id=f"w{number}-{turn}", occurred_at=at, program=PROGRAM, person=who, data=post)
        if removed:
            yield PostRemoved(id=f"r{number}", occurred_at=times[0], program=PROGRAM, person=who, data=post)
        else:
            counted["posts"].append((who, int(min(times).timestamp())))


def click_lines(clicks: list[tuple[str, datetime, list[str]]], counted: Counted) -> Iterable[object]:
    """Yields each click of a person and its reclassifications; the latest class counts, to the quarter of an hour."""
    for number, (who, at, classes) in enumerate(clicks):
        click = LinkClicked(id=f"clk_{number}", occurred_at=at, program=PROGRAM, participant=who, code="A")
        yield click
        for turn, visitor in enumerate(classes):
            yield ClickReclassed(
                id=f"rc{number}-{turn}",
                occurred_at=at + timedelta(days=1, minutes=turn),
                program=PROGRAM,
                click=click.id,
                participant=who,
                code="A",
                clicked_at=at,
                was="person",
                visitor=visitor,
                by="ops",
            )
        if [*classes, "person"][len(classes) - 1 if classes else 0] == "person":
            counted["clicks"].append((who, int(at.timestamp()) // QUARTER_S * QUARTER_S))


def naive(counted: Counted, hidden: str | None = None) -> dict[str, list[tuple[int, int, str]]]:
    """Returns (count, reached at, person) by metric and period, best first, by local time."""
    boards: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for metric, parts in counted.items():
        for who, second in parts:
            local = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(ZONE))
            for period in (f"{local:%Y-%m-%d}", f"{local:%G-W%V}", f"{local:%Y-%m}", "all"):
                if who != hidden:
                    boards[f"{PROGRAM}:{metric}:{period}"][who].append(second)
    return {
        name: sorted(
            ((len(seconds), max(seconds), who) for who, seconds in board.items()),
            key=lambda row: (-row[0], row[1], row[2]),
        )
        for name, board in boards.items()
    }


def boards_of(fold: LogFold) -> dict[str, list[tuple[int, int, str]]]:
    """Returns the same from the fold's scores."""
    names = {board for scores in fold.states.scores.values() for board, _ in scores if board.startswith(f"{PROGRAM}:")}
    return {
        name: [(count_of(score), reached_at_of(score), member) for score, member in fold.scores(name)]
        for name in names
        if fold.scores(name)
    }


@given(shares=SHARES, posts=POSTS, clicks=CLICKS, banned=WHO, chance=st.randoms(use_true_random=False))
def test_any_order_of_events_gives_the_boards_of_a_naive_count(shares, posts, clicks, banned, chance) -> None:  # noqa: ANN001
    """A banned person is on no board; when the ban is lifted, everything is as if there had been none."""
    counted: Counted = {"shares": [], "posts": [], "clicks": []}
    lines = [*share_lines(shares, counted), *post_lines(posts, counted), *click_lines(clicks, counted)]
    chance.shuffle(lines)
    fold = LogFold(ActivityFold(400, 1), Catalog([GLOW_VERSION]))
    fold.clock.advance(50 * DAY_MS)
    place = chance.randrange(len(lines) + 1)
    ban = {"occurred_at": START, "program": PROGRAM, "person": banned, "by": "ops"}
    lines.insert(place, PersonBanned(id="ban_1", **ban))
    for line in lines:
        fold.append([(fact_key(line), line)])
        if chance.random() < 0.3:
            fold.drain()
    fold.drain()
    assert fold.rejected == []
    assert boards_of(fold) == naive(counted, banned)
    lifted = PersonUnbanned(id="ban_2", **ban)
    fold.append([(fact_key(lifted), lifted)])
    fold.drain()
    assert boards_of(fold) == naive(counted)


@given(clicks=st.lists(st.integers(0, 10 * QUARTER_S), max_size=200))
def test_a_tally_of_quarters_grows_with_time_and_not_with_clicks(clicks: list[int]) -> None:
    """A link that is opened a million times a day has 96 entries for it; each takes 8 bytes."""
    tally = load_tally("quarter", b"")
    for second in clicks:
        tally.change(second, 1)
    assert len(tally.to_bytes()) == 8 * len({second // QUARTER_S for second in clicks})
    assert load_tally("quarter", tally.to_bytes()).scores([(0, 2**32)]) == tally.scores([(0, 2**32)])
    for second in clicks:
        tally.change(second, -1)
    assert tally.to_bytes() == b""
