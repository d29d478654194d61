"""The boards fold: whatever order conversions come in, the board is that of a naive count."""

from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.domain.score import count_of, reached_at_of
from leaderboard.folds.boards_fold import BoardsFold
from referral.catalog.view import Catalog
from referral.events.conversions import ConversionCleared, ConversionReversed, conversion_key
from tests.support.builders.leaderboard import GLOW_VERSION, ZONE, cleared_conversion, reversed_conversion
from tests.support.builders.participants import START, participant
from tests.support.folds import LogFold

REFERRERS = [participant(name).id for name in ("amy", "bo", "chen", "dai")]
MOMENTS = st.integers(0, 40 * 24 * 4).map(lambda quarters: START + timedelta(minutes=15 * quarters, milliseconds=7))
STORIES = st.lists(st.tuples(st.sampled_from(REFERRERS), MOMENTS, st.integers(0, 3)), max_size=14)
Line = ConversionCleared | ConversionReversed


def story(person: int, referrer: str, at: datetime, turns: int) -> list[Line]:
    """A person is counted, taken back, counted anew a day later, …: `turns` more lines after the first."""
    lines: list[Line] = [cleared_conversion(referrer, f"p{person}", at)]
    for turn in range(turns):
        last = lines[-1]
        anew = cleared_conversion(referrer, f"p{person}", at + timedelta(days=turn))
        lines.append(reversed_conversion(last) if isinstance(last, ConversionCleared) else anew)
    return lines


def naive(lines: list[list[Line]]) -> dict[str, list[tuple[int, int, str]]]:
    """(count, reached, member) by period, best first: who stands at the end of each story, counted by wall clock."""
    boards: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for last in (one[-1] for one in lines if isinstance(one[-1], ConversionCleared)):
        local = last.occurred_at.astimezone(ZoneInfo(ZONE))
        for period in (f"{local:%Y-%m-%d}", f"{local:%G-W%V}", f"{local:%Y-%m}", "all"):
            boards[period][last.referrer].append(int(last.occurred_at.timestamp()))
    return {
        period: sorted(((len(all_), max(all_), who) for who, all_ in by.items()), key=lambda r: (-r[0], r[1], r[2]))
        for period, by in boards.items()
    }


def shown(folding: LogFold) -> dict[str, list[tuple[int, int, str]]]:
    """The same from the fold's scores."""
    names = {board for places in folding.states.scores.values() for board, _ in places}
    scores = {name.rpartition(":")[2]: folding.scores(name) for name in names}
    return {
        period: [(count_of(score), reached_at_of(score), member) for score, member in found]
        for period, found in scores.items()
        if found
    }


@given(told=STORIES, chance=st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_interleaving_gives_the_board_of_a_naive_count(told: list[tuple[str, datetime, int]], chance) -> None:  # noqa: ANN001
    """Only the lines of one person are in order on the log; every mixture of persons ends in the same board."""
    stories = [story(number, *one) for number, one in enumerate(told)]
    waiting = [list(one) for one in stories]
    folding = LogFold(BoardsFold(), Catalog([GLOW_VERSION]))
    while waiting := [one for one in waiting if one]:
        line = chance.choice(waiting).pop(0)
        folding.append([(conversion_key(line), line)])
        if chance.random() < 0.3:
            folding.drain()
    folding.drain()
    assert folding.rejected == []
    assert shown(folding) == naive(stories)


def test_more_leads_then_who_got_there_first_then_the_smaller_id() -> None:
    """The order that the API and the page promise."""
    amy, bo, chen, dai = sorted(REFERRERS)
    folding = LogFold(BoardsFold(), Catalog([GLOW_VERSION]))
    at = [START + timedelta(hours=hours) for hours in range(6)]
    brought = [
        (chen, at[0]),
        (chen, at[1]),
        (bo, at[2]),
        (bo, at[2]),
        (amy, at[1]),
        (amy, at[3]),
        (dai, at[3]),
        (dai, at[3]),
    ]
    lines = [cleared_conversion(who, f"p{number}", moment) for number, (who, moment) in enumerate(brought)]
    folding.append((conversion_key(line), line) for line in lines)
    folding.drain()
    assert [member for _, member in folding.scores("prg_glow:referrals:all")] == [chen, bo, amy, dai]


def test_who_loses_a_referral_stands_where_the_rest_was_reached() -> None:
    """A running maximum would remember the referral that was taken back, and hand the tie to somebody else."""
    amy, bo = sorted(REFERRERS)[:2]
    first, later = cleared_conversion(bo, "p1", START), cleared_conversion(bo, "p2", START + timedelta(hours=5))
    other = cleared_conversion(amy, "p3", START + timedelta(hours=1))
    folding = LogFold(BoardsFold(), Catalog([GLOW_VERSION]))
    folding.append((conversion_key(line), line) for line in (first, later, other, reversed_conversion(later)))
    folding.drain()
    assert [member for _, member in folding.scores("prg_glow:referrals:all")] == [bo, amy]


def test_who_has_nothing_left_is_gone_from_every_board_and_from_memory() -> None:
    """Count 0 is no place; nothing of it stays behind."""
    one = cleared_conversion(REFERRERS[0], "p1", START)
    folding = LogFold(BoardsFold(), Catalog([GLOW_VERSION]))
    folding.append((conversion_key(line), line) for line in (one, reversed_conversion(one)))
    folding.drain()
    assert not any(folding.states.scores.values())
    assert not any(folding.states.values.values())


def test_a_reversal_of_what_never_counted_is_set_aside_with_its_reason() -> None:
    """It would make the count wrong for ever; somebody has to look at it."""
    stray = reversed_conversion(cleared_conversion(REFERRERS[0], "p1", START))
    folding = LogFold(BoardsFold(), Catalog([GLOW_VERSION]))
    folding.append([(conversion_key(stray), stray)])
    folding.drain()
    assert [(one["fold"], one["reason"]) for one in folding.rejected] == [("boards", "decision_failed")]
    assert "NotCounted" in folding.rejected[0]["detail"]


@given(told=STORIES)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_partners_stand_on_boards_of_their_own(told: list[tuple[str, datetime, int]]) -> None:
    """Whoever the catalog holds, the line says what a referrer is: nobody stands on both boards, and each board is exact."""
    partners, folding = set(REFERRERS[:2]), LogFold(BoardsFold(), Catalog([GLOW_VERSION]))
    stories = [story(number, *one) for number, one in enumerate(told)]
    for one in stories:
        kind = "partner" if one[0].referrer in partners else "follower"
        folding.append((conversion_key(line), replace(line, referrer_kind=kind)) for line in one)
    folding.drain()
    assert folding.rejected == []
    for of, board in ((partners, "referrals/partner"), (set(REFERRERS) - partners, "referrals")):
        expected = naive([one for one in stories if one[0].referrer in of]).get("all", [])
        found = folding.scores(f"prg_glow:{board}:all")
        assert [(count_of(score), reached_at_of(score), member) for score, member in found] == expected
