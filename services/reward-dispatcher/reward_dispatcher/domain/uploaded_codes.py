"""Codes as people upload them: lines of a spreadsheet or text file, cleaned, or refused with the number of the line.

What a text editor or spreadsheet adds to a code without a sign of it is removed: byte order marks, zero-width characters, white
space and quotation marks around it. Everything else that no shop would accept is refused, as it would reach a person and fail at
the checkout.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from referral.events.normal_forms import is_invisible, normalize_code

MAX_CODE = 64
MAX_LINE = 256
_ECHO = 64
_REMOVABLE = frozenset({"Cf", "Mn", "Lo", "So"})  # of the invisible ones; control and private characters are refused
_QUOTED = re.compile(
    r"""="(?P<formula>.*)"|"(?P<plain>.*)"|'(.*)'|“(.*)”|‘(.*)’|„(.*)[“”]|«(.*)»|「(.*)」|『(.*)』|`(.*)`"""
)
_QUOTES = frozenset('"“”„«»「」『』`')
_SEPARATORS = frozenset(",，;；|\t")
# Nearly all codes: with a digit, so that it is no header. The checks below find nothing wrong with them.
_PLAIN = re.compile(r"(?=[A-Za-z-]*[0-9])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_SHORTENED_NUMBER = re.compile(r"\d([.,]\d+)?[eE]\+\d+")
_QUALIFIERS = (
    "discount|coupon|promo|promotion|voucher|gift|card|redemption|referral|reward|vip|unique|single|use|gutschein|rabatt|cup[oó]n|"
    "descuento|remise|優惠|优惠|折扣|兑换|兌換|礼品|促销|激活|推荐|邀请|クーポン|割引|쿠폰|할인"
)
_LATIN_NOUNS = "codes?|coupons?|vouchers?|promos?|c[oó]digos?|cup[oó]n|gutscheine?"
_ASIAN_NOUNS = "[券卡]?(码|代码|碼|号)|优惠券|券|编号|序号|クーポン|コード|쿠폰|코드"
_NOUNS = f"{_LATIN_NOUNS}|{_ASIAN_NOUNS}"
_HEADER = re.compile(
    rf"(({_QUALIFIERS})[ _-]?){{0,3}}({_NOUNS})([ _-]?(value|list|name|id|number|no\.?))?", re.IGNORECASE
)
_Check = tuple[Callable[[str], object], str]
_CHECKS: tuple[_Check, ...] = (
    (lambda code: _HEADER.fullmatch(normalize_code(code)), "looks like a header: remove this line"),
    (
        _SHORTENED_NUMBER.fullmatch,
        "looks like a number that a spreadsheet has shortened: format the column as text, and export it again",
    ),
    (
        lambda code: any(map(_SEPARATORS.__contains__, code)),
        "contains a separator: send the codes alone, one for each line",
    ),
    (lambda code: any(map(_QUOTES.__contains__, code)), "contains a quotation mark: remove it"),
    (lambda code: code[0] == "'" or code[-1] == "'", "has a quotation mark on one side: remove it"),
    (lambda code: "\n" in code or "\r" in code, "contains a line break: send each code as an entry of its own"),
    (lambda code: any(map(str.isspace, code)), "contains a space, which a code must not"),
    (lambda code: not code.isprintable(), "contains a character that cannot be displayed: remove it"),
    (lambda code: not normalize_code(code), "contains neither letters nor digits"),
)


class UploadedCode(NamedTuple):
    """A valid code: the number of its line (from 1), the code as it is issued, and the form in which codes are compared."""

    line: int
    code: str
    form: str


class LineMistake(NamedTuple):
    """What is wrong with a line (numbered from 1), and what to do."""

    line: int
    detail: str


def read_code(number: int, line: str) -> UploadedCode | LineMistake | None:
    """The code of a line, what is wrong with it, or None for a line that holds nothing."""
    if len(line) <= MAX_CODE and _PLAIN.fullmatch(line):
        return UploadedCode(number, line, line.upper())
    code = clean_line(line)
    problem = _problem(line, code)
    if problem:
        return LineMistake(number, f"{problem}; got {line[:_ECHO]!r}")
    return UploadedCode(number, code, normalize_code(code)) if code else None


def clean_line(line: str) -> str:
    """Returns a line without what editors and spreadsheets add invisibly or around a code; empty if nothing is left."""
    text = "".join(_visible(line[: MAX_LINE + 1])).strip()
    while len(text) > 1 and (quoted := _QUOTED.fullmatch(text)):
        text = next(part for part in quoted.groups() if part is not None).strip()
    return text


def _visible(text: str) -> Iterator[str]:
    return (one for one in text if not (is_invisible(one) and unicodedata.category(one) in _REMOVABLE))


def _problem(line: str, code: str) -> str | None:
    """Why a line is refused, continuing its place ("line 3 …"); None for a code, and for a line without one."""
    if len(line) > MAX_LINE or len(code) > MAX_CODE:
        return f"is longer than the {MAX_CODE} characters that a code may have"
    return next((problem for applies, problem in _CHECKS if applies(code)), None) if code else None
