"""Day buckets: thirty days of the epoch, with their day counts stored together.

A fold has to name the state of a line before it knows the program's time zone, and a bucket follows from the second alone; the days
in it have the time zone's names. A day at the boundary of two buckets has a count in both, to be added up.
"""

_BUCKET_S = 30 * 86_400


def bucket_of(second: int) -> int:
    """Returns the bucket that contains a second since the epoch."""
    return second // _BUCKET_S


def buckets_of(start_s: int, end_s: int) -> range:
    """Returns all buckets that contain a second of [start_s, end_s)."""
    return range(bucket_of(start_s), bucket_of(end_s - 1) + 1)
