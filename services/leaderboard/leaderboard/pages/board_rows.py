"""The rows of the board page, and the reader's own row with what it takes to pass the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard.display_names import ParticipantName, names_of
from leaderboard.domain.ranking import BoardSlice, RankedEntry
from referral.catalog.view import Catalog


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
