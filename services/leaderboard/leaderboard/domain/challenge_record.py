"""What is known of a person's part in challenges: when they joined, and each of their posts. A function of the set of facts.

Every field is a minimum, a maximum or the latest of what was reported, so any order of the facts gives the same record.
"""

from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from referral.events.facts import RefusalReason

MAX_POSTS = 500
"""How many posts of a person are kept. Later ones are left out, which bounds the state."""
MAX_DECISIONS = 20
"""How many reviews, decisions about votes, and decisions taken back are kept of a submission: the latest."""
Item = TypeVar("Item")
Decided = TypeVar("Decided", "Review", "VoteRelease", "Undone")
ReviewState = Literal["waiting", "approved", "refused", "appealed"]
RightsState = Literal["unasked", "asked", "given", "withdrawn"]
VerificationState = Literal["unverified", "live", "removed"]


class Rights(Struct, frozen=True, array_like=True):
    """Whether a post may be shown: when that was requested, allowed (with which words) and withdrawn (ms; 0: never)."""

    asked_ms: int = 0
    given_ms: int = 0
    wording: str = ""
    withdrawn_ms: int = 0

    @property
    def state(self) -> RightsState:
        """The latest answer of the author; what was withdrawn at the same time stays withdrawn."""
        if self.given_ms > self.withdrawn_ms:
            return "given"
        if self.withdrawn_ms:
            return "withdrawn"
        return "asked" if self.asked_ms else "unasked"

    def with_request(self, at_ms: int) -> "Rights":
        """Returns the rights after a request for them."""
        return replace(self, asked_ms=max(self.asked_ms, at_ms))

    def with_permission(self, at_ms: int, wording: str) -> "Rights":
        """Returns the rights after they were given with these words; the latest counts."""
        given_ms, words = max((self.given_ms, self.wording), (at_ms, wording))
        return replace(self, given_ms=given_ms, wording=words)

    def with_withdrawal(self, at_ms: int) -> "Rights":
        """Returns the rights after they were withdrawn."""
        return replace(self, withdrawn_ms=max(self.withdrawn_ms, at_ms))


class Review(Struct, frozen=True, array_like=True):
    """A review: when (ms), its id, what was decided, and the operator."""

    at_ms: int
    id: str
    approved: bool
    reason: RefusalReason | None = None
    by: str = ""


class Choice(Struct, frozen=True, array_like=True, order=True):
    """The latest decision of a curator about a pick (0 or 1) or a feature (the week, 0 for none)."""

    at_ms: int
    id: str
    value: int


class VoteRelease(Struct, frozen=True, array_like=True):
    """A decision about the votes that were held: those up to `through_s` about which no earlier one decided count, or do not."""

    at_ms: int
    id: str
    through_s: int
    counted: bool


class Undone(Struct, frozen=True, array_like=True):
    """When (ms) a decision was taken back, the id of the line that did so, and that of the decision."""

    at_ms: int
    id: str
    decision: str


class Entry(Struct, frozen=True, array_like=True):
    """A post in one challenge. `tagged_ms`: the earliest report with the hashtag, `submitted_ms`: handed in (0: neither).

    `appealed_ms` is the first appeal. `reviews`, `all_releases` and `undone` are in the order of their times.
    """

    tagged_ms: int = 0
    submitted_ms: int = 0
    reviews: tuple[Review, ...] = ()
    appealed_ms: int = 0
    pick: Choice | None = None
    feature: Choice | None = None
    all_releases: tuple[VoteRelease, ...] = ()
    undone: tuple[Undone, ...] = ()

    @property
    def review(self) -> Review | None:
        """The latest review that was not taken back."""
        undone = {one.decision for one in self.undone}
        return next((one for one in reversed(self.reviews) if one.id not in undone), None)

    @property
    def releases(self) -> tuple[VoteRelease, ...]:
        """The decisions about held votes that were not taken back."""
        undone = {one.decision for one in self.undone}
        return tuple(one for one in self.all_releases if one.id not in undone)

    @property
    def revocable(self) -> tuple[str, ...]:
        """The ids of the decisions that can be taken back: the latest review, and the latest one about votes."""
        return tuple(one.id for one in (self.review, *self.releases[-1:]) if one is not None)

    @property
    def is_submission(self) -> bool:
        """Whether the post takes part in the challenge."""
        return bool(self.tagged_ms or self.submitted_ms)

    @property
    def entered_ms(self) -> int:
        """When the post entered the challenge; 0 if it did not."""
        return min((one for one in (self.tagged_ms, self.submitted_ms) if one), default=0)

    @property
    def review_state(self) -> ReviewState:
        """An appeal leads to another review of a refusal, once: that review is final."""
        if self.review is None:
            return "waiting"
        if self.review.approved:
            return "approved"
        return "appealed" if self.appealed_ms > self.review.at_ms else "refused"

    @property
    def is_picked(self) -> bool:
        """Whether a curator has picked it."""
        return self.pick is not None and self.pick.value > 0

    @property
    def week(self) -> int:
        """The week that it is featured for; 0 if it is not."""
        return self.feature.value if self.feature else 0


