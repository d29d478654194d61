"""Reads the audit log: a page of the lines that a query wants, in their order or the newest first.

A line that cannot be read, such as one of an action that only a newer version knows, is left out; each is logged once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec
import structlog

from referral.events.audit import ActionName, ActionRecorded
from referral.events.timestamps import to_ms
from referral.log.log_reader import KafkaLogReader, LogReader
from referral.log.reader_pool import LogReaderPool
from referral.log.records import split
from referral.log.source import Record
from referral.topics import AUDIT

_PARTITION = 0
MAX_LINES = 20_000  # read for one page
_RECORDS_AT_ONCE = 500  # read backwards
_MAX_UNREADABLE = 1_000  # remembered as logged; further ones are not logged
_decode = msgspec.json.Decoder(ActionRecorded).decode
log = structlog.get_logger()


class AuditPlace(NamedTuple):
    """The place of a line in the topic."""

    offset: int
    line: int


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines: of these programs alone (None: all, and those of no program), of one actor, from a time on, of these actions."""

    programs: frozenset[str] | None = None
    actor: str | None = None
    since: datetime | None = None
    actions: frozenset[ActionName] | None = None

    def wants(self, line: ActionRecorded) -> bool:
        """Whether a line is one of them; where to begin reading follows from `since`."""
        return (
            (self.programs is None or line.program in self.programs)
            and self.actor in (None, line.actor)
            and (self.actions is None or line.action in self.actions)
        )


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Lines, and where the next page begins; None for the last page."""

    lines: list[ActionRecorded]
    next_place: AuditPlace | None


class AuditReader:
    """The audit log of all programs. Raises LogUnavailable."""

    def __init__(self, log_readers: LogReaderPool) -> None:
        self._log_readers = log_readers
        self._unreadable: set[AuditPlace] = set()

    def page(self, start: AuditPlace | None, wanted: AuditFilter, limit: int) -> AuditPage:
        """At most `limit` lines from a place on; fewer, and a next page, if there are many others in between."""
        found: dict[str, ActionRecorded] = {}  # by id: a record that was sent twice counts once
        with self._log_readers.borrow() as reader:
            for number, (place, raw) in enumerate(_lines(_records(reader, start, wanted), start)):
                if len(found) == limit or number == MAX_LINES:
                    return AuditPage(list(found.values()), place)
                line = self._read(place, raw)
                if line is not None and wanted.wants(line):
                    found.setdefault(line.id, line)
        return AuditPage(list(found.values()), None)

    def newest(
        self, before: AuditPlace | None, wanted: AuditFilter, limit: int, most_read: int = MAX_LINES
    ) -> AuditPage:
        """At most `limit` lines before a place (None: the last ones), the newest first; `most_read` lines are looked at.

        The page has fewer lines, and a next one, if there are many others in between.
        """
        found: dict[str, ActionRecorded] = {}
        with self._log_readers.borrow() as reader:
            last: AuditPlace | None = None
            for number, (place, raw) in enumerate(_lines_backwards(reader, before, wanted)):
                if len(found) == limit or number == most_read:
                    return AuditPage(list(found.values()), last)
                line, last = self._read(place, raw), place
                if line is not None and wanted.wants(line):
                    found.setdefault(line.id, line)
        return AuditPage(list(found.values()), None)

    def _read(self, place: AuditPlace, raw: bytes) -> ActionRecorded | None:
        try:
            return _decode(raw)
        except (msgspec.MsgspecError, UnicodeError) as error:
            if place not in self._unreadable and len(self._unreadable) < _MAX_UNREADABLE:
                self._unreadable.add(place)
                log.warning("audit line not read", offset=place.offset, line=place.line, reason=str(error)[:200])
            return None


def _lines_backwards(
    reader: KafkaLogReader, before: AuditPlace | None, wanted: AuditFilter
) -> Iterator[tuple[AuditPlace, bytes]]:
    ends = reader.ends(AUDIT)
    first = reader.offsets_at(AUDIT, to_ms(wanted.since), ends)[_PARTITION] if wanted.since else 0
    end = before.offset + 1 if before else ends[_PARTITION]
    while end > first:
        start = max(first, end - _RECORDS_AT_ONCE)
        polls = reader.records(AUDIT, {_PARTITION: start}, {_PARTITION: end})
        records = [record for polled in polls for record in polled.get(_PARTITION, ())]
        for record in reversed(records):
            for number, line in reversed(list(enumerate(split(record.value)))):
                place = AuditPlace(record.offset, number)
                if before is None or place < before:
                    yield place, line
        end = start


def _records(reader: LogReader, start: AuditPlace | None, wanted: AuditFilter) -> Iterator[Record]:
    if start is not None:
        return reader.records_from(AUDIT, _PARTITION, start.offset)
    return reader.records_since(AUDIT, _PARTITION, to_ms(wanted.since) if wanted.since else 0)


def _lines(records: Iterator[Record], start: AuditPlace | None) -> Iterator[tuple[AuditPlace, bytes]]:
    for record in records:
        for number, line in enumerate(split(record.value)):
            place = AuditPlace(record.offset, number)
            if start is None or place >= start:
                yield place, line
