"""One ranking out of many parts: always that of sorting everything."""

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.ranking import BoardEntry, PartitionSlice, entries_after, entries_around, merge_top, read_depth

PARTS = st.integers(1, 5)
# Few scores, so that ties across partitions are common.
PLACES = st.lists(
    st.builds(BoardEntry, st.integers(-4, -1).map(float), st.binary(min_size=1, max_size=3)),
    unique_by=lambda place: place.member,
    max_size=30,
)


def spread(places: list[BoardEntry], parts: int) -> list[list[BoardEntry]]:
    """Places dealt to parts, each in order."""
    return [sorted(one for one in places if one.member[0] % parts == part) for part in range(parts)]


def whole(part: list[BoardEntry]) -> PartitionSlice:
    """A part as the store gives it when it gives all."""
    return PartitionSlice(len(part), 0, part)


@given(places=PLACES, parts=PARTS, limit=st.integers(0, 40))
def test_the_first_of_all_parts_are_the_first_of_everything(places: list[BoardEntry], parts: int, limit: int) -> None:
    """P short ranges are enough."""
    assert merge_top(spread(places, parts), limit) == sorted(places)[:limit]


@given(places=PLACES, parts=PARTS, limit=st.integers(1, 5))
def test_pages_behind_each_other_give_everything_once_with_its_rank(
    places: list[BoardEntry], parts: int, limit: int
) -> None:
    """A page begins behind the last place of the one before, ties included, and ranks go on."""
    found, after = [], BoardEntry(float("-inf"), b"")
    while page := entries_after([whole(part) for part in spread(places, parts)], after, limit).entries:
        found += page
        after = page[-1].entry
    assert [one.entry for one in found] == sorted(places)
    assert [one.rank for one in found] == list(range(1, len(places) + 1))


@given(places=PLACES.filter(bool), parts=PARTS, reach=st.integers(0, 4), chosen=st.integers(0, 100))
def test_a_place_amid_its_neighbours_is_cut_out_of_the_whole(
    places: list[BoardEntry], parts: int, reach: int, chosen: int
) -> None:
    """My rank ± k is what sorting everything shows around me."""
    everything = sorted(places)
    mine = chosen % len(everything)
    found = entries_around([whole(part) for part in spread(places, parts)], everything[mine], reach)
    first = max(0, mine - reach)
    assert [(one.rank, one.entry) for one in found.entries] == [
        (rank, place) for rank, place in enumerate(everything, 1)
    ][first : mine + reach + 1]
    assert found.total == len(places)


@given(limit=st.integers(1, 1000), parts=st.integers(1, 64))
def test_a_part_is_asked_for_more_than_its_share_and_never_for_more_than_all(limit: int, parts: int) -> None:
    """Too little would cost a second trip each time, too much is read for nothing."""
    assert min(limit, limit / parts) <= read_depth(limit, parts) <= limit
