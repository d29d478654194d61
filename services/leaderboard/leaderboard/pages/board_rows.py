"""The rows of the board page, and the reader's own row with what it takes to pass the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from leaderboard.display_names import ParticipantName, names_of
from leaderboard.domain.ranking import BoardSlice, RankedEntry
from referral.catalog.view import Catalog

SINGLE_ROWS = 20  # places that always have a row of their own
MIN_TIED = 3  # people with equal counts below them who share a row


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A row of the board. `today` is how many of the referrals happened today; 0 if the page does not show it."""

    rank: int
    participant: str
    name: str
    referrals: int
    today: int
    is_me: bool


@dataclass(frozen=True, slots=True)
class TiedRow:
    """One row for people with equally many referrals, from rank `first` to `last`; `names` are those that were read."""

    first: int
    last: int
    referrals: int
    names: list[str]

    @property
    def people(self) -> int:
        """How many they are."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class OwnRow:
    """The reader's own row. `next_name` is the participant before them, `missing` how many more referrals pass them."""

    name: str
    row: BoardRow | None = None
    next_name: str | None = None
    missing: int = 0


def rows_of(
    entries: Sequence[RankedEntry], catalog: Catalog, today: Mapping[str, int], me: str | None
) -> list[BoardRow]:
    """Returns the rows of entries, with names instead of ids if the catalog knows them."""
    names = names_of([ranked.entry.participant for ranked in entries], catalog)
    return [_row(ranked, names[ranked.entry.participant], today, me) for ranked in entries]


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
            combined.append(TiedRow(tied[0].rank, last, referrals, [row.name for row in tied]))
    return combined


def own_row(
    around: BoardSlice | None, program: str, me: str, catalog: Catalog, today: Mapping[str, int]
) -> OwnRow | None:
    """Returns the own row from the entries around it; without a rank if they are None. None if `me` is unknown here."""
    if around is None:
        participant = catalog.participant(me)
        if participant is None or participant.program != program:
            return None
        return OwnRow(ParticipantName.of(participant).display_name)
    rows = rows_of(around.entries, catalog, today, me)
    index = next(number for number, row in enumerate(rows) if row.is_me)
    if index == 0:
        return OwnRow(rows[0].name, rows[0])
    before = rows[index - 1]
    return OwnRow(rows[index].name, rows[index], before.name, before.referrals - rows[index].referrals + 1)


def _row(ranked: RankedEntry, name: ParticipantName, today: Mapping[str, int], me: str | None) -> BoardRow:
    id = ranked.entry.participant
    return BoardRow(ranked.rank, id, name.display_name, ranked.entry.referrals, today.get(id, 0), id == me)
