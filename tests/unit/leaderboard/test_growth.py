"""The growth fold: exactly who follows now, whatever was said and taken back meanwhile."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.domain.growth import Growth, GrowthDays, total
from leaderboard.folds.growth_fold import GrowthFold, State
from referral.catalog.view import Catalog
from referral.events.attributions import (
    AttributionLine,
    Evidence,
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    attribution_key,
)
from referral.events.edges import EdgeFact
from referral.events.examples import example
from referral.events.schemas import types_by_tag
from tests.support.builders.leaderboard import GLOW_VERSION, ZONE
from tests.support.builders.participants import PROGRAM, START
from tests.support.folds import LogFold

CHANNELS = st.sampled_from([None, "wechat", "weibo"])
FOLLOWS = st.tuples(st.booleans(), st.integers(0, 70 * 24), CHANNELS)  # brought?, when (hours), through what
LIVES = st.lists(st.lists(FOLLOWS, min_size=1, max_size=3), max_size=8)
decode = msgspec.msgpack.Decoder(State).decode


def said(person: str, follow: tuple[bool, int, str | None]) -> list[object]:
    """What the attribute fold says of a follow."""
    brought, hours, channel = follow
    at = START + timedelta(hours=hours)
    if not brought:
        return [ReferralUnattributed(occurred_at=at, program=PROGRAM, person=person, reason="no_evidence")]
    evidence = Evidence(kind="click", touched_at=at, event="evt_1", channel=channel)
    same = {"occurred_at": at, "program": PROGRAM, "id": f"ref_{person}", "person": person, "referrer": "par_a"}
    rest = {**same, "version": 1, "evidence": evidence}
    return [ReferralAttributed(**rest), ReferralQualified(**rest, followed_at=at)]


def undone(person: str, follow: tuple[bool, int, str | None]) -> ReferralReversed:
    """And when it no longer holds."""
    brought, hours, _ = follow
    since = START + timedelta(hours=hours)
    who = {"referrer": "par_a", "id": f"ref_{person}"} if brought else {}
    undoes = ("attributed", "qualified") if brought else ("unattributed",)
    return ReferralReversed(
        occurred_at=since, program=PROGRAM, person=person, undoes=undoes, reason="unfollowed", since=since, **who
    )


def ever(folding: LogFold) -> Growth:
    """The counts of all time, over all partitions."""
    return total(decode(raw) for raw in folding.values(f"ever:{PROGRAM}"))


def test_edges_tell_of_nobody_new() -> None:
    """Who brought whom is said once; what places tell each other of it counts nobody again."""
    for edge in types_by_tag(EdgeFact):
        line = msgspec.json.decode(example(edge), type=AttributionLine)
        assert GrowthFold().keys(line) == ()


@given(lives=LIVES, left=st.sets(st.integers(0, 7)))
def test_the_counts_are_those_of_who_follows_at_the_end(lives: list[list], left: set[int]) -> None:
    """Every earlier verdict on a person is taken back, on its own day and through its own channel."""
    folding, standing = LogFold(GrowthFold(), Catalog([GLOW_VERSION])), []
    for number, life in enumerate(lives):
        person = f"p{number}"
        for follow, following in zip(life, [*life[1:], None], strict=True):
            lines = said(person, follow)
            gone = following is not None or number in left
            lines += [undone(person, follow)] if gone else []
            standing += [] if gone else [follow]
            folding.append((attribution_key(line), line) for line in lines)
    folding.drain()
    found = ever(folding)
    assert (found.attributed, found.qualified, found.unattributed) == (
        sum(brought for brought, _, _ in standing),
        sum(brought for brought, _, _ in standing),
        sum(not brought for brought, _, _ in standing),
    )
    through = [channel for brought, _, channel in standing if brought and channel]
    assert found.channels == {name: through.count(name) for name in sorted(set(through))}
    assert by_day(folding) == naive_days(standing)
    assert folding.rejected == []


def by_day(folding: LogFold) -> dict[str, int]:
    """Followers by day, over all partitions and blocks; days that came to nothing left out."""
    found: dict[str, int] = {}
    for values in folding.states.values.values():
        for key, raw in values.items():
            if key.startswith("days:"):
                state = decode(raw)
                assert isinstance(state, GrowthDays)
                for day, count in state.days.items():
                    found[day] = found.get(day, 0) + count.followers
    return {day: count for day, count in found.items() if count}


def naive_days(standing: list[tuple[bool, int, str | None]]) -> dict[str, int]:
    """The same, counted by wall clock."""
    moments = [START + timedelta(hours=hours) for _, hours, _ in standing]
    names = [datetime.astimezone(moment, ZoneInfo(ZONE)).date().isoformat() for moment in moments]
    return {name: names.count(name) for name in names}


def test_the_share_of_referrals_is_of_all_who_follow() -> None:
    """40 of 100; and nothing of nothing is 0, not an error."""
    assert Growth(attributed=40, unattributed=60).referral_share == 0.4
    assert Growth().referral_share == 0.0


def test_a_refund_takes_back_what_qualified_and_leaves_the_follower_where_they_came_from() -> None:
    """Only who leaves is taken from their channel; the day is that of the follow, whenever the order was."""
    folding, life = LogFold(GrowthFold(), Catalog([GLOW_VERSION])), (True, 5, "wechat")
    attributed, qualified = said("p1", life)
    refunded = replace(undone("p1", life), undoes=("qualified",), reason="refunded")
    left = replace(undone("p1", life), undoes=("attributed",))
    for lines, counts in (([attributed, qualified, refunded], Growth(1, 0, 0, {"wechat": 1})), ([left], Growth())):
        folding.append((attribution_key(line), line) for line in lines)
        folding.drain()
        assert ever(folding) == counts
