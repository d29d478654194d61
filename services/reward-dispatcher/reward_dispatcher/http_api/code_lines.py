"""The lines of an upload, read from the parts of a body: text, CSV, or JSON. Memory is bounded by the longest line."""

import csv
import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain

import msgspec

from referral.http.problems import Problem
from referral.validation.half_characters import may_have_half_characters
from reward_dispatcher.domain.uploaded_codes import MAX_LINE

CSV, TEXT, JSON = "text/csv", "text/plain", "application/json"
NumberedLine = tuple[int, str]
_MAX_ROW = 16 * 1024
_MAX_COLUMNS = 200
_MAX_STRING = 6 * MAX_LINE + 2  # every character of a line may be written as \uXXXX
_JSON_START = re.compile(r'\s*(?:\{\s*"codes"\s*:\s*)?\[')
_JSON_STRING = re.compile(r'\s*("(?:[^"\\\x00-\x1f]|\\.)*")\s*([,\]])', re.DOTALL)
_JSON_EMPTY = re.compile(r"\s*\]")
_LINE_END = re.compile(r"\r\n|\n|\r")
_LINE_END_INSIDE = re.compile(r"\r\n|\n|\r(?!$)")  # a line feed may follow in the next part
_BOMS = ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))


def numbered_lines(parts: Iterable[bytes], media_type: str, column: str | None) -> Iterator[NumberedLine]:
    """The lines with their numbers, from 1. `column` names a column of CSV by its header, or by its number from 1.

    Raises Problem 400 for a text that cannot be read, 415 for another media type, 422 for an unknown column.
    """
    text = _decoded(parts)
    match media_type:
        case "application/json":
            return _JsonStrings(text).read()
        case "text/csv":
            return _csv_cells(_lines(text, _MAX_ROW), column)
        case "text/plain":
            return enumerate(_lines(text, _MAX_ROW), 1)
    detail = f"Send the codes as {JSON}, {CSV} or {TEXT} (one code for each line); got {media_type[:64]!r}."
    raise Problem(415, "unsupported_media_type", detail)


def _decoded(parts: Iterable[bytes]) -> Iterator[str]:
    """The text: UTF-8, or what a byte order mark says."""
    parts = iter(parts)
    first = next(parts, b"")
    mark, encoding = next((one for one in _BOMS if first.startswith(one[0])), (b"", "utf-8"))
    decoder, decoded = getincrementaldecoder(encoding)(), 0
    for part in chain((first[len(mark) :],), parts):
        try:
            text = decoder.decode(part)
        except UnicodeDecodeError as error:
            raise _unreadable(f"it is not {encoding.upper()} after {decoded:,} characters ({error.reason})") from None
        decoded += len(text)
        yield text
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _unreadable(f"its last character is cut off ({encoding.upper()})") from None


def _lines(texts: Iterable[str], limit: int) -> Iterator[str]:
    """The lines without their ends (LF, CRLF or CR)."""
    rest, count = "", 0
    for text in texts:
        whole = rest + text
        lines = (_LINE_END_INSIDE if whole.endswith("\r") else _LINE_END).split(whole)
        rest = lines.pop()
        count += len(lines)
        yield from lines
        if len(rest) > limit:
            raise _unreadable(f"line {count + 1} is longer than {limit:,} characters: is it one code for each line?")
    yield from rest.split("\r")


def _csv_cells(lines: Iterator[str], column: str | None) -> Iterator[NumberedLine]:
    """The cells of one column. With a name of a column the first row is the header; otherwise a header is refused as a line."""
    first = next(lines, None)
    if first is None:
        return
    # With its line ends: a quotation mark that is never closed must not join the codes of several lines to one.
    reader = csv.reader((f"{line}\n" for line in chain((first,), lines)), delimiter=_delimiter(first), strict=True)
    index = 0 if column is None else _number(column)
    try:
        if index is None:
            index = _column(next(reader, []), str(column))
        for row in reader:
            yield reader.line_num, row[index] if index < len(row) else ""
    except csv.Error as error:
        raise _unreadable(f"line {reader.line_num} is not CSV ({error})") from None


def _delimiter(header: str) -> str:
    """The separator of the first row: what a spreadsheet writes depends on its language."""
    return max(",;\t", key=header.count)


def _number(column: str) -> int | None:
    number = int(column) if column.isascii() and column.isdecimal() and len(column) < 4 else 0
    if 1 <= number <= _MAX_COLUMNS:
        return number - 1
    return None


def _column(header: list[str], name: str) -> int:
    names = [cell.strip().strip("\ufeff").casefold() for cell in header]
    if name.strip().casefold() in names:
        return names.index(name.strip().casefold())
    known = ", ".join(repr(cell[:64]) for cell in header[:10])
    raise Problem(
        422, "unknown_column", f"The first line has no column {name[:64]!r}. Use one of: {known}, or its number."
    )


class _JsonStrings:
    """Reads the strings of `{"codes": [...]}` or of an array, one after the other."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self._buffer = ""
        self._number = 0

    def read(self) -> Iterator[NumberedLine]:
        """The strings with their numbers, from 1. What follows the array is read, and not looked at."""
        self._skip_start()
        if self._is_empty():
            return
        is_last = False
        while not is_last:
            at = 0
            while not is_last and (found := _JSON_STRING.match(self._buffer, at)):
                at, self._number, is_last = found.end(), self._number + 1, found[2] == "]"
                yield self._number, _string(found[1], self._number)
            self._buffer = self._buffer[at:]
            if not is_last:
                self._read_more()
        for _ in self._texts:
            pass

    def _skip_start(self) -> None:
        while not (started := _JSON_START.match(self._buffer)):
            more = next(self._texts, None)
            if more is None or len(self._buffer) > _MAX_STRING:
                raise _unreadable('it must be {"codes": ["…", …]} or an array of strings')
            self._buffer += more
        self._buffer = self._buffer[started.end() :]

    def _is_empty(self) -> bool:
        while not self._buffer.strip():
            self._read_more()
        return _JSON_EMPTY.match(self._buffer) is not None

    def _read_more(self) -> None:
        if len(self._buffer) > _MAX_STRING:
            raise _unreadable(f"entry {self._number + 1} must be a text of at most {MAX_LINE} characters")
        more = next(self._texts, None)
        if more is None:
            raise _unreadable(f"after entry {self._number} there must be another text, or `]` at the end of the array")
        self._buffer += more


def _string(raw: str, number: int) -> str:
    try:
        return msgspec.json.decode(raw, type=str)
    except msgspec.MsgspecError as error:
        if may_have_half_characters(raw.encode()):
            with suppress(ValueError):
                return str(json.loads(raw))  # refused as any code with a character that cannot be displayed
        raise _unreadable(f"entry {number} is not a JSON text ({error})") from None


def _unreadable(reason: str) -> Problem:
    return Problem(
        400, "malformed_body", f"The upload could not be read: {reason}. What came before it may have been added."
    )
