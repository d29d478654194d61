"""The boards fold: whatever order conversions come in, the board is that of a naive count."""

from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.domain.score import count_of, reached_at_of
from leaderboard.folds.boards_fold import BoardsFold
from referral.events.conversions import ConversionCleared, ConversionReversed, conversion_key
from tests.support.builders.leaderboard import START, ZONE, Folding, cleared, somebody, taken_back

REFERRERS = [somebody(name).id for name in ("amy", "bo", "chen", "dai")]
MOMENTS = st.integers(0, 40 * 24 * 4).map(lambda quarters: START + timedelta(minutes=15 * quarters, milliseconds=7))
STORIES = st.lists(st.tuples(st.sampled_from(REFERRERS), MOMENTS, st.integers(0, 3)), max_size=14)
Line = ConversionCleared | ConversionReversed


def story(person: int, referrer: str, at: datetime, turns: int) -> list[Line]:
    """A person is counted, taken back, counted anew a day later, …: `turns` more lines after the first."""
    lines: list[Line] = [cleared(referrer, f"p{person}", at)]
    for turn in range(turns):
        last = lines[-1]
        anew = cleared(referrer, f"p{person}", at + timedelta(days=turn))
        lines.append(taken_back(last) if isinstance(last, ConversionCleared) else anew)
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


def shown(folding: Folding) -> dict[str, list[tuple[int, int, str]]]:
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
    folding = Folding(BoardsFold())
    while waiting := [one for one in waiting if one]:
        line = chance.choice(waiting).pop(0)
        folding.say([(conversion_key(line), line)])
        if chance.random() < 0.3:
            folding.fold()
    folding.fold()
    assert folding.rejected == []
    assert shown(folding) == naive(stories)


def test_more_leads_then_who_got_there_first_then_the_smaller_id() -> None:
    """The order that the API and the page promise."""
    amy, bo, chen, dai = sorted(REFERRERS)
    folding = Folding(BoardsFold())
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
    lines = [cleared(who, f"p{number}", moment) for number, (who, moment) in enumerate(brought)]
    folding.say((conversion_key(line), line) for line in lines)
    folding.fold()
    assert [member for _, member in folding.scores("prg_glow:referrals:all")] == [chen, bo, amy, dai]


def test_who_loses_a_referral_stands_where_the_rest_was_reached() -> None:
    """A running maximum would remember the referral that was taken back, and hand the tie to somebody else."""
    amy, bo = sorted(REFERRERS)[:2]
    first, later = cleared(bo, "p1", START), cleared(bo, "p2", START + timedelta(hours=5))
    other = cleared(amy, "p3", START + timedelta(hours=1))
    folding = Folding(BoardsFold())
    folding.say((conversion_key(line), line) for line in (first, later, other, taken_back(later)))
    folding.fold()
    assert [member for _, member in folding.scores("prg_glow:referrals:all")] == [bo, amy]


def test_who_has_nothing_left_is_gone_from_every_board_and_from_memory() -> None:
    """Count 0 is no place; nothing of it stays behind."""
    one = cleared(REFERRERS[0], "p1", START)
    folding = Folding(BoardsFold())
    folding.say((conversion_key(line), line) for line in (one, taken_back(one)))
    folding.fold()
    assert not any(folding.states.scores.values())
    assert not any(folding.states.values.values())


def test_a_reversal_of_what_never_counted_is_set_aside_with_its_reason() -> None:
    """It would make the count wrong for ever; somebody has to look at it."""
    stray = taken_back(cleared(REFERRERS[0], "p1", START))
    folding = Folding(BoardsFold())
    folding.say([(conversion_key(stray), stray)])
    folding.fold()
    assert [(one["fold"], one["reason"]) for one in folding.rejected] == [("boards", "decision_failed")]
    assert "NotCounted" in folding.rejected[0]["detail"]


@given(told=STORIES)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_partners_stand_on_boards_of_their_own(told: list[tuple[str, datetime, int]]) -> None:
    """Whoever the catalog holds, the line says what a referrer is: nobody stands on both boards, and each board is exact."""
    partners, folding = set(REFERRERS[:2]), Folding(BoardsFold())
    stories = [story(number, *one) for number, one in enumerate(told)]
    for one in stories:
        kind = "partner" if one[0].referrer in partners else "follower"
        folding.say((conversion_key(line), replace(line, referrer_kind=kind)) for line in one)
    folding.fold()
    assert folding.rejected == []
    for of, board in ((partners, "referrals/partner"), (set(REFERRERS) - partners, "referrals")):
        expected = naive([one for one in stories if one[0].referrer in of]).get("all", [])
        found = folding.scores(f"prg_glow:{board}:all")
        assert [(count_of(score), reached_at_of(score), member) for score, member in found] == expected
