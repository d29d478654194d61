"""What pasted comments must become, by the rules of docs/desk.md: each says once who sent its author, however often it comes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from referral.events.facts import Fact, PersonFollowed
from referral_tools.oracle.expected_attribution import following_since
from referral_tools.oracle.journal import Comment, Journal

_Key = tuple[str, str, str]


class ExpectedDesk:
    """The pastes of one program. It knows who follows from `journal`, which must have all that was accepted before a paste."""

    def __init__(self, program: str, journal: Journal) -> None:
        self._program, self._journal = program, journal
        self._recorded = set[_Key]()
        self._histories: dict[str, list[Fact]] = defaultdict(list)
        self._read = 0

    def paste(self, comments: Iterable[Comment], now: datetime) -> list[PersonFollowed]:
        """Returns the follows that a paste adds, in its order. The caller adds them to the journal."""
        if named := [one for one in comments if one.code or one.mention]:
            self._read_journal()
        return list(self._new(named, now))

    def _new(self, comments: Iterable[Comment], now: datetime) -> Iterator[PersonFollowed]:
        """Of two comments of a person in one paste that name different promoters, the second is left to the next paste."""
        people = set[str]()
        for comment in comments:
            at, key = _end_of_minute(comment.at, now), _key(comment)
            since = following_since(self._histories[comment.person])
            if key in self._recorded or (since is not None and since <= at) or comment.person in people:
                continue
            people.add(comment.person)
            self._recorded.add(key)
            yield self._follow(comment, at)

    def _follow(self, comment: Comment, at: datetime) -> PersonFollowed:
        return PersonFollowed(
            id=comment.id,
            program=self._program,
            person=comment.person,
            occurred_at=at,
            channel="xiaohongshu",
            code=comment.code,
            mention=comment.mention,
        )

    def _read_journal(self) -> None:
        for fact in islice(self._journal.facts, self._read, None):
            self._histories[fact.person].append(fact)
        self._read = len(self._journal.facts)


def _key(comment: Comment) -> _Key:
    """What makes a follow the same: who follows, and the code or mention that they named."""
    return comment.person, (comment.code or "").casefold(), (comment.mention or "").casefold()


def _end_of_minute(at: datetime, now: datetime) -> datetime:
    """A page shows minutes, and a code counts for all of the minute."""
    return min(at.replace(second=59, microsecond=0), now)
