"""The growth fold counts exactly the current followers, whatever was attributed and reversed before."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leaderboard.domain.activity import Activity
from leaderboard.domain.day_buckets import bucket_of
from leaderboard.domain.growth import AGES, MAX_PARTS, Growth, GrowthDays, departed, total
from leaderboard.folds.growth_fold import GrowthFold
from leaderboard.growth_store import GrowthFigures
from referral.catalog.view import Catalog
from referral.events.attributions import (
    AttributionLine,
    Evidence,
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    ReferrerBanned,
    ReferrerUnbanned,
    attribution_key,
)
from referral.events.edges import EdgeFact
from referral.events.examples import example
from referral.events.schemas import types_by_tag
from tests.support.builders.leaderboard import GLOW_VERSION, ZONE
from tests.support.builders.participants import PROGRAM, START, person_id
from tests.support.folds import LogFold

CHANNELS = st.sampled_from([None, "wechat", "weibo"])
FOLLOWS = st.tuples(st.booleans(), st.integers(0, 70 * 24), CHANNELS)  # referred?, when (hours), channel
LIVES = st.lists(st.lists(FOLLOWS, min_size=1, max_size=3), max_size=8)
decode = msgspec.msgpack.Decoder(GrowthDays).decode


def attribution_lines(person: str, follow: tuple[bool, int, str | None]) -> list[object]:
    """Returns the output lines of the attribute fold for a follow, which qualifies at once in odd hours and later in even ones."""
    referred, hours, channel = follow
    at = START + timedelta(hours=hours)
    if not referred:
        return [ReferralUnattributed(occurred_at=at, program=PROGRAM, person=person, reason="no_evidence")]
    evidence = Evidence(kind="click", touched_at=at, event="evt_1", channel=channel)
    same = {
        "occurred_at": at,
        "program": PROGRAM,
        "id": f"ref_{person}",
        "person": person,
        "referrer": person_id("xhs:a"),
    }
    rest = {**same, "version": 1, "evidence": evidence}
    if hours % 2:
        return [ReferralAttributed(**rest, qualified=True)]
    return [ReferralAttributed(**rest), ReferralQualified(**rest, followed_at=at)]


def reversal(person: str, follow: tuple[bool, int, str | None]) -> ReferralReversed:
    """Returns the reversal of a follow."""
    referred, hours, channel = follow
    since = START + timedelta(hours=hours)
    referral = {"referrer": person_id("xhs:a"), "id": f"ref_{person}", "channel": channel} if referred else {}
    undoes = ("attributed", "qualified") if referred else ("unattributed",)
    return ReferralReversed(
        occurred_at=since, program=PROGRAM, person=person, undoes=undoes, reason="unfollowed", since=since, **referral
    )


def all_time(fold: LogFold) -> Growth:
    """Returns the counts of all time, over all partitions."""
    return sum_of_days(fold, f"days:{PROGRAM}:")


def sum_of_days(fold: LogFold, prefix: str) -> Growth:
    """Returns the counts of all days of the buckets that the program has, under keys that end with the bucket."""
    buckets = {int(score) for score, _ in fold.scores(f"buckets:{PROGRAM}")}
    states = [decode(raw) for bucket in buckets for raw in fold.values(f"{prefix}{bucket}")]
    return total(count for state in states for count in state.days.values())


def test_referral_edges_add_no_follower() -> None:
    """A follower is counted by the attribution; the edges that follow from it say who belongs to whose network."""
    for edge in types_by_tag(EdgeFact):
        line = msgspec.json.decode(example(edge), type=AttributionLine)
        keys = [key if isinstance(key, str) else key.sorted_set for key in GrowthFold(1).keys(line)]
        assert all(key.startswith(("upline:", "referees:", "tally:reach:", "closing")) for key in keys), keys


@given(lives=LIVES, left=st.sets(st.integers(0, 7)))
def test_the_counts_are_those_of_the_current_followers(lives: list[list], left: set[int]) -> None:
    """Every earlier verdict about a person is reversed, on its own day and for its own channel."""
    fold, current = LogFold(GrowthFold(1), Catalog([GLOW_VERSION])), []
    for number, life in enumerate(lives):
        person = f"p{number}"
        for follow, next_follow in zip(life, [*life[1:], None], strict=True):
            lines = attribution_lines(person, follow)
            ended = next_follow is not None or number in left
            lines += [reversal(person, follow)] if ended else []
            current += [] if ended else [follow]
            fold.append((attribution_key(line), line) for line in lines)
    fold.drain()
    found = all_time(fold)
    assert (found.attributed, found.qualified, found.unattributed) == (
        sum(referred for referred, _, _ in current),
        sum(referred for referred, _, _ in current),
        sum(not referred for referred, _, _ in current),
    )
    channels = [channel for referred, _, channel in current if referred and channel]
    assert found.channels == {name: channels.count(name) for name in sorted(set(channels))}
    assert by_day(fold) == naive_days(current)
    assert fold.rejected == []


def by_day(fold: LogFold) -> dict[str, int]:
    """Returns followers by day, over all partitions and buckets, without days that have none."""
    found: dict[str, int] = {}
    for values in fold.states.values.values():
        for key, raw in values.items():
            if key.startswith("days:"):
                state = decode(raw)
                assert isinstance(state, GrowthDays)
                for day, count in state.days.items():
                    found[day] = found.get(day, 0) + count.followers
    return {day: count for day, count in found.items() if count}


def naive_days(follows: list[tuple[bool, int, str | None]]) -> dict[str, int]:
    """Returns the same, counted by local time."""
    times = [START + timedelta(hours=hours) for _, hours, _ in follows]
    names = [datetime.astimezone(time, ZoneInfo(ZONE)).date().isoformat() for time in times]
    return {name: names.count(name) for name in names}


def test_the_referral_share_is_a_share_of_all_followers() -> None:
    """40 of 100; followers of banned referrers follow, but are not referred; without followers it is 0, not an error."""
    nothing = Growth(), Activity(), 0
    assert GrowthFigures(Growth(attributed=40, unattributed=60), *nothing).referral_share == 0.4
    assert (
        GrowthFigures(Growth(attributed=40, unattributed=40), Growth(attributed=20), *nothing[1:]).referral_share == 0.4
    )
    assert GrowthFigures(Growth(), *nothing).referral_share == 0.0


@given(attributed=st.integers(0, 9), channels=st.dictionaries(st.sampled_from(["wechat", "web"]), st.integers(1, 4)))
def test_the_channels_add_up_to_the_referred_followers(attributed: int, channels: dict[str, int]) -> None:
    """Evidence without a channel is shown as `unknown`."""
    growth = Growth(attributed=attributed + sum(channels.values()), channels=channels)
    assert sum(growth.by_channel.values()) == growth.attributed
    assert growth.by_channel.get("unknown", 0) == attributed


BANS = st.lists(
    st.tuples(st.sampled_from([person_id("xhs:a"), person_id("xhs:b"), person_id("xhs:c")]), st.booleans()), max_size=6
)


@given(
    follows=st.lists(st.tuples(st.sampled_from([person_id("xhs:a"), person_id("xhs:b")]), FOLLOWS), max_size=8),
    bans=BANS,
    data=st.data(),
)
def test_the_counts_of_banned_referrers_can_be_left_out(
    follows: list[tuple[str, tuple[bool, int, str | None]]], bans: list[tuple[str, bool]], data: st.DataObject
) -> None:
    """Whatever the order of bans and follows: the last decision about a referrer counts, for earlier and later referrals."""
    lines = [
        replace(line, referrer=referrer) if isinstance(line, ReferralAttributed | ReferralQualified) else line
        for number, (referrer, follow) in enumerate(follows)
        for line in attribution_lines(f"p{number}", follow)
    ]
    for ban in [ban_line(referrer, banned) for referrer, banned in bans]:
        lines.insert(data.draw(st.integers(0, len(lines))), ban)
    fold = LogFold(GrowthFold(1), Catalog([GLOW_VERSION]))
    fold.append((attribution_key(line), line) for line in lines)
    fold.drain()
    banned: dict[str, bool] = {}
    for line in lines:
        if isinstance(line, ReferrerBanned | ReferrerUnbanned):
            banned[line.referrer] = isinstance(line, ReferrerBanned)
    stored = {member for _, member in fold.scores(f"banned:{PROGRAM}")}
    assert stored == {referrer for referrer, state in banned.items() if state}
    excluded = total(sum_of_days(fold, f"by:{PROGRAM}|{referrer}:") for referrer in stored)
    kept = [follow for referrer, follow in follows if follow[0] and not banned.get(referrer)]
    assert all_time(fold).minus(excluded).attributed == len(kept)
    channels = [channel for _, _, channel in kept if channel]
    assert all_time(fold).minus(excluded).channels == {name: channels.count(name) for name in sorted(set(channels))}


def ban_line(referrer: str, banned: bool) -> ReferrerBanned | ReferrerUnbanned:
    """Returns the decision to ban a referrer, or to withdraw the ban."""
    kind = ReferrerBanned if banned else ReferrerUnbanned
    return kind(occurred_at=START, program=PROGRAM, referrer=referrer, by="lin")


def test_a_refund_reverses_the_qualification_and_keeps_the_follower_in_their_channel() -> None:
    """Only an unfollow removes them from it. The day is that of the follow, whenever the order was."""
    fold, life = LogFold(GrowthFold(1), Catalog([GLOW_VERSION])), (True, 6, "wechat")
    attributed, qualified = attribution_lines("p1", life)
    refunded = replace(reversal("p1", life), undoes=("qualified",), reason="refunded")
    unfollowed = replace(reversal("p1", life), undoes=("attributed",))
    for lines, counts in (
        ([attributed, qualified, refunded], Growth(1, 0, 0, {"wechat": 1})),
        ([unfollowed], Growth(left={"r1": 1})),
    ):
        fold.append((attribution_key(line), line) for line in lines)
        fold.drain()
        assert all_time(fold) == counts


def test_content_call_to_action_and_partner_are_counted_by_name_and_taken_away_again() -> None:
    """A reversal names what the evidence named; a call to action belongs to its content item."""
    fold = LogFold(GrowthFold(1), Catalog([GLOW_VERSION]))
    evidence = {"content": "hacks", "cta": "tag", "partner": "kol_lin"}
    [first] = attribution_lines("p1", (True, 7, "wechat"))
    [second] = attribution_lines("p2", (True, 7, None))
    assert isinstance(first, ReferralAttributed)
    assert isinstance(second, ReferralAttributed)
    named = replace(first, evidence=replace(first.evidence, **evidence))
    other = replace(second, evidence=replace(second.evidence, content="tips"))
    fold.append((attribution_key(line), line) for line in (named, other))
    fold.drain()
    expected = {"content:hacks": 1, "content:tips": 1, "cta:hacks/tag": 1, "partner:kol_lin": 1}
    assert all_time(fold).parts == expected
    gone = replace(reversal("p1", (True, 7, "wechat")), **evidence)
    fold.append([(attribution_key(gone), gone)])
    fold.drain()
    assert all_time(fold).parts == {"content:tips": 1}
    assert fold.rejected == []


@given(names=st.lists(st.sampled_from([f"content:{number}" for number in range(40)]), max_size=60))
def test_names_beyond_the_limit_of_a_day_are_left_out(names: list[str]) -> None:
    """So that a stranger who sends ever new names cannot make the state grow; what was left out is not taken away either."""
    growth = Growth()
    for name in names:
        growth = growth.plus(("attributed",), 1, None, (name,))
    assert len(growth.parts) == min(len(set(names)), MAX_PARTS["content"])
    assert growth.attributed == len(names)
    for name in names:
        growth = growth.plus(("attributed",), -1, None, (name,))
    assert growth.parts == {}


def test_what_is_subtracted_of_a_day_beyond_the_limit_is_never_negative() -> None:
    """A banned referrer's own counts have names that the program's counts of the day have left out."""
    everyone, banned = Growth(), Growth()
    for number in range(MAX_PARTS["content"] + 1):
        everyone = everyone.plus(("attributed",), 1, None, (f"content:{number}",))
    banned = banned.plus(("attributed",), 1, None, (f"content:{MAX_PARTS['content']}",))
    rest = everyone.minus(banned)
    assert rest.attributed == MAX_PARTS["content"]
    assert rest.parts == everyone.parts


@given(days=st.lists(st.integers(0, 60 * 24), min_size=1, max_size=6), referred=st.booleans())
def test_who_unfollows_is_counted_by_age_and_source(days: list[int], referred: bool) -> None:
    """A correction is no departure. Those who follow and those who left are all who began."""
    fold = LogFold(GrowthFold(1), Catalog([GLOW_VERSION]))
    for number, hours in enumerate(days):
        follow = (referred, 1, None)
        corrected = replace(reversal(f"p{number}", follow), reason="corrected")
        unfollowed = replace(reversal(f"p{number}", follow), occurred_at=START + timedelta(hours=1 + hours))
        lines = [*attribution_lines(f"p{number}", follow), corrected, *attribution_lines(f"p{number}", follow)]
        fold.append((attribution_key(line), line) for line in [*lines, unfollowed])
    fold.drain()
    found = all_time(fold)
    assert departed(found, referred) == len(days)
    assert departed(found, not referred) == 0
    for age in AGES:
        assert departed(found, referred, age) == sum(hours < age * 24 for hours in days)


@given(lives=LIVES, left=st.sets(st.integers(0, 7)))
def test_it_is_known_who_follows_without_a_referrer_and_who_referred_in_each_bucket(
    lives: list[list], left: set[int]
) -> None:
    """The people without a referrer are those of the current follows, by when they began."""
    fold, expected = LogFold(GrowthFold(1), Catalog([GLOW_VERSION])), {}
    buckets = set()
    for number, life in enumerate(lives):
        person = f"p{number}"
        for index, follow in enumerate(life):
            lines = attribution_lines(person, follow)
            ended = index + 1 < len(life) or number in left
            lines += [reversal(person, follow)] if ended else []
            fold.append((attribution_key(line), line) for line in lines)
            at = int((START + timedelta(hours=follow[1])).timestamp())
            if follow[0]:
                buckets.add(bucket_of(at))
            elif not ended:
                expected[person] = at
    fold.drain()
    assert {person: int(second) for second, person in fold.scores(f"discovered:{PROGRAM}")} == expected
    for bucket in buckets:
        assert {name for _, name in fold.scores(f"referrers:{PROGRAM}:{bucket}")} == {person_id("xhs:a")}
