"""What the board page shows: rows, my row, and what is missing to pass the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard.display_names import Name, names_of
from leaderboard.domain.ranking import Ranked, Slice
from referral.catalog.view import Catalog


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the board. `today` is how many of the referrals came today (0: none, or not asked)."""

    rank: int
    participant: str
    name: str
    referrals: int
    today: int
    is_me: bool


@dataclass(frozen=True, slots=True)
class Mine:
    """My row. `next_name` is who stands before me, and `missing` how many more friends pass them."""

    name: str
    row: Row | None = None
    next_name: str | None = None
    missing: int = 0


def rows_of(entries: Sequence[Ranked], catalog: Catalog, today: Mapping[str, int], me: str | None) -> list[Row]:
    """The rows of some places; names, never ids, where the catalog knows them."""
    names = names_of([one.place.participant for one in entries], catalog)
    return [_row(one, names[one.place.participant], today, me) for one in entries]


def mine(around: Slice | None, program: str, me: str, catalog: Catalog, today: Mapping[str, int]) -> Mine | None:
    """My row from my neighbourhood; without one I am not on the board yet. None where nobody has this id in the program."""
    if around is None:
        participant = catalog.participant(me)
        return Mine(Name.of(participant).shown) if participant and participant.program == program else None
    rows = rows_of(around.entries, catalog, today, me)
    place = next(number for number, row in enumerate(rows) if row.is_me)
    if place == 0:
        return Mine(rows[0].name, rows[0])
    before = rows[place - 1]
    return Mine(rows[place].name, rows[place], before.name, before.referrals - rows[place].referrals + 1)


def _row(one: Ranked, name: Name, today: Mapping[str, int], me: str | None) -> Row:
    who = one.place.participant
    return Row(one.rank, who, name.shown, one.place.referrals, today.get(who, 0), who == me)
