"""Challenges in the activity fold: any order of the facts gives the same records, lists and scores."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count as counter
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from redis import Redis

from leaderboard import challenge_store
from leaderboard.challenge_store import ChallengeStore, PostVotes
from leaderboard.domain.challenge_record import PostRecord, VoteRelease
from leaderboard.domain.challenge_score import SCORE, challenge_days, current_run, longest_run, runs
from leaderboard.domain.challenge_vote import BURST_VOTES, held_votes
from leaderboard.domain.challenge_week import own_week
from leaderboard.domain.score import count_of
from leaderboard.folds import state_keys
from leaderboard.folds.activity_fold import ActivityFold
from leaderboard.folds.closings_fold import ClosingsFold
from leaderboard.folds.state_keys import ChallengeList
from referral.catalog.view import Catalog
from referral.events.facts import (
    ChallengeJoined,
    ChallengeName,
    DecisionUndone,
    OwnPost,
    Permission,
    PersonBanned,
    PersonFollowed,
    PersonThanked,
    PersonUnbanned,
    PersonUnfollowed,
    Post,
    PostPublished,
    PostRemoved,
    PostSubmitted,
    PostVerified,
    PostVoted,
    RightsGiven,
    RightsRequested,
    RightsWithdrawn,
    Submission,
    SubmissionAppealed,
    SubmissionFeatured,
    SubmissionPicked,
    SubmissionReviewed,
    Vote,
    VoteCounted,
    VotesReviewed,
    fact_key,
)
from referral.events.line import ClockTicked
from referral.events.reward_rules import Reward
from referral.events.standings import PrizeAwarded, PrizeRevoked, StandingLine
from referral.events.timestamps import to_ms
from referral.topics import STANDINGS
from tests.support.builders.challenges import GLOW30, with_challenges
from tests.support.builders.leaderboard import GLOW_VERSION, ZONE
from tests.support.builders.participants import PROGRAM, person_id
from tests.support.folds import PARTITIONS, FoldFeed, LogFold

MEI, BO = person_id("xhs:mei"), person_id("xhs:bo")
DAYS = challenge_days(GLOW30, ZONE)
FIRST = datetime.fromtimestamp(DAYS.start_s, UTC)
TAG = ("#Glow30",)
CATALOG = Catalog([with_challenges(GLOW_VERSION)])
_numbers = counter()


def fact(kind: type, hours: float, person: str = MEI, **more: Any) -> Any:
    """Returns a line of a person, so many hours after the challenge begins."""
    at = FIRST + timedelta(hours=hours)
    return kind(id=f"e{next(_numbers)}", occurred_at=at, program=PROGRAM, person=person, **more)


def post(name: str, hours: float, person: str = MEI) -> PostPublished:
    """Returns the report of a post with the hashtag."""
    published: PostPublished = fact(PostPublished, hours, person, data=Post(post=name, hashtags=TAG))
    return published


def decision(kind: type, hours: float, name: str, **more: Any) -> Any:
    """Returns an operator's decision about a post of Mei."""
    return fact(kind, hours, challenge="glow30", post=name, by="lin", **more)


def shown(name: str, hours: float) -> list[Any]:
    """Returns a post with everything that the gallery needs."""
    permission = fact(RightsGiven, hours + 1, data=Permission(post=name, wording="Yes"))
    return [post(name, hours), permission, decision(SubmissionReviewed, hours + 2, name, approved=True)]


def fold_of(lines: Iterable[Any]) -> FoldFeed:
    """Returns the fold after these lines; votes that it counts are fed back to it."""
    feed = FoldFeed(ActivityFold(35, 1), CATALOG, only_loaded=True)
    for line in lines:
        feed.feed(one for one in feed.feed([line]) if isinstance(one, VoteCounted))
    return feed


def members(feed: FoldFeed, name: str) -> set[str]:
    """Returns the members of a list of the challenge."""
    key = state_keys.challenge_list(name, PROGRAM, "glow30")  # type: ignore[arg-type] # names of lists
    return {member for (found, member), _ in feed.scores.items() if found == key}


