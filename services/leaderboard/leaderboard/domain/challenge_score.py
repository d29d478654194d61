"""What counts in a challenge, and for how much: `SCORE` is the table.

A score grows with days on which a person posted, and not with how much they post a day, so that a challenge rewards keeping at it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from leaderboard.domain.challenge_record import ChallengeRecord, PostRecord
from referral.events.challenges import Challenge
from referral.events.standings import CLOSING_DELAY_S

ScoreItem = Literal["day", "week_in_a_row", "pick", "feature"]
SCORE: Mapping[ScoreItem, int] = {"day": 10, "week_in_a_row": 20, "pick": 15, "feature": 30}
"""Points for a day with a post, for each seventh such day in a row, for a post that a curator picked, and for a featured one."""
_RUN = 7


@dataclass(frozen=True, slots=True)
class ChallengeDays:
    """A challenge in its time zone, from `start_s` to before `end_s`; `votes_from_s` is when voting begins."""

    id: str
    starts: date
    days: int
    zone: str
    start_s: int
    end_s: int
    votes_from_s: int | None

    @property
    def frozen_s(self) -> int:
        """From when on no submission enters: what was posted until the end may arrive this late."""
        return self.end_s + CLOSING_DELAY_S

    def contains(self, second: int) -> bool:
        """Whether a second is within the challenge."""
        return self.start_s <= second < self.end_s

    def day_at(self, second: int) -> int:
        """The day of the challenge at a second: 1 is the first; less before it, more after the end."""
        return (datetime.fromtimestamp(second, ZoneInfo(self.zone)).date() - self.starts).days + 1

    def week_at(self, second: int) -> int:
        """The week of the challenge at a second, in sevens of its days: 1 is the first."""
        return (self.day_at(second) - 1) // _RUN + 1

    def days_left(self, second: int) -> int:
        """How many days are left with today; all of them before it begins, 0 after the end."""
        return max(0, self.days - max(0, self.day_at(second) - 1))


def challenge_days(challenge: Challenge, zone: str) -> ChallengeDays:
    """Returns the days of a challenge in an IANA time zone."""
    votes = challenge.vote_from
    return ChallengeDays(
        challenge.id,
        challenge.starts,
        challenge.days,
        zone,
        _midnight(challenge.starts, zone),
        _midnight(challenge.starts + timedelta(challenge.days), zone),
        _midnight(votes, zone) if votes else None,
    )


def counts(post: PostRecord, challenge: ChallengeDays) -> bool:
    """Whether a post counts: it is there, was published within the challenge, and is not refused."""
    entry = post.entry(challenge.id)
    return (
        entry.is_submission
        and post.verification == "live"
        and challenge.contains(post.published_s)
        and entry.review_state != "refused"
    )


def counted_posts(record: ChallengeRecord, challenge: ChallengeDays) -> list[PostRecord]:
    """The posts that count, the first one first."""
    return sorted(
        (post for post in record.posts.values() if counts(post, challenge)), key=lambda post: post.published_s
    )


def points(record: ChallengeRecord, challenge: ChallengeDays) -> dict[int, int]:
    """Returns a person's points by the second at which each was earned."""
    posts = counted_posts(record, challenge)
    found: dict[int, int] = {}
    for second, number in _points(posts, challenge):
        found[second] = found.get(second, 0) + number
    return found


def posted_days(posts: Iterable[PostRecord], challenge: ChallengeDays) -> dict[int, int]:
    """The days of the challenge with a post, each with the second of its first one, in order; `posts` are those that count."""
    days: dict[int, int] = {}
    for post in posts:
        days.setdefault(challenge.day_at(post.published_s), post.published_s)
    return days


def runs(days: Iterable[int]) -> list[tuple[int, int]]:
    """The runs of days in a row, each with its first day and its length, in order."""
    found: list[tuple[int, int]] = []
    for day in sorted(days):
        first, length = found[-1] if found else (day, 0)
        if day == first + length:
            found[-1:] = [(first, length + 1)]
        else:
            found.append((day, 1))
    return found


def current_run(days: Iterable[int], today: int) -> int:
    """How many days in a row have a post until today; a day that is not over yet ends no run."""
    return next((length for first, length in runs(days) if first + length - 1 in (today, today - 1)), 0)


def longest_run(days: Iterable[int]) -> int:
    """The length of the longest run; 0 without a day."""
    return max((length for _, length in runs(days)), default=0)


def _points(posts: list[PostRecord], challenge: ChallengeDays) -> Iterator[tuple[int, int]]:
    days = posted_days(posts, challenge)
    yield from ((second, SCORE["day"]) for second in days.values())
    for first, length in runs(days):
        for last in range(first + _RUN - 1, first + length, _RUN):
            yield days[last], SCORE["week_in_a_row"]
    for post in posts:
        entry = post.entry(challenge.id)
        if entry.is_picked:
            yield post.published_s, SCORE["pick"]
        if entry.week:
            yield post.published_s, SCORE["feature"]


def _midnight(day: date, zone: str) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())
