"""How long topics keep their lines: the table's retention, or the days that REFERRAL_RETENTION sets for a topic."""

from collections.abc import Mapping
from typing import assert_never

from referral.events.timestamps import DAY_MS
from referral.topics import TOPICS, Topic

MAX_DAYS = 36_500
TOMBSTONES_MS = 7 * DAY_MS
"""How long a reader may be away and still see every erasure."""
_FORM = "write pairs TOPIC=DAYS, e.g. events=800,rejected=14"


def parse_retention(text: str) -> dict[str, int]:
    """Returns the days by topic. Raises ValueError for an unknown or compacted topic, or days out of 1 to 36,500."""
    days: dict[str, int] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = pair.partition("=")
        if name not in CONFIGURABLE or not number.isascii() or not number.isdigit():
            raise ValueError(f"{pair!r}: {_FORM}; topics are {', '.join(CONFIGURABLE)}")
        if not 1 <= int(number[:9]) <= MAX_DAYS or name in days:
            raise ValueError(f"{pair!r}: days must be from 1 to {MAX_DAYS}, once for each topic")
        days[name] = int(number)
    return days


CONFIGURABLE = tuple(name for name, topic in TOPICS.items() if not topic.retention.startswith("latest of each key"))
"""Topics whose lines may be deleted by age. Of a compacted topic only what is replaced or erased is deleted."""


def retention_configuration(topic: Topic, days: Mapping[str, int], erase_within_s: int) -> dict[str, str]:
    """Returns the broker's settings that decide how long a topic keeps its records."""
    if topic.name in days:
        return _deleted_after(days[topic.name] * DAY_MS)
    match topic.retention:
        case "forever":
            return _deleted_after(-1)
        case "400 days":
            return _deleted_after(400 * DAY_MS)
        case "30 days":
            return _deleted_after(30 * DAY_MS)
        case "latest of each key":
            return _COMPACTED
        case "latest of each key, soon":
            return _COMPACTED | _compacted_soon(erase_within_s)
        case _:
            assert_never(topic.retention)


_COMPACTED = {"cleanup.policy": "compact", "retention.ms": "-1", "retention.bytes": "-1"}


def _deleted_after(ms: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(ms), "retention.bytes": "-1"}


def _compacted_soon(erase_within_s: int) -> dict[str, str]:
    """A segment is closed after half of the time, and compacted within the other half.

    The active segment is never compacted, and is closed by the first record that comes after its time: link-issuer writes one
    after each erasure. https://kafka.apache.org/documentation/#topicconfigs_max.compaction.lag.ms
    """
    half_ms = str(roll_after_ms(erase_within_s))
    return {
        "max.compaction.lag.ms": half_ms,
        "segment.ms": half_ms,
        "min.cleanable.dirty.ratio": "0.5",
        "delete.retention.ms": str(TOMBSTONES_MS),
    }


def roll_after_ms(erase_within_s: int) -> int:
    """How long a segment of a topic that is compacted soon takes records, in ms."""
    return erase_within_s * 1000 // 2
