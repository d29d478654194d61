"""Sorted sets of a fold, one a partition, that read like one: the lowest score first, of equal scores the smaller name."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from redis import Redis

from conversion_tracker.attribution.fold import SERVICE
from referral.fold.state_keys import state_key


class ListEntry(NamedTuple):
    """Who stands there, and in which partition their state lies. Sorts as the list does."""

    score: float
    member: str
    partition: int = -1


class SortedSetListing:
    """The boards of one fold; for any number of threads. Raises redis's errors where Redis is away."""

    def __init__(self, redis: "Redis", fold: str, partitions: int) -> None:
        self._redis = redis
        self._fold = fold
        self._partitions = range(partitions)

    def entries_after(self, board: str, place: ListEntry | None, limit: int) -> list[ListEntry]:
        """The first `limit` behind a place, whether or not it is still there, or of all.

        One round trip, and one more for each `limit` members that share the place's score and stand before it.
        """
        found: dict[int, list[ListEntry]] = {partition: [] for partition in self._partitions}
        offsets = dict.fromkeys(self._partitions, 0)
        while offsets:
            for partition, places in self._read(board, place, offsets, limit).items():
                found[partition] += [one for one in places if place is None or one[:2] > place[:2]]
                if len(places) < limit or len(found[partition]) >= limit:
                    del offsets[partition]
                else:
                    offsets[partition] += limit
        return sorted(one for places in found.values() for one in places)[:limit]

    def _read(
        self, board: str, place: ListEntry | None, offsets: dict[int, int], limit: int
    ) -> dict[int, list[ListEntry]]:
        """From each partition `limit` members at or above the place's score, from an offset on."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition, offset in offsets.items():
                key, lowest = state_key(SERVICE, self._fold, partition, board), place.score if place else "-inf"
                pipeline.zrange(key, lowest, "+inf", byscore=True, offset=offset, num=limit, withscores=True)
            answers: list[list[tuple[bytes, float]]] = pipeline.execute()
        return {
            partition: [ListEntry(float(score), member.decode(), partition) for member, score in answer]
            for partition, answer in zip(offsets, answers, strict=True)
        }

    def get_states(self, keys: list[tuple[int, str]]) -> list[bytes | None]:
        """What lies under keys of partitions, in one round trip."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition, key in keys:
                pipeline.get(state_key(SERVICE, self._fold, partition, key))
            answers: list[Any] = pipeline.execute()
        return answers


def split_page(places: Sequence[ListEntry], limit: int) -> tuple[Sequence[ListEntry], ListEntry | None]:
    """The page out of one place more than it holds, and its last place if there are more."""
    return places[:limit], places[limit - 1] if len(places) > limit else None
