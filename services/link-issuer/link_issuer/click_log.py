"""Clicks as the log holds them, found by reading it: rare, bounded in time, and never in a visitor's way."""

import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from referral.config import Settings
from referral.events.facts import LinkClicked
from referral.events.keys import click_key
from referral.events.timestamps import to_ms
from referral.log.connection import create_consumer
from referral.log.errors import NotDurable
from referral.log.records import split
from referral.log.topic_admin import partition_count
from referral.topics import EVENTS, partition_of

SEARCH_TIMEOUT_S = 20.0
SLACK_MS = 60_000  # by how much later than it happened a click is on the log, at most: far more than an ack may take
_MARK = b'"link.clicked"'
_decode = msgspec.json.Decoder(LinkClicked).decode


class SearchTooLarge(Exception):
    """More of the log than can be read within the patience, or more clicks than one request takes."""


class ClickLog:
    """Reads the events topic. A connection is opened for each search and closed after it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def find(self, program: str, click: str, from_ms: int) -> LinkClicked | None:
        """The click with this id, if it was recorded at or after a moment. Raises TooMuch and NotDurable."""
        home = partition_of(click_key(program, click), partition_count(EVENTS, self._settings))
        found = self._search([home], (from_ms, None), click, lambda one: (one.program, one.id) == (program, click), 1)
        return found[0] if found else None

    def find_by_code(self, program: str, code: str, span_ms: tuple[int, int], most: int) -> list[LinkClicked]:
        """All clicks of a code within [from, to), each once, the oldest first. Raises TooMuch and NotDurable."""
        homes = range(partition_count(EVENTS, self._settings))

        def wanted(one: LinkClicked) -> bool:
            return (one.program, one.code) == (program, code) and span_ms[0] <= to_ms(one.occurred_at) < span_ms[1]

        return self._search(homes, span_ms, code, wanted, most)

    def _search(
        self,
        homes: Sequence[int],
        span_ms: tuple[int, int | None],
        name: str,
        wanted: Callable[[LinkClicked], bool],
        most: int,
    ) -> list[LinkClicked]:
        found: dict[str, LinkClicked] = {}
        for line in self._lines(homes, *span_ms, name.encode()):
            click = _click(line)
            if click is not None and wanted(click):
                found[click.id] = click
            if len(found) > most:
                raise SearchTooLarge(f"there are more than {most} such clicks")
        return sorted(found.values(), key=lambda one: (one.occurred_at, one.id))

    def _lines(self, homes: Sequence[int], from_ms: int, to_ms: int | None, name: bytes) -> Iterator[bytes]:
        """The lines of clicks that hold a name. Raises NotDurable where the log does not answer."""
        places = [TopicPartition(self._settings.topic_prefix + EVENTS.name, home) for home in homes]
        try:
            reader = create_consumer(self._settings, patience_ms=1_000)
        except KafkaError as error:
            raise NotDurable(f"the log does not answer: {error}") from error
        try:
            reader.assign(places)
            for value in _records(reader, places, from_ms, to_ms):
                if _MARK in value and name in value:
                    yield from (line for line in split(value) if _MARK in line and name in line)
        except KafkaError as error:
            raise NotDurable(f"the log could not be read: {type(error).__name__}: {error}") from error
        finally:
            reader.close(autocommit=False, timeout_ms=1_000)


def _click(line: bytes) -> LinkClicked | None:
    """The click that a line tells; None where it tells something else, in words that a sender chose, or cannot be read."""
    try:
        return _decode(line)
    except ValueError:  # msgspec's errors and Unicode's are
        return None


def _records(reader: KafkaConsumer, places: list[TopicPartition], from_ms: int, to_ms: int | None) -> Iterator[bytes]:
    """What was appended between two moments. Raises TooMuch."""
    deadline = time.monotonic() + SEARCH_TIMEOUT_S
    ends = reader.end_offsets(places)
    if to_ms is not None:
        ends |= _offsets(reader, places, to_ms + SLACK_MS, ends)
    for place, offset in _offsets(reader, places, from_ms, ends).items():
        reader.seek(place, offset)
    while any(reader.position(place) < ends[place] for place in places):
        if time.monotonic() > deadline:
            raise SearchTooLarge(f"the log holds more than can be read in {SEARCH_TIMEOUT_S:g} s")
        for place, records in reader.poll(timeout_ms=200).items():
            yield from (record.value for record in records if record.value and record.offset < ends[place])


def _offsets(
    reader: KafkaConsumer, places: list[TopicPartition], at_ms: int, ends: dict[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """The first offset at or after a moment; the end where there is none."""
    found = reader.offsets_for_times(dict.fromkeys(places, max(0, at_ms)))
    return {place: found[place].offset if found.get(place) else ends[place] for place in places}
