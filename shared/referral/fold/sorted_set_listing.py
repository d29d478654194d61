"""Lists over a fold's sorted sets: one set per partition, merged by lowest score first, then by member."""

from collections.abc import Sequence
from typing import NamedTuple

from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient


class ListEntry(NamedTuple):
    """A member of a list, and the partition that its state is in. Entries sort as the list does."""

    score: float
    member: str
    partition: int = -1


class SortedSetListing:
    """The lists of one fold of a service (its short name). Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, redis: RedisClient, service: str, fold: str, partitions: int) -> None:
        self._redis = redis
        self._service = service
        self._fold = fold
        self._partitions = range(partitions)

    def entries_after(self, name: str, after: ListEntry | None, limit: int) -> list[ListEntry]:
        """The first `limit` entries of a list, or those after an entry, which need not exist any more.

        One round trip, and one more for every `limit` members that have the same score as `after` and sort before it.
        """
        found: dict[int, list[ListEntry]] = {partition: [] for partition in self._partitions}
        offsets = dict.fromkeys(self._partitions, 0)
        while offsets:
            for partition, entries in self._read(name, after, offsets, limit).items():
                found[partition] += [entry for entry in entries if after is None or entry[:2] > after[:2]]
                if len(entries) < limit or len(found[partition]) >= limit:
                    del offsets[partition]
                else:
                    offsets[partition] += limit
        return sorted(entry for entries in found.values() for entry in entries)[:limit]

    def count(self, name: str) -> tuple[int, float | None]:
        """The number of entries of a list, and the lowest score; None for an empty one. One round trip."""
        return self.counts([name])[0]

    def counts(self, names: Sequence[str]) -> list[tuple[int, float | None]]:
        """The same of each of some lists, in one round trip for all."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                for partition in self._partitions:
                    key = state_key(self._service, self._fold, partition, name)
                    pipeline.zcard(key)
                    pipeline.zrange(key, 0, 0, withscores=True)
            answers = pipeline.execute()
        width, sizes, firsts = len(self._partitions), answers[::2], answers[1::2]
        starts = range(0, len(sizes), width)
        return [_count(sizes[start : start + width], firsts[start : start + width]) for start in starts]

    def count_since(self, name: str, least: float) -> int:
        """The number of entries with at least this score. One round trip."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition in self._partitions:
                pipeline.zcount(state_key(self._service, self._fold, partition, name), least, "+inf")
            return sum(pipeline.execute())

    def _read(
        self, name: str, after: ListEntry | None, offsets: dict[int, int], limit: int
    ) -> dict[int, list[ListEntry]]:
        """From each partition, `limit` members with at least the score of `after`, starting at the partition's offset."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition, offset in offsets.items():
                key, lowest = state_key(self._service, self._fold, partition, name), after.score if after else "-inf"
                pipeline.zrange(key, lowest, "+inf", byscore=True, offset=offset, num=limit, withscores=True)
            answers: list[list[tuple[bytes, float]]] = pipeline.execute()
        return {
            partition: [ListEntry(float(score), member.decode(), partition) for member, score in answer]
            for partition, answer in zip(offsets, answers, strict=True)
        }

    def newest(self, partition: int, name: str, limit: int) -> tuple[list[str], int]:
        """The `limit` members with the highest scores of one partition's set, the highest first, and how many it has."""
        key = state_key(self._service, self._fold, partition, name)
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zrange(key, 0, limit - 1, desc=True)
            pipeline.zcard(key)
            members, total = pipeline.execute()
        return [member.decode() for member in members], total

    def get_states(self, keys: list[tuple[int, str]]) -> list[bytes | None]:
        """The values of keys, each given with its partition, in one round trip."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for partition, key in keys:
                pipeline.get(state_key(self._service, self._fold, partition, key))
            answers: list[bytes | None] = pipeline.execute()
        return answers


def _count(sizes: Sequence[int], firsts: Sequence[Sequence[tuple[bytes, float]]]) -> tuple[int, float | None]:
    """The number and the lowest score of a list, from the size and the first entry of each partition's set."""
    return sum(sizes), min((score for first in firsts for _, score in first), default=None)


def split_page(entries: Sequence[ListEntry], limit: int) -> tuple[Sequence[ListEntry], ListEntry | None]:
    """The page out of up to `limit` + 1 entries, and its last entry if there are more."""
    return entries[:limit], entries[limit - 1] if len(entries) > limit else None