class PostRecord(Struct, frozen=True, array_like=True):
    """A post: when it was published (seconds since the epoch, 0: not reported), whether it was removed, and what is known of it."""

    published_s: int = 0
    is_removed: bool = False
    rights: Rights = Rights()
    entries: dict[str, Entry] = {}

    @property
    def verification(self) -> VerificationState:
        """Whether the post is there, as far as was reported."""
        if self.is_removed:
            return "removed"
        return "live" if self.published_s else "unverified"

    def entry(self, challenge: str) -> Entry:
        """The entry in a challenge; an empty one if there is none."""
        return self.entries.get(challenge, Entry())

    def with_entry(self, challenge: str, entry: Entry) -> "PostRecord":
        """Returns the post with another entry in a challenge."""
        return replace(self, entries=with_item(self.entries, challenge, entry))


class WonPrize(Struct, frozen=True, array_like=True):
    """A prize of a person: what it was won by, under which program version, its text and the reward that pays it."""

    trigger: str
    challenge: str
    version: int
    prize: str
    rule: str | None = None


class ChallengeRecord(Struct, frozen=True, array_like=True, tag="challenges"):
    """A person's part in the challenges of a program: when they joined each (seconds), and their posts.

    `settled` are the challenges with awarded prizes, each with the second until which one can be taken back; `won` is what
    the person has won.
    """

    joined: dict[str, int] = {}
    posts: dict[str, PostRecord] = {}
    settled: dict[str, int] = {}
    won: tuple[WonPrize, ...] = ()

    @property
    def challenges(self) -> set[str]:
        """The challenges in which the person takes part, or has a post about which something was decided."""
        return {*self.joined, *(one for post in self.posts.values() for one in post.entries)}

    def with_joined(self, challenge: str, second: int) -> "ChallengeRecord":
        """Returns the record of a person who joined; the earliest time counts."""
        known = self.joined.get(challenge, second)
        return replace(self, joined=with_item(self.joined, challenge, min(known, second)))

    def post(self, post: str) -> PostRecord:
        """The post; an empty record if it is not known."""
        return self.posts.get(post, PostRecord())

    def with_post(self, post: str, record: PostRecord) -> "ChallengeRecord":
        """Returns the record with another state of a post; unchanged if it is full, without posts of which nothing is known."""
        posts = with_item(self.posts, post, record)
        if record == PostRecord():
            del posts[post]
        return self if len(posts) > MAX_POSTS else replace(self, posts=posts)


def earlier(known: int, at: int) -> int:
    """The earlier of two times, of which 0 is none."""
    return min(known or at, at)


def with_decision(known: tuple[Decided, ...], new: Decided) -> tuple[Decided, ...]:
    """Returns decisions with one more, in the order of their times; one with a known id is the same one."""
    if any(one.id == new.id for one in known):
        return known
    decisions = list(known)
    decisions.append(new)
    return tuple(sorted(decisions, key=lambda one: (one.at_ms, one.id))[-MAX_DECISIONS:])


def with_item(items: dict[str, Item], key: str, item: Item) -> dict[str, Item]:
    """Returns a mapping with another value of a key, in the order of its keys: equal mappings are equal to the byte."""
    return dict(sorted({**items, key: item}.items()))