def total(feed: FoldFeed, person: str = MEI) -> int:
    """Returns a person's score in the challenge; 0 if they are not on its board."""
    board = state_keys.board(PROGRAM, "challenge_score", state_keys.challenge_period("glow30"))
    score = feed.scores.get((board, person))
    return count_of(score) if score is not None else 0


_HOURS = st.integers(-30, 31 * 24)
_NAMES = st.sampled_from(["x", "y", "z"])
_LINES = st.one_of(
    st.builds(lambda h: fact(ChallengeJoined, h, data=ChallengeName(challenge="glow30")), _HOURS),
    st.builds(post, _NAMES, _HOURS),
    st.builds(lambda n, h: fact(PostPublished, h, data=Post(post=n, hashtags=("#other",))), _NAMES, _HOURS),
    st.builds(lambda n, h: fact(PostRemoved, h, data=Post(post=n)), _NAMES, _HOURS),
    st.builds(lambda n, h: fact(PostVerified, h, data=Post(post=n, hashtags=TAG)), _NAMES, _HOURS),
    st.builds(lambda n, h: fact(PostVerified, h, data=Post(post=n)), _NAMES, _HOURS),
    st.builds(lambda n, h: fact(PostSubmitted, h, data=Submission(challenge="glow30", post=n)), _NAMES, _HOURS),
    st.builds(lambda n, h: fact(SubmissionAppealed, h, data=Submission(challenge="glow30", post=n)), _NAMES, _HOURS),
    st.builds(
        lambda n, h, w: fact(RightsGiven, h, data=Permission(post=n, wording=w)), _NAMES, _HOURS, st.sampled_from("ab")
    ),
    st.builds(lambda n, h: fact(RightsWithdrawn, h, data=OwnPost(post=n)), _NAMES, _HOURS),
    st.builds(lambda n, h: decision(RightsRequested, h, n), _NAMES, _HOURS),
    st.builds(
        lambda n, h, yes: decision(VotesReviewed, h, n, counted=yes, through=FIRST), _NAMES, _HOURS, st.booleans()
    ),
    st.builds(
        lambda n, h, one: decision(DecisionUndone, h, n, decision=f"e{one}"), _NAMES, _HOURS, st.integers(0, 500)
    ),
    st.builds(
        lambda n, h, yes: decision(SubmissionReviewed, h, n, approved=yes, reason=None if yes else "off_topic"),
        _NAMES,
        _HOURS,
        st.booleans(),
    ),
    st.builds(lambda n, h, yes: decision(SubmissionPicked, h, n, picked=yes), _NAMES, _HOURS, st.booleans()),
    st.builds(lambda n, h, w: decision(SubmissionFeatured, h, n, week=w), _NAMES, _HOURS, st.integers(0, 2)),
    st.builds(lambda h: fact(PersonFollowed, h, BO), _HOURS),
    st.builds(lambda h: fact(PersonUnfollowed, h, BO), _HOURS),
    st.builds(lambda n, h: fact(PostVoted, h, BO, data=Vote(challenge="glow30", post=n, author=MEI)), _NAMES, _HOURS),
)


@given(lines=st.lists(_LINES, max_size=25), chance=st.randoms(use_true_random=False))
def test_any_order_of_the_facts_ends_in_the_same_state(lines: list[Any], chance: Any) -> None:
    """Also with facts that are sent twice: records, lists, votes, boards and tallies are equal to the byte.

    Which boards are to be closed is not compared: an empty one that once had an entry is registered, too.
    """
    first = fold_of(lines)
    again = [*lines, *(line for line in lines if chance.random() < 0.3)]
    chance.shuffle(again)
    other = fold_of(again)
    assert other.values == first.values
    assert _without_register(other) == _without_register(first)


def _without_register(feed: FoldFeed) -> dict[tuple[str, str], float]:
    return {key: score for key, score in feed.scores.items() if key[0] != "closing-boards"}


