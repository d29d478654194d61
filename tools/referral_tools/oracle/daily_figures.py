"""Figures day by day, in the program's time zone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from referral.events.facts import (
    ContentShared,
    ContentShown,
    Fact,
    PostEngaged,
    PostPublished,
    PostRemoved,
    PostVerified,
)
from referral.events.program import Program
from referral_tools.oracle.expected_attribution import ExpectedReferral
from referral_tools.oracle.journal import Click


@dataclass(frozen=True, slots=True)
class Day:
    """Of those who follow now, who began that day; what was shown, shared and opened; posts that are there; views of posts."""

    followers: int = 0
    referred: int = 0
    shown: int = 0
    shares: int = 0
    clicks: int = 0
    posts: int = 0
    post_views: int = 0

    def __add__(self, other: "Day") -> "Day":
        return Day(*map(sum, zip(astuple(self), astuple(other), strict=True)))


def by_day(
    referrals: Iterable[ExpectedReferral], facts: Iterable[Fact], clicks: Iterable[Click], zone: ZoneInfo
) -> dict[str, Day]:
    """Every day that has something."""
    days: dict[str, Day] = defaultdict(Day)
    for moment, one in _all(referrals, list(facts), clicks):
        day = f"{moment.astimezone(zone):%Y-%m-%d}"
        days[day] = days[day] + one
    return dict(sorted(days.items()))


def challenge_posts(program: Program, facts: Iterable[Fact], received: Mapping[str, datetime]) -> int:
    """How many posts with the hashtag of a challenge, first published on one of its days, are still there.

    One that arrived more than a day after the end of the challenge is no submission.
    """
    known, zone = list(facts), ZoneInfo(program.timezone)
    published = _posts(known)
    tags: dict[str, set[str]] = defaultdict(set)
    first: dict[str, datetime] = {}
    for fact in known:
        if isinstance(fact, PostPublished):
            arrived = received.get(fact.id, fact.occurred_at)
            first[fact.data.post] = min(arrived, first.get(fact.data.post, arrived))
            tags[fact.data.post] |= {tag.casefold() for tag in fact.data.hashtags}
    return sum(
        challenge.hashtag.casefold() in tags[post]
        and 0 <= (at.astimezone(zone).date() - challenge.starts).days < challenge.days
        and (first[post].astimezone(zone).date() - challenge.starts).days <= challenge.days
        for challenge in program.challenges
        for post, at in published.items()
    )


def activity_by_name(
    facts: Iterable[Fact], clicks: Iterable[Click]
) -> Iterator[tuple[datetime, str, Sequence[tuple[str, str]]]]:
    """When something was shown, shared or opened, which of these, and the group that it belongs to in each dimension."""
    for fact in facts:
        if isinstance(fact, ContentShown | ContentShared):
            kind = "shown" if isinstance(fact, ContentShown) else "shares"
            yield fact.occurred_at, kind, _groups(fact.channel, fact.data.content, fact.data.cta)
    for click in clicks:
        yield click.clicked_at, "clicks", _groups(click.channel, click.content, click.cta)


def _groups(channel: str | None, content: str | None, cta: str | None) -> Sequence[tuple[str, str]]:
    named = f"{content}/{cta}" if content and cta else "none"
    return ("channel", channel or "unknown"), ("content", content or "none"), ("cta", named)


def _all(
    referrals: Iterable[ExpectedReferral], facts: list[Fact], clicks: Iterable[Click]
) -> Iterator[tuple[datetime, Day]]:
    for referral in referrals:
        yield referral.followed_at, Day(followers=1, referred=int(referral.referrer is not None))
    for click in clicks:
        yield click.clicked_at, Day(clicks=1)
    for fact in facts:
        if isinstance(fact, ContentShown):
            yield fact.occurred_at, Day(shown=1)
        elif isinstance(fact, ContentShared):
            yield fact.occurred_at, Day(shares=1)
        elif isinstance(fact, PostEngaged) and fact.data.kind == "view":
            yield fact.occurred_at, Day(post_views=fact.data.count)
    for published_at in _posts(facts).values():
        yield published_at, Day(posts=1)


def _posts(facts: list[Fact]) -> dict[str, datetime]:
    """When each post that is still there was first reported: removed ones are not, unless a later look found them."""
    posts: dict[str, datetime] = {}
    checked: dict[str, tuple[datetime, bool]] = {}
    for fact in facts:
        if isinstance(fact, PostPublished | PostVerified):
            posts[fact.data.post] = min(fact.occurred_at, posts.get(fact.data.post, fact.occurred_at))
        if isinstance(fact, PostRemoved | PostVerified):
            check = fact.occurred_at, isinstance(fact, PostRemoved)
            checked[fact.data.post] = max(check, checked.get(fact.data.post, check))
    gone = {post for post, (_, is_removed) in checked.items() if is_removed}
    return {post: moment for post, moment in posts.items() if post not in gone}
