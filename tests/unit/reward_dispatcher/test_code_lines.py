"""The lines of an upload are the same however its bytes are cut into parts."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.http.problems import Problem
from reward_dispatcher.domain.uploaded_codes import LineMistake, UploadedCode, read_code
from reward_dispatcher.http_api.code_lines import numbered_lines

texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=20)


def _parts(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def _read(body: bytes, kind: str, size: int = 64, column: str | None = None) -> list[tuple[int, str]]:
    return list(numbered_lines(_parts(body, size), kind, column))


@given(
    st.lists(texts, max_size=6),
    st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=6, max_size=6),
    st.integers(1, 9),
)
def test_text_has_a_line_for_each_line_end(lines: list[str], ends: list[str], size: int) -> None:
    """LF, CRLF or CR, mixed; also where a part ends between CR and LF."""
    text = "".join(line + end for line, end in zip(lines, ends, strict=False))
    if text.startswith("\ufeff"):
        return
    expected = re.split(r"\r\n|\n|\r", text)
    assert _read(text.encode(), "text/plain", size) == list(enumerate(expected, 1))


@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=6),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
)
def test_json_has_a_line_for_each_text(codes: list[str], size: int, bare: bool, escaped: bool) -> None:
    """An array, or an object with the array `codes`."""
    body = json.dumps(codes if bare else {"codes": codes}, ensure_ascii=escaped, indent=size % 3 or None)
    assert _read(body.encode(), "application/json", size) == list(enumerate(codes, 1))


@pytest.mark.parametrize("half", [r"\ud83d", r"\ude00"])
def test_half_a_character_spoils_its_own_line_alone(half: str) -> None:
    """It is refused by its number, and the other codes are added."""
    lines = _read(f'["A1", "B{half}2", "C3"]'.encode(), "application/json")
    first, refused, last = (read_code(number, line) for number, line in lines)
    assert isinstance(first, UploadedCode)
    assert isinstance(last, UploadedCode)
    assert isinstance(refused, LineMistake)
    assert refused.line == 2
    assert "cannot be displayed" in refused.detail
    assert refused.detail.isascii()


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n;\t"), max_size=8)


@given(st.lists(st.tuples(cells, cells), max_size=5), st.integers(1, 9))
def test_csv_has_a_line_for_each_row(rows: list[tuple[str, str]], size: int) -> None:
    """Of the column that is named, by its header or its number."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([("value", "Code"), *rows])
    body = written.getvalue().encode()
    expected = [code for _, code in rows]
    for column, skipped in (("code", 0), ("2", 1)):
        found = [cell for _, cell in _read(body, "text/csv", size, column)][skipped:]
        assert found == [*expected, ""], "after the last line end there is an empty line"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_stray_quotation_mark_does_not_join_the_codes_of_several_lines(end: str) -> None:
    """The codes would be lost, and a person would get one that no shop knows."""
    lines = _read(end.join(['"A1', 'B2"', "C3"]).encode(), "text/csv")
    joined, last = (read_code(number, line) for number, line in lines)
    assert isinstance(joined, LineMistake)
    assert "contains a line break" in joined.detail
    assert isinstance(last, UploadedCode)


@pytest.mark.parametrize(
    ("body", "kind", "column", "code"),
    [
        (b'["A" "B"]', "application/json", None, "malformed_body"),
        (b'["A",', "application/json", None, "malformed_body"),
        (b'["A", "' + b"x" * 5_000 + b'"]', "application/json", None, "malformed_body"),
        (b'"A"', "application/json", None, "malformed_body"),
        (b"A\n\xff", "text/plain", None, "malformed_body"),
        ("é".encode()[:1], "text/plain", None, "malformed_body"),
        (b"x" * 20_000, "text/plain", None, "malformed_body"),
        (b'"A', "text/csv", None, "malformed_body"),
        (b"a,b\n1,2", "text/csv", "c", "unknown_column"),
        (b"A", "image/png", None, "unsupported_media_type"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, kind: str, column: str | None, code: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(Problem) as refused:
        _read(body, kind, column=column)
    assert refused.value.code == code