@given(lines=st.lists(_LINES, max_size=25))
def test_the_score_is_that_of_the_days_with_posts_picks_and_features(lines: list[Any]) -> None:
    """Counted naively from the list of posts that count; boards of all time have the same total."""
    feed = fold_of(lines)
    record = feed.state(state_keys.challenge_record(PROGRAM, MEI))
    counted = [record.posts[one.removeprefix(f"{MEI}/")] for one in members(feed, "counted")]
    days = {DAYS.day_at(one.published_s) for one in counted}
    expected = SCORE["day"] * len(days) + sum(length // 7 for _, length in runs(days)) * SCORE["week_in_a_row"]
    expected += sum(SCORE["pick"] * one.entry("glow30").is_picked for one in counted)
    expected += sum(SCORE["feature"] * bool(one.entry("glow30").week) for one in counted)
    assert total(feed) == expected
    everything = feed.scores.get((state_keys.board(PROGRAM, "challenge_score", "all"), MEI))
    assert (count_of(everything) if everything is not None else 0) == expected


def test_a_post_with_the_hashtag_is_a_submission_that_counts_and_waits_for_a_review() -> None:
    """In any form of the hashtag, within the days of the challenge in the program's zone."""
    lines = [
        fact(PostPublished, hour, data=Post(post=name, hashtags=(tag,)))
        for name, hour, tag in (
            ("before", -0.1, "#Glow30"),
            ("first", 0, "＃ｇｌｏｗ30"),
            ("last", 30 * 24 - 0.1, "GLOW30"),
            ("after", 30 * 24, "#Glow30"),
            ("other", 5, "#Glow31"),
        )
    ]
    feed = fold_of(lines)
    assert members(feed, "counted") == members(feed, "waiting") == {f"{MEI}/first", f"{MEI}/last"}
    assert members(feed, "participants") == {MEI}
    assert members(feed, "gallery") == set()
    assert total(feed) == 2 * SCORE["day"]


def test_a_line_of_a_challenge_that_was_declared_a_moment_ago_is_not_lost() -> None:
    """The fold's catalog may be a second old; the line was accepted with a newer one."""
    lines = [
        (fact(ChallengeJoined, 5, data=ChallengeName(challenge="glow30")), ("participants", MEI)),
        (fact(PostSubmitted, 5, data=Submission(challenge="glow30", post="x")), ("submissions", f"{MEI}/x")),
    ]
    for line, (name, member) in lines:
        feed = FoldFeed(ActivityFold(35, 1), _catalog_that_is_behind())
        feed.feed([line])
        assert members(feed, name) == {member}
    feed = FoldFeed(ActivityFold(35, 1), _catalog_that_is_behind())
    feed.feed([fact(PostVoted, 24 * 24, BO, data=Vote(challenge="glow30", post="x", author=MEI))])
    assert set(feed.state(state_keys.voter(PROGRAM, BO)).votes) == {"glow30"}


def _catalog_that_is_behind() -> Catalog:
    """Returns a catalog without the program's second version, which declares the challenge, until it is read on."""
    catalog = Catalog([GLOW_VERSION])
    return catalog.with_refresh(lambda: catalog.apply(replace(with_challenges(GLOW_VERSION), version=2)) is None)


def test_a_post_that_is_handed_in_counts_once_it_is_verified() -> None:
    """By its URL: nothing else says that it exists."""
    handed_in = fact(PostSubmitted, 5, data=Submission(challenge="glow30", post="url"))
    verified = fact(PostVerified, 6, data=Post(post="url"))
    assert total(fold_of([handed_in])) == 0
    assert members(fold_of([handed_in]), "submissions") == {f"{MEI}/url"}
    assert total(fold_of([handed_in, verified])) == SCORE["day"]


def test_a_removed_post_stops_counting_until_it_is_there_again() -> None:
    """The latest look at the post decides; that it is reported as published once more does not."""
    gone = fact(PostRemoved, 10, data=Post(post="x"))
    again = fact(PostVerified, 20, data=Post(post="x"))
    lines = [*shown("x", 1), gone]
    assert (total(fold_of(lines)), members(fold_of(lines), "gallery")) == (0, set())
    assert total(fold_of([*lines, post("x", 12)])) == 0
    restored = fold_of([*lines, again])
    assert (total(restored), members(restored, "gallery")) == (SCORE["day"], {f"{MEI}/x"})
    posts = {member: score for (name, member), score in restored.scores.items() if name == f"posts:{PROGRAM}"}
    assert posts == {f"{MEI}/x": DAYS.start_s + 3600}, (
        "the metric posts counts it again, too, from when it was published"
    )


def test_the_gallery_shows_only_what_is_given_approved_and_there() -> None:
    """Each of them takes a post off: a withdrawal, a refusal, a ban; an appeal changes nothing by itself."""
    lines = shown("x", 1)
    assert members(fold_of(lines), "gallery") == {f"{MEI}/x"}
    withdrawn = fact(RightsWithdrawn, 30, data=OwnPost(post="x"))
    refused = decision(SubmissionReviewed, 30, "x", approved=False, reason="advertising")
    banned = fact(PersonBanned, 30, by="lin")
    for line in (withdrawn, refused, banned):
        assert members(fold_of([*lines, line]), "gallery") == set(), line
    appealed = [*lines, refused, fact(SubmissionAppealed, 40, data=Submission(challenge="glow30", post="x"))]
    assert members(fold_of(appealed), "waiting") == {f"{MEI}/x"}
    assert members(fold_of(appealed), "gallery") == set()
    approved = decision(SubmissionReviewed, 50, "x", approved=True)
    assert members(fold_of([*appealed, approved]), "gallery") == {f"{MEI}/x"}
    refused_again = decision(SubmissionReviewed, 50, "x", approved=False, reason="other")
    appealed_again = fact(SubmissionAppealed, 60, data=Submission(challenge="glow30", post="x"))
    assert members(fold_of([*appealed, refused_again, appealed_again]), "waiting") == set(), (
        "an appeal is possible once"
    )


def test_a_featured_post_is_listed_by_when_it_was_featured_while_it_counts() -> None:
    """The curator's latest word decides; a removed post is on no list."""
    featured = decision(SubmissionFeatured, 30, "x", week=1)
    lines = [*shown("x", 1), featured]
    feed = fold_of(lines)
    name = state_keys.challenge_list("featured", PROGRAM, "glow30")
    assert feed.scores[name, f"{MEI}/x"] == featured.occurred_at.timestamp()
    assert members(fold_of([*lines, decision(SubmissionFeatured, 40, "x", week=0)]), "featured") == set()
    assert members(fold_of([*lines, fact(PostRemoved, 40, data=Post(post="x"))]), "featured") == set()


def test_a_banned_person_is_in_no_list_until_the_ban_is_lifted() -> None:
    """Also what they post meanwhile; when the ban is lifted, everything is as if there had been none."""
    lines = [*shown("x", 1), post("y", 30)]
    ban, lifted = fact(PersonBanned, 20, by="lin"), fact(PersonUnbanned, 40, by="lin")
    feed = fold_of([*lines[:3], ban, lines[3]])
    for name in get_args(ChallengeList):
        assert members(feed, name) == set(), name
    assert total(feed) == 0
    restored = fold_of([*lines[:3], ban, lines[3], lifted])
    assert _without_register(restored) == _without_register(fold_of(lines))


def test_nothing_enters_after_the_challenge_is_frozen() -> None:
    """A day after its end: what was posted in time but arrives later is not a submission."""
    for late, expected in ((DAYS.frozen_s * 1000 - 1, 1), (DAYS.frozen_s * 1000, 0)):
        feed = FoldFeed(ActivityFold(35, 1), CATALOG)
        feed.feed([post("x", 29 * 24)], recorded_at_ms=late)
        assert len(members(feed, "submissions")) == expected


def test_streaks_are_days_in_a_row_of_the_programs_zone() -> None:
    """Seven days in a row earn more; a day that is not over yet ends no streak."""
    feed = fold_of([post(f"x{day}", 24 * day + 1) for day in range(14)] + [post("z", 24 * 15 + 1)])
    assert total(feed) == 15 * SCORE["day"] + 2 * SCORE["week_in_a_row"]
    assert runs([1, 2, 3, 5]) == [(1, 3), (5, 1)]
    assert [current_run([1, 2, 3], today) for today in (3, 4, 5)] == [3, 3, 0]
    assert (longest_run([1, 2, 3, 5]), longest_run([])) == (3, 0)
    assert [DAYS.days_left(DAYS.start_s + 86_400 * day) for day in (-5, 0, 29, 30)] == [30, 30, 1, 0]


def _votes(feed: FoldFeed, name: str) -> set[str]:
    key = state_keys.votes(PROGRAM, "glow30", f"{MEI}/{name}")
    return {member for (found, member), _ in feed.scores.items() if found == key}


def test_a_vote_counts_for_who_followed_before_it_opened() -> None:
    """One a person, the latest; not one's own, not after an unfollow or a ban."""
    opens = 23 * 24

    def vote(name: str, hours: float, by: str = BO) -> Any:
        return fact(PostVoted, hours, by, data=Vote(challenge="glow30", post=name, author=MEI))

    follows = fact(PersonFollowed, -100, BO)
    assert _votes(fold_of([follows, vote("x", opens)]), "x") == {BO}
    assert _votes(fold_of([vote("x", opens), follows]), "x") == {BO}
    moved = fold_of([follows, vote("x", opens), vote("y", opens + 1)])
    assert (_votes(moved, "x"), _votes(moved, "y")) == (set(), {BO})
    for lines in (
        [vote("x", opens)],
        [fact(PersonFollowed, opens, BO), vote("x", opens + 1)],
        [follows, vote("x", opens - 0.1)],
        [follows, vote("x", 30 * 24)],
        [follows, vote("x", opens), fact(PersonUnfollowed, opens + 2, BO)],
        [follows, vote("x", opens), fact(PersonBanned, opens + 2, BO, by="lin")],
        [fact(PersonFollowed, -100, MEI), vote("x", opens, MEI)],
    ):
        assert _votes(fold_of(lines), "x") == set(), lines


def test_votes_of_a_burst_are_held_until_an_operator_decides() -> None:
    """More than BURST_VOTES in ten minutes; those before and after it count."""
    slow = [1_000 * number for number in range(50)]
    dense = [100_000_000 + number for number in range(BURST_VOTES + 1)]
    assert held_votes(slow, ()) == (50, 0)
    assert held_votes(dense[1:], ()) == (BURST_VOTES, 0)
    assert held_votes(slow + dense, ()) == (50, BURST_VOTES + 1)
    assert held_votes(slow + dense, _releases(votes_decided(30, counted=True))) == (50 + BURST_VOTES + 1, 0)
    assert held_votes(slow + dense, _releases(votes_decided(30, counted=False))) == (50, 0)


def test_a_decision_about_votes_stays_when_a_later_burst_is_decided() -> None:
    """The first burst counts, the second is dropped; what is taken back is held again."""
    number, start = BURST_VOTES + 1, to_ms(FIRST) // 1000
    bursts = [start + day * 86_400 + second for day in (1, 3) for second in range(number)]
    first, second = votes_decided(48, counted=True), votes_decided(96, counted=False)
    assert held_votes(bursts, _releases(first)) == (number, number)
    assert held_votes(bursts, _releases(second, first)) == (number, 0)
    taken_back = decision(DecisionUndone, 97, "x", decision=second.id)
    assert held_votes(bursts, _releases(taken_back, first, second)) == (number, number)


def votes_decided(hours: float, *, counted: bool) -> Any:
    """Returns an operator's decision about all votes for a post until then."""
    return decision(VotesReviewed, hours, "x", counted=counted, through=FIRST + timedelta(hours=hours))


def _releases(*lines: Any) -> Sequence[VoteRelease]:
    record = fold_of(lines).state(state_keys.challenge_record(PROGRAM, MEI))
    releases: Sequence[VoteRelease] = record.posts["x"].entry("glow30").releases
    return releases


def test_a_review_that_is_taken_back_leaves_the_one_before() -> None:
    """Without one the submission waits again, also after an appeal; any order of the lines."""

    def state(*lines: Any) -> str:
        record = fold_of([post("x", 1), *lines]).state(state_keys.challenge_record(PROGRAM, MEI))
        return str(record.posts["x"].entry("glow30").review_state)

    refused = decision(SubmissionReviewed, 2, "x", approved=False, reason="off_topic")
    appealed = fact(SubmissionAppealed, 3, data=Submission(challenge="glow30", post="x"))
    approved = decision(SubmissionReviewed, 4, "x", approved=True)
    undo_approval = decision(DecisionUndone, 5, "x", decision=approved.id)
    assert state(refused, appealed, approved) == "approved"
    assert state(undo_approval, refused, appealed, approved) == "appealed"
    assert state(approved, undo_approval) == "waiting"
    assert state(refused, decision(DecisionUndone, 6, "x", decision=refused.id), approved) == "approved"


def test_a_post_of_before_a_later_version_declared_the_challenge_is_the_same_whenever_it_is_folded() -> None:
    """A hashtag counts once the version with its challenge is in effect; and who followed before may vote."""
    opens = 23 * 24
    since = FIRST + timedelta(days=1)
    without = replace(GLOW_VERSION, program=replace(GLOW_VERSION.program, challenges=()))
    later = replace(with_challenges(GLOW_VERSION), version=2, effective_from=since)
    vote = fact(PostVoted, opens, BO, data=Vote(challenge="glow30", post="y", author=MEI))
    lines = [(post("x", 12), 12.0), (fact(PersonFollowed, 13, BO), 13.0), (post("y", 30), 30.0), (vote, opens)]

    def folded(*versions: Any) -> FoldFeed:
        catalog = Catalog(versions)
        feed = FoldFeed(ActivityFold(35, 1), catalog)
        for line, hours in lines:
            if hours > 24 and len(versions) == 1:
                catalog.apply(later)
            recorded_ms = to_ms(FIRST + timedelta(hours=hours))
            feed.feed((one for one in feed.feed([line], recorded_ms) if isinstance(one, VoteCounted)), recorded_ms)
        return feed

    live, again = folded(without), folded(without, later)
    assert live.values == again.values
    assert members(live, "counted") == {f"{MEI}/y"}
    assert _votes(again, "y") == {BO}


@given(st.sets(st.integers(1, 30)), st.integers(-2, 32))
def test_an_own_week_has_the_days_of_the_week_of_the_challenge(posted: set[int], day: int) -> None:
    """Every day of the challenge is in the week of its number, in order, with what happened on it."""
    week = own_week(posted, DAYS, DAYS.start_s + (day - 1) * 86_400 + 3600)
    if not 1 <= day <= DAYS.days:
        assert week is None
        return
    assert week is not None
    numbers = [one.number for one in week.days]
    assert day in numbers
    assert numbers == list(range((day - 1) // 7 * 7 + 1, min((day - 1) // 7 * 7 + 7, DAYS.days) + 1))
    assert {one.number for one in week.days if one.state == "posted"} == posted.intersection(numbers)
    assert all((one.number < day) == (one.state == "missed") for one in week.days if one.number not in posted)
    assert week.streak == current_run(posted, day)


class _CountingStore(ChallengeStore):
    """A store that counts which posts' votes are read, without Redis."""

    def __init__(self) -> None:
        super().__init__(Redis(), 1)
        self.read: list[str] = []

    def votes(self, program: str, challenge: str, posts: Sequence[tuple[str, str, PostRecord]]) -> list[PostVotes]:
        self.read += [name for _, name, _ in posts]
        return [PostVotes(len(name), 0, 0) for _, name, _ in posts]


def test_the_votes_of_a_public_page_are_read_once_in_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many visitors it has: each read may be of thousands of votes."""
    store = _CountingStore()
    posts = [(MEI, name, PostRecord()) for name in ("x", "yy")]
    for _ in range(3):
        assert [one.counted for one in store.recent_votes(PROGRAM, "glow30", posts)] == [1, 2]
    assert store.read == ["x", "yy"]
    more = [(MEI, "zzz", PostRecord()), *posts]
    assert [one.counted for one in store.recent_votes(PROGRAM, "glow30", more)] == [3, 1, 2]
    assert store.read == ["x", "yy", "zzz"]
    monkeypatch.setattr(challenge_store, "RECENT_S", 0.0)
    store.recent_votes(PROGRAM, "glow30", posts)
    assert store.read == ["x", "yy", "zzz", "x", "yy"]


def test_thanks_are_listed_by_day() -> None:
    """Who was thanked is shown as thanked, by everyone who opens the list."""
    line = fact(PersonThanked, 30, day="2026-11-02", by="lin")
    assert fold_of([line]).scores == {(state_keys.thanked(PROGRAM, "2026-11-02"), MEI): to_ms(line.occurred_at) / 1000}


GUIDE = Reward(id="calendar", to="referrer", on="challenge.participant", kind="guide", pool="calendar.pdf")
PRIZES = {"every_participant": "calendar", "weekly": {"en": "Skincare set", "zh-CN": "护肤套装"}}
VERSION = with_challenges(GLOW_VERSION, replace(GLOW30, prizes=PRIZES))
PAID = replace(VERSION, program=replace(VERSION.program, rewards=(GUIDE,), holding_days=7))


def _tick(seconds: int) -> ClockTicked:
    return ClockTicked(id=f"t{seconds}", occurred_at=datetime.fromtimestamp(seconds, UTC))


def test_prizes_of_participants_and_of_the_week_are_awarded_when_the_challenge_is_frozen() -> None:
    """Once, by what counts then; a prize that is the id of a reward is paid by it, any other is handed out by people."""
    feed = FoldFeed(ActivityFold(35, 1), Catalog([PAID]))
    lines = [post("x", 1), post("y", 30), decision(SubmissionFeatured, 40, "y", week=1)]
    gone = [post("z", 5, BO), fact(PostRemoved, 6, BO, data=Post(post="z"))]
    assert _awards(feed.feed([*lines, *gone, _tick(DAYS.frozen_s - 1)])) == []
    awarded = _awards(feed.feed([_tick(DAYS.frozen_s)]))
    assert [
        (one.participant, one.prize, one.rule, one.trigger) for one in awarded if isinstance(one, PrizeAwarded)
    ] == [
        (MEI, "calendar", "calendar", "challenge:glow30:participant"),
        (MEI, "Skincare set", None, "challenge:glow30:week:1"),
    ]
    assert _awards(feed.feed([_tick(DAYS.frozen_s + 60)])) == []


def _awards(lines: list[Any]) -> list[PrizeAwarded]:
    return [line for line in lines if isinstance(line, PrizeAwarded)]


def test_a_prize_is_taken_back_within_the_holding_period_from_who_has_nothing_left() -> None:
    """A removed post, a refusal or a ban; after the holding period it stays."""
    one_day = 86_400
    for line, after_s, expected in (
        (fact(PostRemoved, 31 * 24, data=Post(post="x")), one_day, 1),
        (decision(SubmissionReviewed, 31 * 24, "x", approved=False, reason="copied"), one_day, 1),
        (fact(PersonBanned, 31 * 24, by="lin"), one_day, 1),
        (fact(PostRemoved, 31 * 24, data=Post(post="x")), 8 * one_day, 0),
    ):
        feed = FoldFeed(ActivityFold(35, 1), Catalog([PAID]))
        feed.feed([post("x", 1), _tick(DAYS.frozen_s)])
        revoked = feed.feed([line], recorded_at_ms=(DAYS.frozen_s + after_s) * 1000)
        assert [one.trigger for one in revoked if isinstance(one, PrizeRevoked)] == [
            "challenge:glow30:participant"
        ] * expected, line


def test_prizes_come_back_with_what_they_were_won_by_within_the_holding_period() -> None:
    """A ban that is lifted, also one of before the freeze; a refusal that is taken back. After the holding period nothing moves."""
    one_day, participant = 86_400, "challenge:glow30:participant"
    banned, lifted = fact(PersonBanned, 40, by="lin"), fact(PersonUnbanned, 31 * 24, by="lin")
    refused = decision(SubmissionReviewed, 31 * 24, "x", approved=False, reason="copied")
    undone = decision(DecisionUndone, 31 * 24 + 1, "x", decision=refused.id)

    def prizes(before: list[Any], after: list[Any], days: int) -> list[tuple[str, str]]:
        feed = FoldFeed(ActivityFold(35, 1), Catalog([PAID]))
        feed.feed([post("x", 1), *before, _tick(DAYS.frozen_s)])
        found = feed.feed(after, recorded_at_ms=(DAYS.frozen_s + days * one_day) * 1000)
        kinds = {PrizeAwarded: "+", PrizeRevoked: "-"}
        return [(kinds[type(one)], one.trigger) for one in found if type(one) in kinds]

    assert prizes([], [banned, lifted], 1) == [("-", participant), ("+", participant)]
    assert prizes([banned], [lifted], 1) == [("+", participant)]
    assert prizes([], [refused, undone], 1) == [("-", participant), ("+", participant)]
    assert prizes([banned], [lifted], 8) == []


def test_a_post_that_was_known_before_it_entered_the_challenge_wins_a_prize() -> None:
    """Its permission came first, or it was in another challenge that was settled before."""
    permission = fact(RightsGiven, 1, data=Permission(post="x", wording="Yes"))
    first = replace(GLOW30, id="first", hashtag="#First", days=2, vote_from=None)
    catalog = Catalog([with_challenges(PAID, VERSION.program.challenges[0], first)])
    handed_in = fact(PostSubmitted, 4 * 24, data=Submission(challenge="glow30", post="x"))
    in_first = fact(PostPublished, 2, data=Post(post="x", hashtags=("#First",)))
    for earlier in ([permission, post("x", 2)], [in_first, _tick(DAYS.start_s + 3 * 86_400), handed_in]):
        feed = FoldFeed(ActivityFold(35, 1), catalog)
        awarded = _awards(feed.feed([*earlier, _tick(DAYS.frozen_s)]))
        assert [one.trigger for one in awarded] == ["challenge:glow30:participant"], earlier


def test_a_banned_person_wins_nothing() -> None:
    """A ban that comes before the challenge is frozen."""
    feed = FoldFeed(ActivityFold(35, 1), Catalog([PAID]))
    assert _awards(feed.feed([post("x", 1), fact(PersonBanned, 40, by="lin"), _tick(DAYS.frozen_s)])) == []


def test_the_first_of_the_closed_board_of_the_challenge_gets_the_final_prize() -> None:
    """Over all partitions, as closed boards are; a winner with nothing left is replaced by the next."""
    final = Reward(id="day", to="referrer", on="challenge.final", kind="gift", handover="in_store")
    version = with_challenges(GLOW_VERSION, replace(GLOW30, prizes={"final": "day"}))
    catalog = Catalog([replace(version, program=replace(version.program, rewards=(final,), holding_days=7))])
    people = [person_id("xhs:a"), person_id("xhs:b"), person_id("xhs:c")]
    lines = [post(f"x{who}{day}", 24 * day, who) for number, who in enumerate(people) for day in range(number + 1)]
    counting = LogFold(ActivityFold(35, PARTITIONS), catalog)
    closings = LogFold(ClosingsFold(), catalog, counting.log)
    counting.append((fact_key(line), line) for line in lines)
    counting.drain()
    for minute in range(3):
        _tick_both(counting, closings, DAYS.frozen_s + 900 + 60 * minute)
    awarded = _standings(counting, PrizeAwarded)
    assert [(one.participant, one.rule, one.period) for one in awarded] == [
        (person_id("xhs:c"), "day", "challenge.glow30")
    ]
    for day in range(3):
        gone = fact(PostRemoved, 32 * 24, person_id("xhs:c"), data=Post(post=f"x{people[2]}{day}"))
        counting.append([(fact_key(gone), gone)])
    _tick_both(counting, closings, DAYS.frozen_s + 1800)
    assert [one.participant for one in _standings(counting, PrizeRevoked)] == [person_id("xhs:c")]
    assert [one.participant for one in _standings(counting, PrizeAwarded)] == [person_id("xhs:c"), person_id("xhs:b")]
    assert (counting.rejected, closings.rejected) == ([], [])


def _tick_both(counting: LogFold, closings: LogFold, second: int) -> None:
    """Time reaches the events, and then the standings, which have it by another fold."""
    counting.append_tick(_tick(second))
    counting.drain()
    closings.append_tick(_tick(second))
    closings.drain()


def _standings(fold: LogFold, kind: type) -> list[Any]:
    lines = (msgspec.json.decode(raw, type=StandingLine) for raw in fold.log.lines(STANDINGS.name))
    return [line for line in lines if isinstance(line, kind)]
