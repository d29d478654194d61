"""Who is meant by a code, a token, a mention or a tag; and whether they took part by then."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from referral_tools.oracle.journal import Click, Enrolled


class Directory:
    """All participants of a program, found by evidence. Codes and mentions are case-insensitive."""

    def __init__(self, participants: Iterable[Enrolled], clicks: Mapping[str, Click]) -> None:
        # In a dictionary the last one wins, so the first owner of a code is inserted last.
        newest_first = sorted(participants, key=lambda one: one.enrolled_at, reverse=True)
        self._codes = {one.code.casefold(): one for one in newest_first}
        self._mentions = {one.mention.casefold(): one for one in newest_first if one.mention}
        self._people = {one.external_id: one for one in newest_first}
        self._clicks = clicks

    def by_code(self, code: str, at: datetime) -> Enrolled | None:
        """The owner of a code, if it existed in that second: it cannot have been used before."""
        one = self._codes.get(code.casefold())
        return one if one and one.enrolled_at.replace(microsecond=0) <= at else None

    def by_mention(self, mention: str, at: datetime) -> Enrolled | None:
        """Who is mentioned; a mention can be known before its owner takes part, and counts from then."""
        return _by_then(self._mentions.get(mention.casefold()), at)

    def by_person(self, person: str, at: datetime) -> Enrolled | None:
        """The participant that a person is."""
        return _by_then(self._people.get(person), at)

    def click(self, token: str) -> Click | None:
        """The click behind a token; None for a token that no redirect gave."""
        return self._clicks.get(token)


def _by_then(one: Enrolled | None, at: datetime) -> Enrolled | None:
    return one if one and one.enrolled_at <= at else None
