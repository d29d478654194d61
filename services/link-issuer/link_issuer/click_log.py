"""Clicks as the log holds them, found by reading it: rare, bounded in time, and never in a visitor's way."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from referral.config import Settings
from referral.events.facts import LinkClicked
from referral.events.keys import click_key
from referral.events.timestamps import to_ms
from referral.log.log_reader import KafkaLogReader, Offsets
from referral.log.records import split
from referral.log.source import Record
from referral.log.topic_admin import partition_count
from referral.topics import EVENTS, partition_of

PATIENCE_S = 20.0
_RECORD_PATIENCE_S = 10.0  # Kafka may restart within this time
SLACK_MS = 60_000  # by how much later than it happened a click is on the log, at most: far more than an ack may take
_MARK = b'"link.clicked"'
_decode = msgspec.json.Decoder(LinkClicked).decode


class TooMuch(Exception):
    """More of the log than can be read within the patience, or more clicks than one request takes."""


class ClickLog:
    """Reads the events topic. A connection is opened for each search and closed after it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def one(self, program: str, click: str, from_ms: int) -> LinkClicked | None:
        """The click with this id, if it was recorded at or after a moment. Raises TooMuch and LogUnavailable."""
        partition = partition_of(click_key(program, click), partition_count(EVENTS, self._settings))
        found = self._search(
            [partition], (from_ms, None), click, lambda one: (one.program, one.id) == (program, click), 1
        )
        return found[0] if found else None

    def of_code(self, program: str, code: str, span_ms: tuple[int, int], most: int) -> list[LinkClicked]:
        """All clicks of a code within [from, to), each once, the oldest first. Raises TooMuch and LogUnavailable."""
        partitions = range(partition_count(EVENTS, self._settings))

        def wanted(one: LinkClicked) -> bool:
            return (one.program, one.code) == (program, code) and span_ms[0] <= to_ms(one.occurred_at) < span_ms[1]

        return self._search(partitions, span_ms, code, wanted, most)

    def _search(
        self,
        partitions: Sequence[int],
        span_ms: tuple[int, int | None],
        name: str,
        wanted: Callable[[LinkClicked], bool],
        most: int,
    ) -> list[LinkClicked]:
        found: dict[str, LinkClicked] = {}
        for line in self._lines(partitions, span_ms, name.encode()):
            click = _click(line)
            if click is not None and wanted(click):
                found[click.id] = click
            if len(found) > most:
                raise TooMuch(f"there are more than {most} such clicks")
        return sorted(found.values(), key=lambda one: (one.occurred_at, one.id))

    def _lines(self, partitions: Iterable[int], span_ms: tuple[int, int | None], name: bytes) -> Iterator[bytes]:
        """The lines of clicks that contain a name, appended within the span. Raises TooMuch and LogUnavailable."""
        with KafkaLogReader(self._settings, connect_s=1.0, patience_s=_RECORD_PATIENCE_S) as reader:
            for record in _records(reader, partitions, *span_ms):
                if _MARK in record.value and name in record.value:
                    yield from (line for line in split(record.value) if _MARK in line and name in line)


def _click(line: bytes) -> LinkClicked | None:
    """The click that a line tells; None where it tells something else, in words that a sender chose, or cannot be read."""
    try:
        return _decode(line)
    except ValueError:  # msgspec's errors and Unicode's are
        return None


def _records(reader: KafkaLogReader, partitions: Iterable[int], from_ms: int, to_ms: int | None) -> Iterator[Record]:
    """The records appended within [from, to). Raises TooMuch and LogUnavailable."""
    deadline = time.monotonic() + PATIENCE_S
    all_ends = reader.ends(EVENTS)
    ends: Offsets = {partition: all_ends[partition] for partition in partitions}
    if to_ms is not None:
        ends = reader.offsets_at(EVENTS, to_ms + SLACK_MS, ends)
    for polled in reader.records(EVENTS, reader.offsets_at(EVENTS, from_ms, ends), ends):
        if time.monotonic() > deadline:
            raise TooMuch(f"the log holds more than can be read in {PATIENCE_S:g} s")
        for records in polled.values():
            yield from records
