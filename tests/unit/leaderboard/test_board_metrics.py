"""Board metrics: every metric of the table is counted by its fold, on all boards, and what is taken away leaves no trace."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from leaderboard.closing_levels import SOURCES
from leaderboard.domain.board_metrics import BOARD_METRICS
from leaderboard.domain.challenge_score import SCORE
from leaderboard.domain.score import count_of, reached_at_of
from leaderboard.domain.tally import QUARTER_S
from leaderboard.folds import state_keys
from leaderboard.folds.activity_fold import ActivityFold
from leaderboard.folds.boards_fold import BoardsFold
from leaderboard.folds.closings_fold import ClosingsFold
from leaderboard.folds.growth_fold import GrowthFold
from leaderboard.pages.metric_texts import TEXTS
from referral.catalog.view import Catalog
from referral.events.board_rules import Board, BoardMetric
from referral.events.edges import ReachChanged
from referral.events.entities import ProgramVersion
from referral.events.facts import ClickReclassed, ContentShared, LinkClicked, Post, PostPublished, PostRemoved
from referral.events.ids import derive_id
from referral.events.line import ClockTicked
from referral.events.standings import BoardClosed, StandingLine
from referral.fold.fold import Fold
from referral.topics import CONVERSIONS, STANDINGS
from tests.support.builders.challenges import with_challenges
from tests.support.builders.leaderboard import GLOW, GLOW_VERSION, cleared_conversion, reversed_conversion
from tests.support.builders.participants import PROGRAM, START, participant
from tests.support.folds import PARTITIONS, FoldFeed, LogFold

AMY = participant("amy").id
MONTH_CLOSES = datetime(2026, 12, 1, 16, 1, tzinfo=UTC)  # a day after the month ends in Shanghai


def _folds(partitions: int) -> dict[str, Fold[Any, Any]]:
    """The folds that write boards, by their names."""
    every = BoardsFold(partitions), GrowthFold(partitions), ActivityFold(35, partitions)
    return {fold.name: fold for fold in every}


FOLDS = _folds(1)
_QUARTER = int(START.timestamp()) // QUARTER_S
_BY_AMY = {"occurred_at": START, "program": PROGRAM, "person": AMY}
_CLICK = LinkClicked(id="clk_1", occurred_at=START, program=PROGRAM, participant=AMY, code="AMY")
_CONVERSION = cleared_conversion(AMY, "p1")
COUNTED: dict[BoardMetric, tuple[object, object | None]] = {
    "referrals": (_CONVERSION, reversed_conversion(_CONVERSION)),
    "reach": (
        ReachChanged(occurred_at=START, program=PROGRAM, participant=AMY, degree=2, quarters=((_QUARTER, 1),)),
        ReachChanged(occurred_at=START, program=PROGRAM, participant=AMY, degree=2, quarters=((_QUARTER, -1),)),
    ),
    "clicks": (
        _CLICK,
        ClickReclassed(
            id="rc_1",
            occurred_at=START,
            program=PROGRAM,
            click=_CLICK.id,
            participant=AMY,
            code="AMY",
            clicked_at=START,
            was="person",
            visitor="crawler",
            by="ops",
        ),
    ),
    "shares": (ContentShared(id="s1", **_BY_AMY), None),
    "posts": (
        PostPublished(id="w1", data=Post(post="x1"), **_BY_AMY),
        PostRemoved(id="w2", data=Post(post="x1"), **_BY_AMY),
    ),
    "challenge_score": (
        PostPublished(id="w3", data=Post(post="x1", hashtags=("#Glow30",)), **_BY_AMY),
        PostRemoved(id="w4", data=Post(post="x1"), **_BY_AMY),
    ),
}
"""For each metric a line of Amy that counts, and the line that takes it away; None if nothing does."""

PERIODS = ["2026-11-01", "2026-W44", "2026-11", "all"]
ALSO_ON = {
    "challenge_score": {
        state_keys.board(PROGRAM, "challenge_score", state_keys.challenge_period("glow30")),
        *(state_keys.board(PROGRAM, "posts", name) for name in PERIODS),
    }
}
"""The other boards on which the line of a metric counts: a post of a challenge is a post."""
WORTH = {"challenge_score": SCORE["day"]}
"""How much the line is, where it is not 1."""


def board_scores(feed: FoldFeed) -> dict[str, float]:
    """Returns Amy's scores by board."""
    return {
        board: score for (board, member), score in feed.scores.items() if member == AMY and board.startswith("prg_")
    }


