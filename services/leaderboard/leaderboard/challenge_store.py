"""Reads the challenges that the activity fold keeps, over all partitions, for the HTTP API and pages."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from leaderboard.domain.challenge_record import ChallengeRecord, PostRecord
from leaderboard.domain.challenge_vote import held_votes
from leaderboard.folds import state_keys
from leaderboard.folds.state_keys import ChallengeList
from referral.events.keys import person_key
from referral.fold.sorted_set_listing import ListEntry, SortedSetListing, split_page
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.redis_pipeline import run_pipeline
from referral.topics import partition_of

MAX_VOTES_READ = 5_000
"""How many votes of a post are looked at for bursts and friends; of more, the earliest."""
RECENT_S = 5.0
"""How old the numbers of votes on a public page may be: each look at a post may read MAX_VOTES_READ votes."""
_KEPT_POSTS = 2_000
_FOLD = (state_keys.SERVICE, state_keys.ACTIVITY)
_decode = msgspec.msgpack.Decoder(ChallengeRecord).decode


class PostVotes(NamedTuple):
    """The votes for a post: how many count, how many of them are of the author's own friends, and how many are held."""

    counted: int
    friends: int
    held: int


@dataclass(frozen=True, slots=True)
class ListedPost:
    """A post in a list of a challenge: its author, its pseudonym, and what is known of it."""

    person: str
    post: str
    record: PostRecord
    votes: PostVotes


