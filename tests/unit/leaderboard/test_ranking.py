"""The ranking merged from many partitions equals that of sorting everything."""

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.ranking import BoardEntry, PartitionSlice, entries_after, entries_around, merge_top, read_depth

PARTS = st.integers(1, 5)
# Few scores, so that ties across partitions are frequent.
ENTRIES = st.lists(
    st.builds(BoardEntry, st.integers(-4, -1).map(float), st.binary(min_size=1, max_size=3)),
    unique_by=lambda entry: entry.member,
    max_size=30,
)


def spread(entries: list[BoardEntry], parts: int) -> list[list[BoardEntry]]:
    """Returns the entries of each partition, in order."""
    return [sorted(entry for entry in entries if entry.member[0] % parts == part) for part in range(parts)]


def whole(part: list[BoardEntry]) -> PartitionSlice:
    """Returns a partition's slice that contains all of its entries."""
    return PartitionSlice(len(part), 0, part)


@given(entries=ENTRIES, parts=PARTS, limit=st.integers(0, 40))
def test_the_first_of_all_parts_are_the_first_of_everything(entries: list[BoardEntry], parts: int, limit: int) -> None:
    """P short ranges are enough."""
    assert merge_top(spread(entries, parts), limit) == sorted(entries)[:limit]


@given(entries=ENTRIES, parts=PARTS, limit=st.integers(1, 5))
def test_consecutive_pages_contain_every_entry_once_with_its_rank(
    entries: list[BoardEntry], parts: int, limit: int
) -> None:
    """A page begins behind the last entry of the previous page, also within ties, and continues its ranks."""
    found, after = [], BoardEntry(float("-inf"), b"")
    while page := entries_after([whole(part) for part in spread(entries, parts)], after, limit).entries:
        found += page
        after = page[-1].entry
    assert [ranked.entry for ranked in found] == sorted(entries)
    assert [ranked.rank for ranked in found] == list(range(1, len(entries) + 1))


@given(entries=ENTRIES.filter(bool), parts=PARTS, reach=st.integers(0, 4), chosen=st.integers(0, 100))
def test_an_entry_and_its_neighbours_are_those_of_the_whole_board(
    entries: list[BoardEntry], parts: int, reach: int, chosen: int
) -> None:
    """Rank ± k equals what sorting everything shows."""
    everything = sorted(entries)
    mine = chosen % len(everything)
    found = entries_around([whole(part) for part in spread(entries, parts)], everything[mine], reach)
    first = max(0, mine - reach)
    assert [(ranked.rank, ranked.entry) for ranked in found.entries] == [
        (rank, entry) for rank, entry in enumerate(everything, 1)
    ][first : mine + reach + 1]
    assert found.total == len(entries)


@given(limit=st.integers(1, 1000), parts=st.integers(1, 64))
def test_more_than_its_share_and_never_more_than_all_is_read_of_a_partition(limit: int, parts: int) -> None:
    """Reading too little would need a second round trip each time, reading too much is a waste."""
    assert min(limit, limit / parts) <= read_depth(limit, parts) <= limit