def test_the_table_has_every_metric_of_the_program_file() -> None:
    """A metric that a program may declare, and that nothing counts, would be an empty board without an error."""
    assert set(BOARD_METRICS) == set(get_args(BoardMetric))
    assert set(COUNTED) == set(BOARD_METRICS), "add a line that the new metric counts to COUNTED"
    assert set(TEXTS) == set(BOARD_METRICS), "add its texts to leaderboard/pages/metric_texts.py"
    page = (Path(__file__).parents[3] / "docs" / "boards.md").read_text("utf-8")
    assert [metric for metric in BOARD_METRICS if f"| `{metric}` |" not in page] == [], "add its row to docs/boards.md"


@pytest.mark.parametrize("metric", BOARD_METRICS)
def test_the_boards_of_every_metric_are_written_until_it_is_taken_away(metric: BoardMetric) -> None:
    """By day, week, month and of all time, and by no other metric's line; without a count there is neither entry nor tally."""
    feed = FoldFeed(FOLDS[BOARD_METRICS[metric].fold], Catalog([with_challenges(GLOW_VERSION)]), only_loaded=True)
    adding, removing = COUNTED[metric]
    feed.feed([adding])
    also = ALSO_ON.get(metric, set())
    assert also <= set(board_scores(feed))
    found = {board: score for board, score in board_scores(feed).items() if board not in also}
    assert set(found) == {state_keys.board(PROGRAM, metric, name) for name in PERIODS}
    assert {count_of(score) for score in found.values()} == {WORTH.get(metric, 1)}
    assert {reached_at_of(score) for score in found.values()} == {int(START.timestamp())}
    if removing is not None:
        feed.feed([removing])
        assert board_scores(feed) == {}
        assert not [key for key in feed.values if key.startswith((f"tally:{metric}", AMY))]


@pytest.mark.parametrize("metric", BOARD_METRICS)
def test_the_boards_of_every_metric_are_closed_by_the_fold_that_writes_them(metric: BoardMetric) -> None:
    """Once, a day after the period, in whatever partition the person is; what is taken away later changes the live board only."""
    source = BOARD_METRICS[metric].fold
    assert source in SOURCES
    program = msgspec.structs.replace(GLOW, boards=(Board(metric=metric, periods=("week", "month")),))
    version = ProgramVersion(recorded_at=START, program=program, version=1, effective_from=START)
    catalog = Catalog([with_challenges(version)])
    counting = LogFold(_folds(PARTITIONS)[source], catalog)
    closings = LogFold(ClosingsFold(), catalog, counting.log)
    adding, removing = COUNTED[metric]
    _tick(counting, closings, START)
    counting.append_to(1, adding)
    for minutes in range(3):
        _tick(counting, closings, MONTH_CLOSES + timedelta(minutes=minutes))
    closed = _closed_boards(counting)
    assert [(line.metric, line.period, line.entries) for line in closed] == [
        (metric, "2026-W44", 1),
        (metric, "2026-11", 1),
    ]
    worth = WORTH.get(metric, 1)
    assert [(one.participant, one.score) for line in closed for one in line.top] == [(AMY, worth), (AMY, worth)]
    if removing is not None:
        counting.append_to(1, removing)
        _tick(counting, closings, MONTH_CLOSES + timedelta(days=1))
        assert _closed_boards(counting) == closed
    assert counting.rejected == []


def _tick(counting: LogFold, closings: LogFold, at: datetime) -> None:
    """Time reaches both topics: `standings` has it by the fold `boards`, which may be another one here."""
    line = ClockTicked(occurred_at=at, id=derive_id("tick", at.isoformat()))
    counting.append_tick(line)
    counting.drain()
    closings.drain()
    if counting.source.name != CONVERSIONS.name:
        closings.append_tick(line)
        closings.drain()


def _closed_boards(counting: LogFold) -> list[BoardClosed]:
    lines = (msgspec.json.decode(raw, type=StandingLine) for raw in counting.log.lines(STANDINGS.name))
    closed = (line for line in lines if isinstance(line, BoardClosed) and not line.period.startswith("challenge."))
    return sorted(closed, key=lambda line: line.occurred_at)
