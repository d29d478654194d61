"""The rows of the board page, and the reader's own row with what it takes to pass the next.

A name is None where the page shows "A promoter": the person hides their name, is erased, or is not known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from leaderboard.domain.ranking import BoardSlice, RankedEntry
from referral.catalog.view import Catalog
from referral.people.known_people import KnownPerson, known_people
from referral.people.people_view import People

SINGLE_ROWS = 20  # places that always have a row of their own
MIN_TIED = 3  # people with equal counts below them who share a row


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A row of the board. `today` is how much of the count is of today; 0 if the page does not show it.

    `moved` is how many places the person has gained since yesterday (negative: lost), None if they were not on the board, or if the
    page does not show it; `is_new`: they were not on the board. `now` is what counts now, on a closed board where that has changed.
    """

    rank: int
    participant: str
    name: str | None
    referrals: int
    today: int
    is_me: bool
    moved: int | None = None
    is_new: bool = False
    now: int | None = None


@dataclass(frozen=True, slots=True)
class TiedRow:
    """One row for people with equally many referrals, from rank `first` to `last`; `names` are those that are known."""

    first: int
    last: int
    referrals: int
    names: list[str]

    @property
    def people(self) -> int:
        """How many they are."""
        return self.last - self.first + 1

    @property
    def unnamed(self) -> int:
        """How many of them have no name here."""
        return self.people - len(self.names)


@dataclass(frozen=True, slots=True)
class OwnRow:
    """The reader's own row. `next_name` is the participant before them, `missing` how many more referrals pass them.

    `missing` is 0 in the lead.
    """

    name: str | None
    row: BoardRow | None = None
    next_name: str | None = None
    missing: int = 0


@dataclass(frozen=True, slots=True)
class SinceYesterday:
    """What the page shows of today: how much each person counted today, and the rank they had yesterday (None: none).

    `corrected` is what counts now for the people of a closed board.
    """

    counts: Mapping[str, int]
    ranks: Mapping[str, int | None]
    corrected: Mapping[str, int] = field(default_factory=dict)


def rows_of(entries: Sequence[RankedEntry], people: People, since: SinceYesterday, me: str | None) -> list[BoardRow]:
    """Returns the rows of entries, with the names that `people` knows now."""
    known = known_people([ranked.entry.participant for ranked in entries], people)
    return [_row(ranked, known[ranked.entry.participant], since, me) for ranked in entries]


def combine_ties(rows: Sequence[BoardRow], last_rank: int) -> list[BoardRow | TiedRow]:
    """Returns the rows with people of equal counts combined after place SINGLE_ROWS; the reader keeps a row of their own.

    `last_rank` is the rank of the last person with as many referrals as the last row: further ranks than were read.
    """
    combined: list[BoardRow | TiedRow] = list(rows[:SINGLE_ROWS])
    for (referrals, _), group in groupby(rows[SINGLE_ROWS:], key=lambda row: (row.referrals, row.is_me)):
        tied = list(group)
        last = last_rank if tied[-1] is rows[-1] else tied[-1].rank
        if last - tied[0].rank + 1 < MIN_TIED or tied[0].is_me:
            combined += tied
        else:
            combined.append(TiedRow(tied[0].rank, last, referrals, [row.name for row in tied if row.name]))
    return combined


def own_row(
    around: BoardSlice | None, program: str, me: str, catalog: Catalog, people: People, since: SinceYesterday
) -> OwnRow | None:
    """Returns the own row from the entries around it; without a rank if they are None. None if `me` is unknown here."""
    if around is None:
        participant = catalog.participant(me)
        if participant is None or participant.program != program:
            return None
        known = known_people([me], people)[me]
        return OwnRow(known.public_name if known else None)
    rows = rows_of(around.entries, people, since, me)
    index = next(number for number, row in enumerate(rows) if row.is_me)
    if index == 0:
        return OwnRow(rows[0].name, rows[0])
    before = rows[index - 1]
    return OwnRow(rows[index].name, rows[index], before.name, before.referrals - rows[index].referrals + 1)


def _row(ranked: RankedEntry, known: KnownPerson | None, since: SinceYesterday, me: str | None) -> BoardRow:
    id, name = ranked.entry.participant, known.public_name if known else None
    before = since.ranks.get(id)
    moved = None if before is None else before - ranked.rank
    is_new = id in since.ranks and before is None
    frozen = ranked.entry.referrals
    now = since.corrected.get(id, frozen)
    return BoardRow(
        ranked.rank,
        id,
        name,
        frozen,
        since.counts.get(id, 0),
        id == me,
        moved,
        is_new,
        now if now != frozen else None,
    )
