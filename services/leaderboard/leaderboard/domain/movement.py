"""Places that people had yesterday, from what changed today: most of a board does not change within a day.

Counts that were taken away today are not part of either day: a board is compared with yesterday's by what counts now.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from leaderboard.domain.ranking import BoardEntry, RankedEntry


class ChangedEntry(NamedTuple):
    """An entry that counted something today, as it is and as it was at the end of yesterday; None if it was not on the board."""

    now: BoardEntry
    before: BoardEntry | None


def ranks_before(
    shown: Sequence[RankedEntry], changed: Sequence[ChangedEntry], ahead: Mapping[str, int]
) -> dict[str, int | None]:
    """Returns the rank that each shown person had yesterday; None if they were not on the board.

    `changed` are all entries of the board that changed today; `ahead` is, for each shown one of them that was on the board, how
    many entries of today's board precede the entry that it was.
    """
    entries_now = sorted(one.now for one in changed)
    entries_before = sorted(one.before for one in changed if one.before is not None)
    before = {one.now.participant: one.before for one in changed}
    ranks: dict[str, int | None] = {}
    for ranked in shown:
        person = ranked.entry.participant
        entry = before.get(person, ranked.entry)
        if entry is None:
            ranks[person] = None
            continue
        preceding = ahead[person] if person in before else ranked.rank - 1
        ranks[person] = 1 + preceding - bisect_left(entries_now, entry) + bisect_left(entries_before, entry)
    return ranks
