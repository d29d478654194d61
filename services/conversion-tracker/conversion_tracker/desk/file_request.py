"""Reads what is pasted or uploaded as comments: plain text, CSV or TSV in common encodings, or a workbook (XLSX).

A workbook is a ZIP archive of XML: it is refused if its parts are too many, or have too many bytes or tags when decompressed, so
that a small file can neither fill the memory nor occupy a thread (https://cwe.mitre.org/data/definitions/409.html).
"""

import csv
import warnings
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO
from zipfile import ZipFile

from conversion_tracker.desk.line_decision import Source
from conversion_tracker.desk.pasted_text import MAX_LINES, PastedLine, split_comments, split_names
from conversion_tracker.desk.table_rows import is_head, read_table
from referral.http.problems import Problem

_ZIP = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_MAX_PARTS = 300
_MAX_DECOMPRESSED = 32 * 1024 * 1024
_MAX_TAGS = 500_000  # of all parts: 10,000 rows of 10 cells; one costs openpyxl 5 to 40 microseconds
_MAX_COLUMNS = 50
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = ",\t;"


def read_lines(body: bytes, source: Source) -> list[PastedLine]:
    """The comments or followers of a file. Raises Problem 413 for too many lines, 415 or 422 for a file that cannot be read."""
    if body.startswith(_OLD_WORKBOOK):
        detail = "The file is a workbook of the old format (.xls). Save it as .xlsx or .csv."
        raise Problem(415, "unsupported_media_type", detail)
    lines = read_table(_workbook_rows(body)) if body.startswith(_ZIP) else _text_lines(decode_text(body), source)
    if len(lines) > MAX_LINES or body.count(b"\n") > 4 * MAX_LINES:
        detail = f"There are more than {MAX_LINES:,} lines. Split the file."
        raise Problem(413, "too_many_lines", detail)
    return lines


def decode_text(body: bytes) -> str:
    """The text of bytes in UTF-8, UTF-16 with a byte order mark, or GB18030, which Excel writes in China. Raises Problem 422."""
    encoding = next((name for bom, name in _BOMS if body.startswith(bom)), None)
    for one in [encoding] if encoding else ["utf-8", "gb18030"]:
        try:
            return body.decode(one).replace("\0", "")
        except UnicodeDecodeError:
            continue
    raise Problem(
        422, "unreadable_text", "The text is in no known encoding. Save the file as UTF-8, and send it again."
    )


def _text_lines(text: str, source: Source) -> list[PastedLine]:
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((one for one in _DELIMITERS if one in head and is_head(_csv_rows(head, one)[0])), None)
    if delimiter is not None:
        return read_table(_csv_rows(text, delimiter))
    return split_names(text) if source == "followers" else split_comments(text)


def _csv_rows(text: str, delimiter: str) -> list[list[str]]:
    """At most one row more than may be read."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(StringIO(text), delimiter=delimiter):
            rows.append(row[:_MAX_COLUMNS])
            if len(rows) > MAX_LINES + 2:
                break
    except csv.Error as error:
        raise Problem(422, "unreadable_table", f"Row {len(rows) + 1} of the table cannot be read: {error}.") from error
    return rows


def _workbook_rows(body: bytes) -> Iterator[Sequence[str]]:
    """The rows of the first sheet, as texts. Raises Problem 413 and 422."""
    from openpyxl import load_workbook  # takes a tenth of a second, which most processes never need

    try:
        _check_archive(body)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(BytesIO(body), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # the file states them, and may be wrong
            for row in sheet.iter_rows(max_row=MAX_LINES + 2, max_col=_MAX_COLUMNS, values_only=True):
                yield ["" if cell is None else str(cell) for cell in row]
    except Problem:
        raise
    except Exception as error:  # zipfile and openpyxl raise whatever their parsers do
        detail = "The workbook cannot be read. Save it again as .xlsx, or as .csv."
        raise Problem(422, "unreadable_workbook", detail) from error


def _check_archive(body: bytes) -> None:
    """Raises Problem 413 for what takes too long to read; 422 for XML with entities, which may be of any size."""
    archive = ZipFile(BytesIO(body))
    parts = archive.infolist()
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_DECOMPRESSED:
        detail = f"The workbook has more than {_MAX_DECOMPRESSED // 1024**2} MB when decompressed."
        raise Problem(413, "workbook_too_large", f"{detail} Save its first sheet as .csv.")
    tags = 0
    for part in parts:
        content = archive.read(part).replace(b"\0", b"")  # also UTF-16
        tags += content.count(b"<")
        if b"<!ENTITY" in content:
            raise Problem(
                422, "unreadable_workbook", f"{part.filename[:64]} declares entities. Save the sheet as .csv."
            )
        if tags > _MAX_TAGS:
            detail = f"The workbook has more than {_MAX_TAGS:,} XML tags, about 10 columns of {MAX_LINES:,} rows."
            raise Problem(413, "workbook_too_large", f"{detail} Save its first sheet as .csv.")
