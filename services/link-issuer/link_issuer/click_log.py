"""Recorded clicks, found by reading the log: for rare requests only, within a time limit."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from referral.config import Settings
from referral.events.facts import LinkClicked
from referral.events.timestamps import to_ms
from referral.log.log_reader import KafkaLogReader, Offsets
from referral.log.records import split
from referral.log.source import Record
from referral.log.topic_admin import partition_count
from referral.topics import EVENTS

SEARCH_TIMEOUT_S = 20.0
_RECORD_TIMEOUT_S = 10.0  # Kafka may restart within this time
MAX_DELAY_MS = 60_000  # how long after a click its record may be appended; much longer than an ack may take
_MARK = b'"link.clicked"'
_decode = msgspec.json.Decoder(LinkClicked).decode


class SearchTooLarge(Exception):
    """The search exceeds its time limit, or finds more clicks than one request may change. The message names which."""


class ClickLog:
    """Searches the events topic. Each search opens a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def find(self, program: str, click: str, from_ms: int) -> LinkClicked | None:
        """The click with this id, if it was recorded at `from_ms` or later. Raises SearchTooLarge and LogUnavailable."""
        partitions = range(partition_count(EVENTS, self._settings))

        def matches(candidate: LinkClicked) -> bool:
            return (candidate.program, candidate.id) == (program, click)

        found = self._search(partitions, (from_ms, None), click, matches, 1)
        return found[0] if found else None

    def find_by_code(self, program: str, code: str, span_ms: tuple[int, int], most: int) -> list[LinkClicked]:
        """All clicks of a code within [from, to), without duplicates, oldest first. Raises SearchTooLarge and LogUnavailable."""
        partitions = range(partition_count(EVENTS, self._settings))

        def matches(candidate: LinkClicked) -> bool:
            within = span_ms[0] <= to_ms(candidate.occurred_at) < span_ms[1]
            return within and (candidate.program, candidate.code) == (program, code)

        return self._search(partitions, span_ms, code, matches, most)

    def _search(
        self,
        partitions: Sequence[int],
        span_ms: tuple[int, int | None],
        name: str,
        matches: Callable[[LinkClicked], bool],
        most: int,
    ) -> list[LinkClicked]:
        found: dict[str, LinkClicked] = {}
        for line in self._lines(partitions, span_ms, name.encode()):
            click = _decode_click(line)
            if click is not None and matches(click):
                found[click.id] = click
            if len(found) > most:
                raise SearchTooLarge(f"more than {most} clicks match")
        return sorted(found.values(), key=lambda click: (click.occurred_at, click.id))

    def _lines(self, partitions: Iterable[int], span_ms: tuple[int, int | None], name: bytes) -> Iterator[bytes]:
        """The lines of clicks that contain a name, appended within the span. Raises SearchTooLarge and LogUnavailable."""
        with KafkaLogReader(self._settings, connect_timeout_s=1.0, record_timeout_s=_RECORD_TIMEOUT_S) as reader:
            for record in _records(reader, partitions, *span_ms):
                if _MARK in record.value and name in record.value:
                    yield from (line for line in split(record.value) if _MARK in line and name in line)


def _decode_click(line: bytes) -> LinkClicked | None:
    """The click in a line; None for a line of another type that merely contains the mark, and for an invalid line."""
    try:
        return _decode(line)
    except ValueError:  # msgspec's errors and Unicode's are ValueErrors
        return None


def _records(reader: KafkaLogReader, partitions: Iterable[int], from_ms: int, to_ms: int | None) -> Iterator[Record]:
    """The records appended within [from, to). Raises SearchTooLarge and LogUnavailable."""
    deadline = time.monotonic() + SEARCH_TIMEOUT_S
    all_ends = reader.ends(EVENTS)
    ends: Offsets = {partition: all_ends[partition] for partition in partitions}
    if to_ms is not None:
        ends = reader.offsets_at(EVENTS, to_ms + MAX_DELAY_MS, ends)
    for polled in reader.records(EVENTS, reader.offsets_at(EVENTS, from_ms, ends), ends):
        if time.monotonic() > deadline:
            raise SearchTooLarge(f"the log contains more than can be read in {SEARCH_TIMEOUT_S:g} s")
        for records in polled.values():
            yield from records
