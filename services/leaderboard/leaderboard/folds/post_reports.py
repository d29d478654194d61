"""Reports about posts: published, removed, looked at again. Whether a post is there follows from them in any order."""

from collections.abc import Mapping

from leaderboard.folds import state_keys
from leaderboard.folds.challenge_records import ChallengeLine, PostLine, PostTimes, post_of
from referral.events.facts import PostPublished, PostRemoved, PostVerified
from referral.fold.fold import Key, SortedSetMember

States = Mapping[Key, object]


def post_keys(line: ChallengeLine) -> tuple[SortedSetMember, SortedSetMember, SortedSetMember]:
    """The places of a post: among those that exist, those that were removed, and those that were looked at."""
    return (
        SortedSetMember(state_keys.posts(line.program), _post_of_person(line)),
        SortedSetMember(state_keys.removed_posts(line.program), _post_of_person(line)),
        SortedSetMember(state_keys.post_checks(line.program), _post_of_person(line)),
    )


def post_times(line: ChallengeLine, states: States) -> PostTimes:
    """Whether the post of a line is there, before the line."""
    published, removed, checked = (states[key] for key in post_keys(line))
    known = published if isinstance(published, float) else removed
    return PostTimes(int(known) if isinstance(known, float) else 0, isinstance(checked, float) and checked < 0)


def with_report(line: PostLine, before: PostTimes, states: States) -> PostTimes:
    """The times after a report about the post. Only a later look at it (`post.verified`) undoes a removal."""
    second = int(line.occurred_at.timestamp())
    published_s = before.published_s
    if not isinstance(line, PostRemoved):
        published_s = min(published_s or second, second)
    if isinstance(line, PostPublished):
        return PostTimes(published_s, before.is_removed)
    return PostTimes(published_s, latest_check(line, states[post_keys(line)[2]]) < 0)


def latest_check(line: PostLine, known: object) -> float:
    """The time of the latest look at a post, negative if it was gone; of two of the same second, it was gone."""
    second = max(1.0, float(int(line.occurred_at.timestamp())))
    new = second if isinstance(line, PostVerified) else -second
    return min(known, new, key=lambda one: (-abs(one), one)) if isinstance(known, float) else new


def exists(times: PostTimes) -> bool:
    """Whether a post counts as being there."""
    return bool(times.published_s) and not times.is_removed


def _post_of_person(line: ChallengeLine) -> str:
    """A post has one author: under another person's id it is another post."""
    return f"{line.person}/{post_of(line)}"
