"""Files of codes, cut into parts for the upload; and how far an upload of a file has got, so that it can go on."""

import csv
import hashlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

PART = 50_000
_MAX_COLUMNS = 200
_MAX_BYTES = 1024 * 1024 * 1024


class Entry(NamedTuple):
    """A line of the file with its number (of JSON the number of the text), from 1."""

    number: int
    text: str


def entries(file: Path, column: str | None) -> Iterator[Entry]:
    """The entries of a file: by its name JSON, CSV, or a code in each line. Ends the command if it cannot be read."""
    if file.stat().st_size > _MAX_BYTES:
        raise click.ClickException(f"{file} is larger than 1 GiB: split it")
    try:
        match file.suffix.lower():
            case ".json":
                yield from _json_entries(file)
            case ".csv" | ".tsv":
                yield from _csv_entries(file, column)
            case _:
                with file.open(encoding=_encoding(file)) as lines:
                    yield from (Entry(number, line.rstrip("\r\n")) for number, line in enumerate(lines, 1))
    except UnicodeError as error:
        raise click.ClickException(f"{file} is not text in UTF-8 ({error}): save it as UTF-8") from error
    except (csv.Error, msgspec.MsgspecError) as error:
        raise click.ClickException(f"{file} cannot be read: {error}") from error


def _encoding(file: Path) -> str:
    """UTF-8, or UTF-16 if a byte order mark says so: what a spreadsheet calls Unicode text."""
    with file.open("rb") as content:
        return "utf-16" if content.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig"


def parts(found: Iterator[Entry]) -> Iterator[list[Entry]]:
    """Entries in parts that are sent as one request each."""
    while part := list(islice(found, PART)):
        yield part


def _json_entries(file: Path) -> Iterator[Entry]:
    class Codes(msgspec.Struct):
        codes: list[str]

    found = msgspec.json.decode(file.read_text(_encoding(file)), type=list[str] | Codes)
    yield from (Entry(*one) for one in enumerate(found.codes if isinstance(found, Codes) else found, 1))


def _csv_entries(file: Path, column: str | None) -> Iterator[Entry]:
    with file.open(encoding=_encoding(file), newline="") as lines:
        first = lines.readline()
        lines.seek(0)
        reader = csv.reader(lines, delimiter=max(",;\t", key=first.count), strict=True)
        index = 0
        if column is not None and column.isascii() and column.isdecimal() and 0 < int(column) <= _MAX_COLUMNS:
            index = int(column) - 1
        elif column is not None:
            index = _column(next(reader, []), column)
        for row in reader:
            yield Entry(reader.line_num, row[index] if index < len(row) else "")


def _column(header: list[str], name: str) -> int:
    names = [cell.strip().casefold() for cell in header]
    if name.strip().casefold() not in names:
        raise click.ClickException(
            f"the first line has no column {name!r}: use one of {', '.join(header)}, or its number"
        )
    return names.index(name.strip().casefold())


class UploadProgress:
    """Which parts of a file were added, in a file beside it: an upload that was interrupted goes on after them."""

    def __init__(self, file: Path, *target: str) -> None:
        """`target` is where the codes go: a file that has changed since, or another pool, begins again."""
        status = file.stat()
        identity = "\x1f".join((*target, str(status.st_size), str(status.st_mtime_ns)))
        self.digest = hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
        self._path = file.with_name(f"{file.name}.upload-progress")

    def read(self) -> int:
        """How many parts were added."""
        try:
            digest, _, done = self._path.read_text("utf-8").partition(" ")
            return int(done) if digest == self.digest else 0
        except (OSError, ValueError):
            return 0

    def write(self, done: int) -> None:
        """Stores how many parts were added."""
        self._path.write_text(f"{self.digest} {done}", "utf-8")

    def remove(self) -> None:
        """Removes the file at the end of the upload."""
        self._path.unlink(missing_ok=True)
