"""Votes: one a person and challenge, of people who followed before the vote opened; and which of a post's votes are held."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from leaderboard.domain.challenge_record import VoteRelease, with_item
from leaderboard.domain.challenge_score import ChallengeDays

BURST_VOTES, BURST_S = 20, 600
"""More votes for one post than this within so many seconds are held."""
MAX_VOTES = 100
"""In how many challenges a person's vote is kept."""


class Vote(Struct, frozen=True, array_like=True, order=True):
    """A vote: when (ms), the id of its event, the author and the post."""

    at_ms: int
    id: str
    author: str
    post: str


class VoterRecord(Struct, frozen=True, array_like=True, tag="voter"):
    """A person who may vote: their first and last follow and last unfollow (seconds, 0: none), and their vote by challenge.

    `counted` are the votes that were published as counted.
    """

    followed_s: int = 0
    followed_again_s: int = 0
    left_s: int = 0
    is_banned: bool = False
    votes: dict[str, Vote] = {}
    counted: dict[str, Vote] = {}

    def with_follow(self, second: int) -> "VoterRecord":
        """Returns the record after a follow."""
        first = min(self.followed_s or second, second)
        return replace(self, followed_s=first, followed_again_s=max(self.followed_again_s, second))

    def with_unfollow(self, second: int) -> "VoterRecord":
        """Returns the record after an unfollow."""
        return replace(self, left_s=max(self.left_s, second))

    def with_vote(self, challenge: str, vote: Vote) -> "VoterRecord":
        """Returns the record with a vote; the latest in a challenge counts."""
        if challenge not in self.votes and len(self.votes) >= MAX_VOTES:
            return self
        latest = max(self.votes.get(challenge, vote), vote)
        return replace(self, votes=with_item(self.votes, challenge, latest))

    def may_vote(self, challenge: ChallengeDays) -> bool:
        """Whether the person followed before the vote opened, follows now, and is not banned."""
        opens_s = challenge.votes_from_s
        follows = self.followed_s and self.followed_again_s > self.left_s
        return bool(opens_s is not None and follows and self.followed_s < opens_s and not self.is_banned)

    def valid_vote(self, person: str, challenge: ChallengeDays) -> Vote | None:
        """The person's vote if it counts: within the days of the vote, for another person's post."""
        vote = self.votes.get(challenge.id)
        if vote is None or vote.author == person or not self.may_vote(challenge):
            return None
        return vote if (challenge.votes_from_s or 0) <= vote.at_ms // 1000 < challenge.end_s else None


def held_votes(seconds: Sequence[int], releases: Sequence[VoteRelease]) -> tuple[int, int]:
    """Returns how many votes of a post count, and how many are held; `seconds` are when they were cast, in order.

    Votes of a burst are held until an operator decides about them. The first decision about a vote stays, whatever was decided
    about later ones; `releases` are in the order of their times.
    """
    verdicts = [_decided(seconds[index], releases) for index in burst(seconds)]
    waiting = verdicts.count(None)
    return len(seconds) - waiting - verdicts.count(False), waiting


def _decided(second: int, releases: Sequence[VoteRelease]) -> bool | None:
    """Whether a held vote counts; None if nothing was decided about it."""
    return next((one.counted for one in releases if second <= one.through_s), None)


def burst(seconds: Sequence[int]) -> set[int]:
    """The indices of votes that lie in a window of BURST_S seconds with more than BURST_VOTES votes."""
    found: set[int] = set()
    start = 0
    for end, second in enumerate(seconds):
        while second - seconds[start] >= BURST_S:
            start += 1
        if end - start + 1 > BURST_VOTES:
            found.update(range(start, end + 1))
    return found
