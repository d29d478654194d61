"""A person's lines on the log: those of the partitions that their key leads to, read a page at a time within limits."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from referral.config import Settings
from referral.events.keys import person_key
from referral.log.log_reader import LogReader
from referral.log.records import split
from referral.log.topic_admin import partition_count
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, REWARDS, STANDINGS, Topic, partition_of

PERSONAL_TOPICS: tuple[Topic, ...] = (EVENTS, ATTRIBUTIONS, CONVERSIONS, REWARDS, STANDINGS)
"""The topics with lines about people, in the order in which they are read. All but `standings` are keyed by person."""
_BY_NAME = {topic.name: number for number, topic in enumerate(PERSONAL_TOPICS)}


class PersonLine(NamedTuple):
    """A line with its position, and when it was recorded (ms)."""

    topic: str
    partition: int
    offset: int
    recorded_at_ms: int
    line: bytes


class ReadPosition(NamedTuple):
    """Where to read on."""

    topic: str
    offset: int


START = ReadPosition(PERSONAL_TOPICS[0].name, 0)


class LinesPage(NamedTuple):
    """Some of the lines, and where to read on; None if there are no more."""

    lines: list[PersonLine]
    next: ReadPosition | None


@dataclass(frozen=True, slots=True)
class PageLimits:
    """How many lines and bytes a page has at most, and for how long it is read; a record is never split between pages."""

    lines: int = 5_000
    bytes: int = 4 * 1024 * 1024
    seconds: float = 10.0
    now: Callable[[], float] = time.monotonic


def is_topic(name: str) -> bool:
    """Whether a name is that of a topic with lines about people."""
    return name in _BY_NAME


def read_lines(
    log: LogReader, settings: Settings, program: str, person: str, start: ReadPosition, limits: PageLimits
) -> LinesPage:
    """Returns the lines that contain a person id, from a position on. Raises LogUnavailable.

    Of `standings`, which is keyed by program, those about this person alone: boards and draws contain the ids of others.
    """
    own_field = f'"participant":"{person}"'.encode()
    found: list[PersonLine] = []
    size, deadline = 0, limits.now() + limits.seconds
    for topic, records in _records(log, settings, program, person, start):
        wanted = own_field if topic == STANDINGS.name else person.encode()
        for record in records:
            of_person = [line for line in record.lines if wanted in line]
            found += [PersonLine(topic, record.partition, record.offset, record.at_ms, line) for line in of_person]
            size += sum(map(len, of_person))
            if len(found) >= limits.lines or size >= limits.bytes or limits.now() > deadline:
                return LinesPage(found, ReadPosition(topic, record.offset + 1))
    return LinesPage(found, None)


class _SplitRecord(NamedTuple):
    partition: int
    offset: int
    at_ms: int
    lines: list[bytes]


def _records(
    log: LogReader, settings: Settings, program: str, person: str, start: ReadPosition
) -> Iterator[tuple[str, Iterator[_SplitRecord]]]:
    for topic in PERSONAL_TOPICS[_BY_NAME[start.topic] :]:
        key = program if topic is STANDINGS else person_key(program, person)
        partition = partition_of(key, partition_count(topic, settings))
        offset = start.offset if topic.name == start.topic else 0
        yield topic.name, _split_records(log, topic, partition, offset)


def _split_records(log: LogReader, topic: Topic, partition: int, offset: int) -> Iterator[_SplitRecord]:
    for record in log.records_from(topic, partition, offset):
        yield _SplitRecord(partition, record.offset, record.recorded_at_ms, split(record.value))
