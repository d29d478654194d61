"""What the board page shows: rows, my row, and what is missing to pass the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard.display_names import ParticipantName, names_of
from leaderboard.domain.ranking import BoardSlice, RankedEntry
from referral.catalog.view import Catalog


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A row of the board. `today` is how many of the referrals came today (0: none, or not asked)."""

    rank: int
    participant: str
    name: str
    referrals: int
    today: int
    is_me: bool


@dataclass(frozen=True, slots=True)
class OwnRow:
    """My row. `next_name` is who stands before me, and `missing` how many more friends pass them."""

    name: str
    row: BoardRow | None = None
    next_name: str | None = None
    missing: int = 0


def rows_of(
    entries: Sequence[RankedEntry], catalog: Catalog, today: Mapping[str, int], me: str | None
) -> list[BoardRow]:
    """The rows of some places; names, never ids, where the catalog knows them."""
    names = names_of([one.entry.participant for one in entries], catalog)
    return [_row(one, names[one.entry.participant], today, me) for one in entries]


def own_row(
    around: BoardSlice | None, program: str, me: str, catalog: Catalog, today: Mapping[str, int]
) -> OwnRow | None:
    """My row from my neighbourhood; without one I am not on the board yet. None where nobody has this id in the program."""
    if around is None:
        participant = catalog.participant(me)
        return (
            OwnRow(ParticipantName.of(participant).display_name)
            if participant and participant.program == program
            else None
        )
    rows = rows_of(around.entries, catalog, today, me)
    place = next(number for number, row in enumerate(rows) if row.is_me)
    if place == 0:
        return OwnRow(rows[0].name, rows[0])
    before = rows[place - 1]
    return OwnRow(rows[place].name, rows[place], before.name, before.referrals - rows[place].referrals + 1)


def _row(one: RankedEntry, name: ParticipantName, today: Mapping[str, int], me: str | None) -> BoardRow:
    who = one.entry.participant
    return BoardRow(one.rank, who, name.display_name, one.entry.referrals, today.get(who, 0), who == me)
