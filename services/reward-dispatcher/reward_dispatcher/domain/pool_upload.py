"""A segment of an upload beside what the program's pools have: which of its codes are new.

The order of the log decides: the first segment with a code has it. A code that its own pool has already is a duplicate, so that
an upload can be repeated; a code of another pool is refused, as it would be given to two people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reward_dispatcher.domain.code_index import CodeBucket, Place, add_place, bucket_of, find_place
from reward_dispatcher.domain.receipts import RefusedCode


@dataclass(slots=True)
class SegmentVerdict:
    """The codes that are not new, by offset, and the buckets of the index that change."""

    duplicates: list[RefusedCode] = field(default_factory=list)
    refused: list[RefusedCode] = field(default_factory=list)
    buckets: dict[int, CodeBucket] = field(default_factory=dict)

    def left_out(self) -> list[int]:
        """The offsets of codes that the pool does not get, in order."""
        return sorted(one.offset for one in (*self.duplicates, *self.refused))


def compare_segment(
    pool: int,
    segment: int,
    index: int,
    hashes: Sequence[bytes],
    buckets: Mapping[int, CodeBucket | None],
    pools: Sequence[str],
) -> SegmentVerdict:
    """Compares the codes of a segment with the index. `pools` are the names of the program's pools, by number."""
    verdict = SegmentVerdict()
    for offset, code_hash in enumerate(hashes):
        number = bucket_of(code_hash)
        bucket = verdict.buckets.get(number) or buckets[number]
        place = find_place(bucket, code_hash)
        if place is None:
            verdict.buckets[number] = add_place(bucket, code_hash, Place(pool, segment, offset))
        elif place.pool == pool:
            verdict.duplicates.append(RefusedCode(index, offset, ""))
        else:
            verdict.refused.append(RefusedCode(index, offset, pools[place.pool]))
    return verdict
