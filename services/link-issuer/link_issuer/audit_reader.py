"""Reads the audit log: a page of the lines that a query wants, in their order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from referral.events.audit import ActionRecorded
from referral.events.timestamps import to_ms
from referral.log.log_reader import LogReader
from referral.log.reader_pool import LogReaderPool
from referral.log.records import split
from referral.log.source import Record
from referral.topics import AUDIT

_PARTITION = 0
MAX_LINES = 20_000  # read for one page
_decode = msgspec.json.Decoder(ActionRecorded).decode


class AuditPlace(NamedTuple):
    """The place of a line in the topic."""

    offset: int
    line: int


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines: of these programs alone (None: all, and those of no program), of one actor, from a time on."""

    programs: frozenset[str] | None = None
    actor: str | None = None
    since: datetime | None = None

    def wants(self, line: ActionRecorded) -> bool:
        """Whether a line is one of them; where to begin reading follows from `since`."""
        return (self.programs is None or line.program in self.programs) and self.actor in (None, line.actor)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Lines in their order, and where the next page begins; None at the end of the log."""

    lines: list[ActionRecorded]
    next_place: AuditPlace | None


class AuditReader:
    """The audit log of all programs. Raises LogUnavailable."""

    def __init__(self, log_readers: LogReaderPool) -> None:
        self._log_readers = log_readers

    def page(self, start: AuditPlace | None, wanted: AuditFilter, limit: int) -> AuditPage:
        """At most `limit` lines from a place on; fewer, and a next page, if there are many others in between."""
        found: dict[str, ActionRecorded] = {}  # by id: a record that was sent twice counts once
        with self._log_readers.borrow() as log:
            for number, (place, raw) in enumerate(_lines(_records(log, start, wanted), start)):
                if len(found) == limit or number == MAX_LINES:
                    return AuditPage(list(found.values()), place)
                line = _decode(raw)
                if wanted.wants(line):
                    found.setdefault(line.id, line)
        return AuditPage(list(found.values()), None)


def _records(log: LogReader, start: AuditPlace | None, wanted: AuditFilter) -> Iterator[Record]:
    if start is not None:
        return log.records_from(AUDIT, _PARTITION, start.offset)
    return log.records_since(AUDIT, _PARTITION, to_ms(wanted.since) if wanted.since else 0)


def _lines(records: Iterator[Record], start: AuditPlace | None) -> Iterator[tuple[AuditPlace, bytes]]:
    for record in records:
        for number, line in enumerate(split(record.value)):
            place = AuditPlace(record.offset, number)
            if start is None or place >= start:
                yield place, line
