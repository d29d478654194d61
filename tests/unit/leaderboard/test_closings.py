"""Closing boards: the parts of all partitions become one board, once, whatever crashes; late corrections move prizes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.folds.closing_keys import AWAITED_ROUNDS
from referral.events.board_rules import Board
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.draw_rules import Draw
from referral.events.entities import ProgramVersion
from referral.events.reward_rules import Reward
from referral.events.standings import (
    BoardClosed,
    BoardCorrected,
    BoardPartClosed,
    BoardPartsWritten,
    DrawCommitted,
    DrawHeld,
    DrawRandomnessGiven,
    PrizeAwarded,
    PrizeRevoked,
)
from referral.topics import partition_of
from referral.verification.draw_proof import DrawEntry, DrawFile, DrawRecord, draw_mistake
from referral.verification.merkle_tree import leaf_hash, root_of
from referral.verification.quicknet import published_at
from tests.support.builders.leaderboard import GLOW, GLOW_VERSION, cleared_conversion, reversed_conversion
from tests.support.builders.participants import PROGRAM, START, participant
from tests.support.examples import examples
from tests.support.folds import PARTITIONS, LogFold
from tests.support.scenarios.month_end import MonthEnd

# Published by the League of Entropy on 2023-09-15 at 11:00:03: https://api.drand.sh/v2/beacons/quicknet/rounds/657413
QUICKNET_ROUND = 657413
QUICKNET_SIGNATURE = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
PEOPLE = [participant(f"p{number}").id for number in range(12)]
MONTH_END = datetime(2026, 11, 30, 16, tzinfo=UTC)  # midnight in Shanghai
CLOSES = MONTH_END + timedelta(days=1)
AFTER = CLOSES + timedelta(minutes=1)
REWARDS = (
    Reward(id="grand", to="referrer", on="board.prize", kind="gift", handover="post"),
    Reward(id="gift", to="referrer", on="board.prize", kind="credit", points=50),
)
PAID = replace(
    GLOW,
    rewards=REWARDS,
    holding_days=7,
    boards=(Board(metric="referrals", periods=("month",), prizes={"month": {"1": "grand", "2-3": "gift"}}),),
)
PAID_VERSION = ProgramVersion(recorded_at=START, program=PAID, version=1, effective_from=START)


def scores(*counts: int) -> list[ConversionCleared]:
    """Returns conversions in November: person n of PEOPLE has the n-th count, one a minute."""
    return [
        cleared_conversion(PEOPLE[index], f"f{index}-{number}", START + timedelta(days=index, minutes=number))
        for index, count in enumerate(counts)
        for number in range(count)
    ]


def closed_month(version: ProgramVersion, *counts: int) -> MonthEnd:
    """Returns a month whose board was closed with these counts."""
    month = MonthEnd(version)
    month.at(START)
    month.append(scores(*counts))
    month.at(AFTER, AFTER + timedelta(minutes=1), AFTER + timedelta(minutes=2))
    assert month.rejected == []
    return month


def board(month: MonthEnd, period: str = "2026-11") -> BoardClosed:
    """Returns the one closing of a period."""
    (found,) = [line for line in month.standings(BoardClosed) if line.period == period]
    return found


def test_the_parts_of_all_partitions_become_one_board_in_the_order_of_ranks() -> None:
    """Ranks, root and offsets are those of a naive sort over everyone."""
    month = closed_month(PAID_VERSION, 1, 5, 3, 3, 2)
    closed = board(month)
    expected = [(1, 1, 5), (2, 2, 3), (3, 3, 3), (4, 4, 2), (5, 0, 1)]
    assert [(one.rank, one.participant, one.score) for one in closed.top] == [
        (rank, PEOPLE[index], count) for rank, index, count in expected
    ]
    leaves = [f"{one.rank} {one.participant} {one.score} {one.reached_at}".encode() for one in closed.top]
    assert closed.root == root_of([leaf_hash(leaf) for leaf in leaves]).hex()
    assert sum(part.count for part in closed.parts) == closed.entries == 5
    assert {part.part for part in closed.parts} == {
        partition_of(f"{PROGRAM}|{PEOPLE[index]}", PARTITIONS) for index in range(5)
    }


def test_nothing_is_closed_before_a_day_has_passed() -> None:
    """What arrives within it still counts."""
    month = MonthEnd(PAID_VERSION)
    month.at(START)
    month.append(scores(1))
    month.at(CLOSES - timedelta(minutes=1), CLOSES - timedelta(seconds=30))
    assert month.standings(BoardPartClosed) == month.standings(BoardClosed) == []
    month.append([cleared_conversion(PEOPLE[1], "late", MONTH_END - timedelta(minutes=1))])
    month.at(AFTER, AFTER + timedelta(minutes=1))
    assert board(month).entries == 2


def test_a_missing_part_delays_the_closing() -> None:
    """A partition that does not fold, here without a tick, has not reported: the others wait for it."""
    month = MonthEnd(PAID_VERSION)
    month.at(START)
    month.append(scores(1, 1, 1, 1, 1, 1))
    for minute in (1, 2, 3):
        month.tick(CLOSES + timedelta(minutes=minute), range(1, PARTITIONS))
        month.drain()
    assert len(month.standings(BoardPartClosed)) >= 1
    assert month.standings(BoardClosed) == []
    month.at(CLOSES + timedelta(minutes=4), CLOSES + timedelta(minutes=5))
    assert board(month).entries == 6


def test_a_partition_without_entries_delays_nothing() -> None:
    """It reports as the others do, from its first tick on."""
    month = closed_month(PAID_VERSION, 4)
    assert [part.count for part in board(month).parts] == [1]
    assert {line.part for line in month.standings(BoardPartsWritten)} == set(range(PARTITIONS))


def test_a_board_that_its_program_does_not_declare_is_not_closed() -> None:
    """Days and weeks can be read at any time; closing them costs lines."""
    month = closed_month(PAID_VERSION, 2, 1)
    assert {line.period for line in month.standings(BoardClosed)} == {"2026-11"}


def test_days_weeks_and_months_are_closed_each_once() -> None:
    """The program of the builders declares all periods; all time never closes."""
    month = closed_month(GLOW_VERSION, 1, 1)
    periods = sorted(line.period for line in month.standings(BoardClosed))
    assert periods == ["2026-11", "2026-11-01", "2026-11-02", "2026-W44", "2026-W45"]


def test_what_comes_after_the_closing_changes_the_board_but_not_the_closed_one() -> None:
    """It is written as a correction."""
    month = closed_month(PAID_VERSION, 2, 1)
    closed = board(month)
    month.append([cleared_conversion(PEOPLE[1], "late", MONTH_END - timedelta(days=3))])
    month.append([reversed_conversion(one, AFTER + timedelta(hours=1)) for one in scores(2)])
    month.at(AFTER + timedelta(days=1), AFTER + timedelta(days=2))
    assert board(month) == closed
    assert [
        (one.participant, one.score) for one in sorted(month.standings(BoardCorrected), key=lambda one: -one.score)
    ] == [
        (PEOPLE[1], 2),
        (PEOPLE[0], 1),
        (PEOPLE[0], 0),
    ]


def prizes_of(month: MonthEnd) -> dict[str, str]:
    """Returns who has which prize after all awards and revocations."""
    found: dict[str, str] = {}
    lines = [*month.standings(PrizeAwarded), *month.standings(PrizeRevoked)]
    for line in sorted(lines, key=lambda one: one.cause[2:]):
        if isinstance(line, PrizeAwarded):
            found[line.participant] = line.prize
        elif found.get(line.participant) == line.prize:
            del found[line.participant]
    return found


def rewards_of(month: MonthEnd) -> dict[str, str]:
    """Returns who has which reward after all grants and revocations, in the order of the log."""
    found: dict[str, tuple[str, str]] = {}
    for line in month.rewards():
        if line.__struct_config__.tag == "reward.granted":
            found[line.id] = (line.beneficiary, line.rule)  # type: ignore[union-attr]
        else:
            found.pop(line.id)
    return dict(found.values())


def test_the_top_referrer_of_the_month_gets_the_special_prize_and_the_next_theirs() -> None:
    """As rewards, in their holding period."""
    month = closed_month(PAID_VERSION, 5, 4, 3, 2)
    assert rewards_of(month) == {PEOPLE[0]: "grand", PEOPLE[1]: "gift", PEOPLE[2]: "gift"}
    grants = sorted(month.rewards(), key=lambda one: PEOPLE.index(one.beneficiary))
    assert all(one.due_at == one.occurred_at + timedelta(days=7) for one in grants)  # type: ignore[union-attr]
    assert [line.kind for line in grants] == ["gift", "credit", "credit"]  # type: ignore[union-attr]


def test_a_void_winner_is_replaced_by_the_runner_up() -> None:
    """Everyone after a winner with nothing left moves up; what does not change is not granted again."""
    month = closed_month(PAID_VERSION, 5, 4, 3, 2)
    month.append([reversed_conversion(one, AFTER + timedelta(days=2)) for one in scores(5)])
    month.at(AFTER + timedelta(days=2))
    assert rewards_of(month) == {PEOPLE[1]: "grand", PEOPLE[2]: "gift", PEOPLE[3]: "gift"}
    assert {line.reason for line in month.standings(PrizeRevoked)} == {"void", "moved"}
    assert len(month.rewards()) == 3 + 2 + 2


def test_after_the_holding_period_prizes_stay() -> None:
    """A correction then is shown, and moves nothing."""
    month = closed_month(PAID_VERSION, 5, 4, 3, 2)
    before = rewards_of(month)
    month.append([reversed_conversion(one, AFTER + timedelta(days=8)) for one in scores(5)])
    month.at(AFTER + timedelta(days=8))
    assert rewards_of(month) == before
    assert month.standings(BoardCorrected)[-1].score == 0


def test_who_was_void_before_the_board_was_joined_gets_nothing() -> None:
    """A correction may arrive between the parts and the closing."""
    month = MonthEnd(PAID_VERSION)
    month.at(START)
    month.append(scores(5, 4))
    month.tick(AFTER)
    month.boards.drain()
    month.append([reversed_conversion(one, AFTER) for one in scores(5)])
    month.at(AFTER + timedelta(minutes=1), AFTER + timedelta(minutes=2))
    assert rewards_of(month) == {PEOPLE[1]: "grand"}


def closed_lines(month: MonthEnd) -> list[BoardClosed]:
    """Returns the closings without what depends on how the partitions interleave: positions, and at which tick they are joined."""
    return [replace(line, cause=("", 0, 0, 0, 0), occurred_at=AFTER) for line in month.standings(BoardClosed)]


def reversals(counts: list[int]) -> list[ConversionReversed]:
    """Returns the reversals of the first two conversions, after the closing."""
    return [reversed_conversion(one, AFTER) for one in scores(*counts)[:2]]


def take(month: MonthEnd, step: datetime | list[Any]) -> None:
    """Appends conversions, or a tick."""
    if isinstance(step, datetime):
        month.tick(step)
    else:
        month.append(step)


def disturb(fold: LogFold, fault: str) -> None:
    """Wipes the state or replaces the worker, and folds one batch."""
    if fault == "wipe":
        fold.states.wipe()
    if fault != "none":
        fold.start_worker()
    fold.run_once()


@given(data=st.data(), counts=st.lists(st.integers(0, 4), min_size=1, max_size=8))
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.too_slow])
def test_wipes_and_restarts_at_any_time_give_the_same_bytes(data: st.DataObject, counts: list[int]) -> None:
    """Closed boards and rewards equal those of a run without faults, and states those of a refold of the same log."""
    steps = [scores(*counts), AFTER, reversals(counts), AFTER + timedelta(minutes=1), AFTER + timedelta(minutes=2)]
    quiet, faulty = MonthEnd(PAID_VERSION), MonthEnd(PAID_VERSION)
    for step in [START, *steps]:
        for month in (quiet, faulty):
            take(month, step)
        for fold in data.draw(st.lists(st.sampled_from([faulty.boards, faulty.closings, faulty.prizes]), max_size=3)):
            disturb(fold, data.draw(st.sampled_from(["wipe", "restart", "none"])))
        for month in (quiet, faulty):
            month.drain()
    assert closed_lines(faulty) == closed_lines(quiet)
    assert rewards_of(faulty) == rewards_of(quiet)
    assert faulty.boards.states.values == quiet.boards.states.values
    for fold in (faulty.boards, faulty.closings):
        before = dict(fold.states.values)
        fold.states.wipe()
        fold.start_worker()
        fold.drain()
        assert fold.states.values == before


@pytest.mark.parametrize("size", [999, 1000, 1001, 2500])
def test_a_large_part_takes_several_lines_and_loses_no_entry(size: int) -> None:
    """A line has a thousand entries at most."""
    month = MonthEnd(PAID_VERSION)
    month.at(START)
    month.append(
        [
            cleared_conversion(f"psn_{number:016}", f"f{number}", START + timedelta(minutes=number))
            for number in range(size)
        ]
    )
    month.at(AFTER, AFTER + timedelta(minutes=1))
    assert board(month).entries == size
    assert all(len(line.entries) <= 1000 for line in month.standings(BoardPartClosed))


def test_a_draw_waits_for_its_round_until_it_is_held() -> None:
    """Listed by the second at which the round is published, so that it can be fetched then; a draw with a secret is not."""
    mask = Reward(id="mask", to="referrer", on="draw.won", kind="gift", handover="post")
    draw = Draw(id="spring", board="referrals", period="month", reward="mask", winners=1)
    secret = Draw(id="own", board="referrals", period="month", reward="mask", secret_hash="0" * 64)
    program = replace(PAID, rewards=(*REWARDS, mask), draws=(draw, secret))
    month = closed_month(replace(PAID_VERSION, program=program), 2, 1)
    (committed,) = [line for line in month.standings(DrawCommitted) if line.draw == "spring"]
    assert committed.round is not None
    name = f"{PROGRAM}:referrals:2026-11|spring"
    assert month.closings.scores(AWAITED_ROUNDS) == [(float(published_at(committed.round)), name)]
    given = DrawRandomnessGiven(
        occurred_at=AFTER,
        program=PROGRAM,
        metric="referrals",
        period="2026-11",
        draw="spring",
        by="drand",
        round=committed.round,
        signature="00" * 48,
    )
    month.closings.append([(PROGRAM, given)])
    month.drain()
    assert month.rejected == []
    assert [line.draw for line in month.standings(DrawHeld)] == ["spring"]
    assert month.closings.scores(AWAITED_ROUNDS) == []


def test_a_draw_is_held_with_a_round_that_drand_has_published_and_verifies_offline() -> None:
    """Round 657413 of September 2023, six hours after the board of August was closed: from the board to the file of the draw.

    Folds do not verify signatures; the view that accepts a round does, and so does everyone who verifies the draw.
    """
    mask = Reward(id="mask", to="referrer", on="draw.won", kind="gift", handover="post")
    draw = Draw(id="spring", board="referrals", period="month", reward="mask", winners=1, alternates=2)
    program = replace(PAID, rewards=(*REWARDS, mask), draws=(draw,))
    began, closes = datetime(2023, 8, 10, tzinfo=UTC), datetime(2023, 9, 15, 5, tzinfo=UTC)
    month = MonthEnd(ProgramVersion(recorded_at=began, program=program, version=1, effective_from=began))
    month.at(began)
    month.append(
        cleared_conversion(PEOPLE[index], f"f{index}-{number}", began + timedelta(days=index, minutes=number))
        for index, count in enumerate((3, 1, 4, 2))
        for number in range(count)
    )
    month.at(closes - timedelta(minutes=1), closes)
    (committed,) = month.standings(DrawCommitted)
    assert committed.round == QUICKNET_ROUND
    given = DrawRandomnessGiven(
        occurred_at=closes + timedelta(hours=6, seconds=5),
        program=PROGRAM,
        metric="referrals",
        period="2023-08",
        draw="spring",
        by="drand",
        round=QUICKNET_ROUND,
        signature=QUICKNET_SIGNATURE,
    )
    month.closings.append([(PROGRAM, given)])
    month.drain()
    (held,) = month.standings(DrawHeld)
    assert draw_mistake(_draw_file(committed, held, board(month, "2023-08"))) is None
    changed = replace(held, winners=held.alternates[:1])
    assert draw_mistake(_draw_file(committed, changed, board(month, "2023-08"))) is not None
    assert [(one.trigger, one.rule) for one in month.standings(PrizeAwarded) if one.rule == "mask"] == [
        ("draw:spring:2023-08", "mask")
    ]


def _draw_file(committed: DrawCommitted, held: DrawHeld, closed: BoardClosed) -> DrawFile:
    """Returns the draw as `referral draw fetch` writes it."""
    return DrawFile(
        record=DrawRecord(
            program=PROGRAM,
            draw=committed.draw,
            metric=committed.metric,
            period=committed.period,
            committed_at=committed.occurred_at,
            root=committed.root,
            entries=committed.entries,
            tickets=committed.tickets,
            winner_places=committed.winners,
            alternate_places=committed.alternates,
            rule=committed.rule,
            last_leaf=committed.last_leaf,
            round=committed.round,
            randomness=held.randomness,
            signature=held.signature,
            winners=held.winners,
            alternates=held.alternates,
        ),
        entries=tuple(DrawEntry(one.participant, one.score, one.reached_at) for one in closed.top),
    )


def test_boards_that_no_program_declares_delay_no_declared_one() -> None:
    """Only declared boards count towards how many a tick closes: thousands of others go in the same tick."""
    month = MonthEnd(PAID_VERSION)
    month.at(START)
    month.append(scores(1, 1))
    month.drain()
    month.at(AFTER)
    month.at(AFTER + timedelta(minutes=1))
    assert [line.period for line in month.standings(BoardClosed)] == ["2026-11"]
    assert month.boards.scores("closing-boards") == []
