"""Uploaded codes: what editors and spreadsheets add is removed, and other lines without a code are refused by their number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.events.normal_forms import normalize_code
from reward_dispatcher.domain.uploaded_codes import (
    MAX_CODE,
    LineMistake,
    UploadedCode,
    clean_line,
    read_code,
)

CODES = st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,20}[0-9]", fullmatch=True)
PLAIN = st.from_regex(r"[A-Za-z0-9+.,'#-]{1,8}", fullmatch=True)
ADDED = ("\ufeff", "\u200b", "\u2060", "\u00ad", "\ufe0f", " ", "\t", "\r\n", "\n", "\u3000", "\u00a0")


@pytest.mark.parametrize(
    "line",
    [
        "\ufeffGLOW1",
        "GLOW1\n",
        "GLOW1\r\n",
        "GL\u200bOW1",
        ' "GLOW1" ',
        "'GLOW1'",
        "“GLOW1”",
        '="GLOW1"',
        "「GLOW1」\n",
        '"\ufeffGLOW1"\r\n',
    ],
)
def test_what_editors_and_spreadsheets_add_is_removed(line: str) -> None:
    """A code with a byte order mark is handed out, and then refused at the checkout."""
    assert read_code(1, line) == UploadedCode(1, "GLOW1", "GLOW1")


@given(CODES, st.lists(st.sampled_from(ADDED), max_size=4), st.lists(st.sampled_from(ADDED), max_size=4))
def test_a_code_is_the_same_whatever_surrounds_it(code: str, before: list[str], after: list[str]) -> None:
    """In any combination, also inside quotation marks."""
    for line in (f"{''.join(before)}{code}{''.join(after)}", f'{"".join(before)}"{code}"{"".join(after)}'):
        assert read_code(1, line) == UploadedCode(1, code, code)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("code", "header"),
        ("Codes", "header"),
        ("Discount Code", "header"),
        ("\ufeffcoupon_code", "header"),
        ("# voucher", "header"),
        ("CODES:", "header"),
        ("【优惠码】", "header"),
        ("优惠码", "header"),
        ("兑换码", "header"),
        ("Gutscheincode", "header"),
        ("クーポンコード", "header"),
        ("GLOW1,10%", "separator"),
        ("GLOW1;", "separator"),
        ("GLOW1\tGLOW2", "separator"),
        ('"GLOW1', "quotation mark"),
        ("GLOW1'", "quotation mark"),
        ("GLOW1\nGLOW2", "line break"),
        ("GLOW 1", "space"),
        ("GLOW\x001", "cannot be displayed"),
        ("GLOW\x1b[1m", "cannot be displayed"),
        ("\ue000GLOW1", "cannot be displayed"),
        ("1.23457E+11", "shortened"),
        ("***", "neither letters nor digits"),
        ("G" * 65, "longer than the 64"),
        ("G" * 1_000_000, "longer than the 64"),
    ],
)
def test_a_line_that_is_no_code_is_refused_with_its_number_and_what_was_seen(line: str, problem: str) -> None:
    """Whatever is wrong with it."""
    mistake = read_code(2, line)
    assert isinstance(mistake, LineMistake)
    assert mistake.line == 2
    assert problem in mistake.detail
    assert mistake.detail.endswith(f"; got {line[:64]!r}")


@pytest.mark.parametrize(
    "code", ["CODE10", "promo-2026", "VIP", "O'NEIL10", "新年快乐88", "a_b", "SAVE-20%", "WELCOME"]
)
def test_ordinary_codes_are_accepted_unchanged(code: str) -> None:
    """Whatever script a shop uses."""
    assert read_code(1, code) == UploadedCode(1, code, normalize_code(code))


def test_empty_lines_hold_no_code_and_count() -> None:
    """A file ends in a line break, and may have empty lines."""
    assert [read_code(1, line) for line in ("", " ", '""', "\ufeff")] == [None] * 4


@given(st.text(max_size=80))
def test_every_accepted_code_can_be_typed_and_found(line: str) -> None:
    """Whatever is uploaded: a code is printable, short, and without spaces."""
    one = read_code(1, line)
    if isinstance(one, UploadedCode):
        assert one.code.isprintable()
        assert not any(map(str.isspace, one.code))
        assert 1 <= len(one.code) <= MAX_CODE
        assert one.form == normalize_code(one.code) == normalize_code(f" {one.code}\n")


@given(PLAIN)
def test_the_short_way_of_plain_codes_decides_as_the_long_one(line: str) -> None:
    """A white space before the line takes it out of the short way, and changes nothing else."""
    short, long = read_code(1, line), read_code(1, f" {line}")
    assert type(short) is type(long)
    if isinstance(short, UploadedCode):
        assert short == long == UploadedCode(1, clean_line(line), normalize_code(line))
