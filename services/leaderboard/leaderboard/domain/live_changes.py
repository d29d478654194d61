"""What changed in a program, by position in the log: what a live stream sends, and where a reader goes on after an interruption.

A position names the last record that was read of each source (a partition of a topic), -1 for none. It depends on the log alone, so
that a reader may go on at another process. Memory is bounded: of the changes of a program the newest records are kept, of all
programs those that changed last. Who asks for more than is kept reads the figures again.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

MAX_PROGRAMS = 200
MAX_RECORDS = 512
MAX_SOURCES = 4_096

Position = tuple[int, ...]


class LiveChange(NamedTuple):
    """How many more there are; negative: fewer. `counted` are referrals that boards and rewards count."""

    referred: int = 0
    discovered: int = 0
    qualified: int = 0
    counted: int = 0


class _Record(NamedTuple):
    source: int
    offset: int
    change: LiveChange


class _Kept:
    """The newest records of a program. What it had in a source up to `forgotten` may not be here any more."""

    def __init__(self, forgotten: Sequence[int], most: int) -> None:
        self.forgotten = list(forgotten)
        self.records: deque[_Record] = deque()
        self._most = most

    def add(self, record: _Record) -> None:
        """Keeps a record, in place of the oldest one."""
        self.records.append(record)
        if len(self.records) > self._most:
            oldest = self.records.popleft()
            self.forgotten[oldest.source] = max(self.forgotten[oldest.source], oldest.offset)


class LiveChanges:
    """The newest changes of all programs, from a position on. Not thread-safe."""

    def __init__(self, start: Sequence[int], max_programs: int = MAX_PROGRAMS, max_records: int = MAX_RECORDS) -> None:
        self._position = list(start)
        self._forgotten = list(start)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._max_programs, self._max_records = max_programs, max_records

    @property
    def position(self) -> Position:
        """The last record that was added of each source."""
        return tuple(self._position)

    def add(self, source: int, offset: int, changes: Mapping[str, LiveChange]) -> None:
        """Adds a record with its changes by program. One that was added before changes nothing."""
        if offset <= self._position[source]:
            return
        self._position[source] = offset
        for program, change in changes.items():
            self._of(program).add(_Record(source, offset, change))

    def since(self, program: str, position: Position) -> LiveChange | None:
        """Returns what changed after a position; None if that is not known (any more), or if it is ahead of this log."""
        kept = self._kept.get(program)
        forgotten = kept.forgotten if kept else self._forgotten
        if len(position) != len(self._position) or any(map(int.__lt__, position, forgotten)):
            return None
        if any(map(int.__gt__, position, self._position)):
            return None
        records = kept.records if kept else ()
        return total(record.change for record in records if record.offset > position[record.source])

    def _of(self, program: str) -> _Kept:
        kept = self._kept.get(program)
        if kept is None:
            # Of a program without records, this one is the first; the others were forgotten before it, if there were any.
            kept = self._kept[program] = _Kept(self._forgotten, self._max_records)
        self._kept.move_to_end(program)
        if len(self._kept) > self._max_programs:
            self._kept.popitem(last=False)
            self._forgotten = list(self._position)
        return kept


def total(changes: Iterable[LiveChange]) -> LiveChange:
    """Returns the sum."""
    return LiveChange(*map(sum, zip(*changes, strict=True))) if (changes := list(changes)) else LiveChange()


def resume(position: Sequence[int], beginnings: Sequence[int], ends: Sequence[int], most: int) -> list[int] | None:
    """Returns where a reader of the log goes on after an interruption: the next offset of each source.

    None if the log no longer has what follows, has become another one, or has more than `most` records: then it begins at the end.
    """
    starts = [offset + 1 for offset in position]
    exist = all(first <= start <= end for first, start, end in zip(beginnings, starts, ends, strict=True))
    return starts if exist and sum(ends) - sum(starts) <= most else None


def write_position(position: Position) -> str:
    """The text of a position, as the id of an event: the offsets in base 36, and nothing for -1."""
    return ".".join("" if offset < 0 else _base36(offset) for offset in position)


def read_position(text: str) -> Position | None:
    """The position of a text that someone sent; None if it is none."""
    parts = text.split(".", MAX_SOURCES)
    if not text or len(parts) > MAX_SOURCES or any(len(part) > 13 for part in parts):
        return None
    try:
        position = tuple(int(part, 36) if part else -1 for part in parts)
    except ValueError:
        return None
    return position if all(offset >= -1 for offset in position) else None


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if not number:
            return digits