class ChallengeStore:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, partitions: int) -> None:
        self._redis = redis
        self._partitions = partitions
        self._listing = SortedSetListing(redis, state_keys.SERVICE, state_keys.ACTIVITY, partitions)
        self._lock = threading.Lock()
        self._recent: OrderedDict[tuple[str, str, str, str], tuple[float, PostVotes]] = OrderedDict()

    def count(self, name: ChallengeList, program: str, challenge: str) -> int:
        """Returns how many people or posts a list has."""
        return self._listing.count(state_keys.challenge_list(name, program, challenge))[0]

    def waiting(self, challenges: Sequence[tuple[str, str]]) -> list[tuple[int, float | None]]:
        """Returns for each challenge, given with its program, how many submissions wait for a review, and since when (seconds).

        In one round trip for all; None if none waits.
        """
        return self._listing.counts([state_keys.challenge_list("waiting", *one) for one in challenges])

    def posts(
        self,
        name: ChallengeList,
        program: str,
        challenge: str,
        after: ListEntry | None,
        limit: int,
        *,
        recent_votes: bool = False,
    ) -> tuple[list[ListedPost], ListEntry | None]:
        """Returns a page of a list of posts, and its last entry if another page follows.

        With `recent_votes`, the votes are as of RECENT_S ago at most.
        """
        found = self._listing.entries_after(state_keys.challenge_list(name, program, challenge), after, limit + 1)
        entries, last = split_page(found, limit)
        named = [tuple(entry.member.split("/", 1)) for entry in entries]
        records = self.records(program, [person for person, _ in named])
        posts = [(person, post, records[person].post(post)) for person, post in named]
        votes = (self.recent_votes if recent_votes else self.votes)(program, challenge, posts)
        return [ListedPost(*post, of_post) for post, of_post in zip(posts, votes, strict=True)], last

    def featured(
        self, program: str, challenges: Sequence[str], first_s: float, last_s: float, limit: int
    ) -> list[tuple[float, str]]:
        """Returns when (seconds) posts were featured from `first_s` to `last_s`, each with its challenge, the earliest first.

        At most `limit` of each challenge and partition are read, in one round trip.
        """
        names = [(challenge, partition) for challenge in challenges for partition in range(self._partitions)]
        found = run_pipeline(
            self._redis,
            (
                (
                    "ZRANGE",
                    state_key(*_FOLD, partition, state_keys.challenge_list("featured", program, challenge)),
                    first_s,
                    last_s,
                    "BYSCORE",
                    "LIMIT",
                    0,
                    limit,
                    "WITHSCORES",
                )
                for challenge, partition in names
            ),
        )
        return sorted(
            (float(second), challenge)
            for (challenge, _), posts in zip(names, found, strict=True)
            for _, second in posts
        )[:limit]

    def record(self, program: str, person: str) -> ChallengeRecord:
        """Returns a person's part in the challenges of a program; an empty one if they take part in none."""
        return self.records(program, [person])[person]

    def records(self, program: str, people: Sequence[str]) -> dict[str, ChallengeRecord]:
        """Returns the same for each of these people, in one round trip."""
        keys = [self._key(program, person, state_keys.challenge_record(program, person)) for person in people]
        raws = run_pipeline(self._redis, (("GET", key) for key in keys))
        return {person: _decode(raw) if raw else ChallengeRecord() for person, raw in zip(people, raws, strict=True)}

    def votes(self, program: str, challenge: str, posts: Sequence[tuple[str, str, PostRecord]]) -> list[PostVotes]:
        """Returns the votes for posts, each given with its author, in two round trips."""
        keys = [
            self._key(program, person, state_keys.votes(program, challenge, f"{person}/{post}"))
            for person, post, _ in posts
        ]
        found = run_pipeline(self._redis, (("ZRANGE", key, 0, MAX_VOTES_READ - 1, "WITHSCORES") for key in keys))
        voters = [[(voter, int(second)) for voter, second in pairs] for pairs in found]
        asking = [index for index, pairs in enumerate(voters) if pairs]
        friends = run_pipeline(
            self._redis,
            (
                ("ZMSCORE", self._friends_key(program, posts[index][0]), *(voter for voter, _ in voters[index]))
                for index in asking
            ),
        )
        of_friends = {
            index: sum(score is not None and score > 0 for score in scores)
            for index, scores in zip(asking, friends, strict=True)
        }
        counts = [
            held_votes([second for _, second in pairs], record.entry(challenge).releases)
            for pairs, (_, _, record) in zip(voters, posts, strict=True)
        ]
        return [PostVotes(counted, of_friends.get(index, 0), held) for index, (counted, held) in enumerate(counts)]

    def recent_votes(
        self, program: str, challenge: str, posts: Sequence[tuple[str, str, PostRecord]]
    ) -> list[PostVotes]:
        """Returns the same as of RECENT_S ago at most: pages that anyone may load read the votes of a post once in that time."""
        now, names = time.monotonic(), [(program, challenge, person, post) for person, post, _ in posts]
        with self._lock:
            kept = {name: self._recent[name] for name in names if name in self._recent}
        found = {name: votes for name, (read_at, votes) in kept.items() if now - read_at < RECENT_S}
        missing = {name: post for name, post in zip(names, posts, strict=True) if name not in found}
        read = self.votes(program, challenge, list(missing.values())) if missing else []
        found |= zip(missing, read, strict=True)
        with self._lock:
            for name in missing:
                self._recent[name] = now, found[name]
                self._recent.move_to_end(name)
            while len(self._recent) > _KEPT_POSTS:
                self._recent.popitem(last=False)
        return [found[name] for name in names]

    def thanked(self, program: str, day: str, people: Sequence[str]) -> Mapping[str, float | None]:
        """Returns when (seconds) each of these people was thanked for a day; None for who was not."""
        keys = [self._key(program, person, state_keys.thanked(program, day)) for person in people]
        found = run_pipeline(self._redis, (("ZSCORE", key, person) for key, person in zip(keys, people, strict=True)))
        return dict(zip(people, found, strict=True))

    def _key(self, program: str, person: str, key: str) -> str:
        partition = partition_of(person_key(program, person), self._partitions)
        return state_key(state_keys.SERVICE, state_keys.ACTIVITY, partition, key)

    def _friends_key(self, program: str, person: str) -> str:
        """The referees of a person: they are on the partition of the same number, of the fold growth."""
        partition = partition_of(person_key(program, person), self._partitions)
        return state_key(state_keys.SERVICE, state_keys.GROWTH, partition, state_keys.referees(program, person))
