"""Blocks: thirty days of the epoch, in which day counts are stored together.

A fold has to name the state a line touches before it knows the program's zone, and a block follows from the second
alone; the days inside carry the zone's names. A day at a block's border has a count in both: they add up.
"""

_BUCKET_S = 30 * 86_400


def bucket_of(second: int) -> int:
    """The block that holds a second since the epoch."""
    return second // _BUCKET_S


def buckets_of(start_s: int, end_s: int) -> range:
    """All blocks that hold a second of [start_s, end_s)."""
    return range(bucket_of(start_s), bucket_of(end_s - 1) + 1)
