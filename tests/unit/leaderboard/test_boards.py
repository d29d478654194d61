"""The boards fold: in whatever order conversions come, the board is that of a naive count."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.domain.score import count_of, reached_at_of
from leaderboard.folds.boards_fold import BoardsFold
from referral.catalog.view import Catalog
from referral.events.board_rules import Campaign
from referral.events.conversions import ConversionCleared, ConversionReversed, conversion_key
from tests.support.builders.leaderboard import GLOW_VERSION, ZONE, cleared_conversion, reversed_conversion
from tests.support.builders.participants import START, participant
from tests.support.folds import PARTITIONS, LogFold

REFERRERS = [participant(name).id for name in ("amy", "bo", "chen", "dai")]
MOMENTS = st.integers(0, 40 * 24 * 4).map(lambda quarters: START + timedelta(minutes=15 * quarters, milliseconds=7))
STORIES = st.lists(st.tuples(st.sampled_from(REFERRERS), MOMENTS, st.integers(0, 3)), max_size=14)
Line = ConversionCleared | ConversionReversed


def story(person: int, referrer: str, at: datetime, turns: int) -> list[Line]:
    """Returns a person's conversion, its reversal, a conversion a day later, …: `turns` more lines after the first."""
    lines: list[Line] = [cleared_conversion(referrer, f"p{person}", at)]
    for turn in range(turns):
        last = lines[-1]
        again = cleared_conversion(referrer, f"p{person}", at + timedelta(days=turn))
        lines.append(reversed_conversion(last) if isinstance(last, ConversionCleared) else again)
    return lines


def naive(lines: list[list[Line]]) -> dict[str, list[tuple[int, int, str]]]:
    """Returns (count, reached at, member) by period, best first: the conversions that count in the end, by local time."""
    boards: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for last in (story[-1] for story in lines if isinstance(story[-1], ConversionCleared)):
        local = last.occurred_at.astimezone(ZoneInfo(ZONE))
        for period in (f"{local:%Y-%m-%d}", f"{local:%G-W%V}", f"{local:%Y-%m}", "all"):
            boards[period][last.referrer].append(int(last.occurred_at.timestamp()))
    return {
        period: sorted(
            ((len(seconds), max(seconds), member) for member, seconds in board.items()),
            key=lambda row: (-row[0], row[1], row[2]),
        )
        for period, board in boards.items()
    }


def boards_of(fold: LogFold) -> dict[str, list[tuple[int, int, str]]]:
    """Returns the same from the fold's scores of the metric `referrals`."""
    names = {board for scores in fold.states.scores.values() for board, _ in scores if ":referrals:" in board}
    scores = {name.rpartition(":")[2]: fold.scores(name) for name in names}
    return {
        period: [(count_of(score), reached_at_of(score), member) for score, member in found]
        for period, found in scores.items()
        if found
    }


@given(drawn=STORIES, chance=st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_interleaving_gives_the_board_of_a_naive_count(drawn: list[tuple[str, datetime, int]], chance) -> None:  # noqa: ANN001
    """Only the lines of one person are in order on the log; every interleaving of persons gives the same board."""
    stories = [story(number, *parts) for number, parts in enumerate(drawn)]
    waiting = [list(lines) for lines in stories]
    fold = LogFold(BoardsFold(PARTITIONS), Catalog([GLOW_VERSION]))
    while waiting := [lines for lines in waiting if lines]:
        line = chance.choice(waiting).pop(0)
        fold.append([(conversion_key(line), line)])
        if chance.random() < 0.3:
            fold.drain()
    fold.drain()
    assert fold.rejected == []
    assert boards_of(fold) == naive(stories)


def test_the_higher_count_leads_then_the_earlier_time_then_the_smaller_id() -> None:
    """The order that the API and the page document."""
    amy, bo, chen, dai = sorted(REFERRERS)
    fold = LogFold(BoardsFold(PARTITIONS), Catalog([GLOW_VERSION]))
    at = [START + timedelta(hours=hours) for hours in range(6)]
    referrals = [
        (chen, at[0]),
        (chen, at[1]),
        (bo, at[2]),
        (bo, at[2]),
        (amy, at[1]),
        (amy, at[3]),
        (dai, at[3]),
        (dai, at[3]),
    ]
    lines = [cleared_conversion(who, f"p{number}", moment) for number, (who, moment) in enumerate(referrals)]
    fold.append((conversion_key(line), line) for line in lines)
    fold.drain()
    assert [member for _, member in fold.scores("prg_glow:referrals:all")] == [chen, bo, amy, dai]


def test_after_a_reversal_the_time_of_the_remaining_referrals_decides_a_tie() -> None:
    """A running maximum would still contain the reversed referral, and decide the tie for the wrong referrer."""
    amy, bo = sorted(REFERRERS)[:2]
    first, later = cleared_conversion(bo, "p1", START), cleared_conversion(bo, "p2", START + timedelta(hours=5))
    other = cleared_conversion(amy, "p3", START + timedelta(hours=1))
    fold = LogFold(BoardsFold(PARTITIONS), Catalog([GLOW_VERSION]))
    fold.append((conversion_key(line), line) for line in (first, later, other, reversed_conversion(later)))
    fold.drain()
    assert [member for _, member in fold.scores("prg_glow:referrals:all")] == [bo, amy]


@given(days=st.lists(st.integers(0, 20), max_size=8))
def test_the_board_of_the_campaign_has_its_days_alone(days: list[int]) -> None:
    """The days that the first version with a campaign declares, whole days in the program's time zone."""
    campaign = Campaign(starts=date(2026, 11, 5), days=7)
    program = replace(GLOW_VERSION.program, campaign=campaign)
    versions = [
        GLOW_VERSION,
        replace(GLOW_VERSION, version=2, program=program, effective_from=START + timedelta(days=1)),
    ]
    fold = LogFold(BoardsFold(PARTITIONS), Catalog(versions))
    lines = [cleared_conversion(REFERRERS[0], f"p{n}", START + timedelta(days=day)) for n, day in enumerate(days)]
    fold.append((conversion_key(line), line) for line in lines)
    fold.drain()
    counted = sum(4 <= day <= 10 for day in days)
    assert [count_of(score) for score, _ in fold.scores("prg_glow:referrals:campaign")] == [counted] * bool(counted)


def test_a_referrer_without_referrals_is_removed_from_every_board_and_from_the_state() -> None:
    """A count of 0 has no rank."""
    conversion = cleared_conversion(REFERRERS[0], "p1", START)
    fold = LogFold(BoardsFold(PARTITIONS), Catalog([GLOW_VERSION]))
    fold.append((conversion_key(line), line) for line in (conversion, reversed_conversion(conversion)))
    fold.drain()
    assert {sorted_set for scores in fold.states.scores.values() for sorted_set, _ in scores} <= {
        "timers",
        "closing-boards",
    }
    assert {key for values in fold.states.values.values() for key in values} == {"closing"}


def test_a_reversal_of_what_does_not_count_becomes_a_dead_letter() -> None:
    """It would make the count wrong for ever, so an operator has to look at it."""
    stray = reversed_conversion(cleared_conversion(REFERRERS[0], "p1", START))
    fold = LogFold(BoardsFold(PARTITIONS), Catalog([GLOW_VERSION]))
    fold.append([(conversion_key(stray), stray)])
    fold.drain()
    assert [(letter["fold"], letter["reason"]) for letter in fold.rejected] == [("boards", "decision_failed")]
    assert "NotCounted" in fold.rejected[0]["detail"]


@given(drawn=STORIES)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_partners_have_boards_of_their_own(drawn: list[tuple[str, datetime, int]]) -> None:
    """The line decides, not the catalog: no referrer is on both boards, and each board is exact."""
    partners, fold = set(REFERRERS[:2]), LogFold(BoardsFold(PARTITIONS), Catalog([GLOW_VERSION]))
    stories = [story(number, *parts) for number, parts in enumerate(drawn)]
    for lines in stories:
        kind = "partner" if lines[0].referrer in partners else "follower"
        fold.append((conversion_key(line), replace(line, referrer_kind=kind)) for line in lines)
    fold.drain()
    assert fold.rejected == []
    for members, board in ((partners, "referrals/partner"), (set(REFERRERS) - partners, "referrals")):
        expected = naive([lines for lines in stories if lines[0].referrer in members]).get("all", [])
        found = fold.scores(f"prg_glow:{board}:all")
        assert [(count_of(score), reached_at_of(score), member) for score, member in found] == expected
