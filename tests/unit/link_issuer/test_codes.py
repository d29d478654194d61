"""Referral codes: short, unambiguous, deterministic."""

import re
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.domain.codes import RESERVED_CODES, InvalidCode, candidate_code, code_prefix, normalize_vanity_code
from referral.events import blocked_words
from referral.events.blocked_words import find_blocked_word

_CONFUSED = set("0O1IL")
_RANDOM = "23456789BCDFGHJKMNPQRSTVWXZ"
_AFTER_NAME = (("23456789", 2), ("23456789", 3), (_RANDOM, 3), (_RANDOM, 4), (_RANDOM, 5))
_NO_NAME = ((_RANDOM, 6), (_RANDOM, 7))
names = st.text(max_size=64)
owners = st.text("abcdefghjkmnpqrstvwxyz0123456789", min_size=16, max_size=16).map("psn_".__add__)


@given(names, owners, st.integers(0, 15))
def test_no_code_contains_a_confusable_character(name: str, owner: str, attempt: int) -> None:
    """For any name: 4 to 13 characters, none of 0 O 1 I L."""
    code = candidate_code(code_prefix(name), owner, attempt)
    assert not _CONFUSED & set(code)
    assert code.isascii()
    assert code.isalnum()
    assert code == code.upper()
    assert 4 <= len(code) <= 13


@given(names, owners, st.integers(0, 15))
def test_the_same_person_gets_the_same_code_again(name: str, owner: str, attempt: int) -> None:
    """A code is derived, not random: concurrent enrolments agree without coordination."""
    assert candidate_code(code_prefix(name), owner, attempt) == candidate_code(code_prefix(name), owner, attempt)


@given(names | st.sampled_from(["Amy", "SH", "FUC", "TM", "小美"]), owners, st.integers(0, 15))
def test_a_code_is_derived_as_it_always_was(name: str, owner: str, attempt: int) -> None:
    """Digit by digit from a digest of owner and attempt: concurrent processes of two versions of the program agree."""
    prefix = code_prefix(name)
    start, shapes = (prefix, _AFTER_NAME) if len(prefix) >= 2 else ("", _NO_NAME)
    alphabet, length = shapes[attempt] if attempt < len(shapes) else (_RANDOM, 9)
    seeds = (f"{owner}\x1f{attempt}", *(f"{owner}\x1f{attempt}\x1f{retry}" for retry in range(1, 100)))
    suffixes = (_characters(alphabet, length, seed) for seed in seeds)
    allowed = (
        start + suffix
        for suffix in suffixes
        if not blocked_words.contains_blocked_word(suffix) and not find_blocked_word(start + suffix)
    )
    assert candidate_code(prefix, owner, attempt) == next(allowed)


def _characters(alphabet: str, length: int, seed: str) -> str:
    number, characters = int.from_bytes(blake2b(seed.encode(), digest_size=16, person=b"code").digest(), "big"), ""
    for _ in range(length):
        number, index = divmod(number, len(alphabet))
        characters += alphabet[index]
    return characters


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Amy", "AMY"),
        ("Amy Chen", "AMYC"),
        ("Élodie", "EDE"),
        ("Bob O'Neil", "BBNE"),
        ("小美", "XAME"),
        ("王芳", "WANG"),
        ("Amy小美", "AMY"),
        ("🌸小美🌸", "XAME"),
        ("Мария", "MARY"),
        ("김민수", "GMMN"),
        ("さくら", "SAKU"),
        ("李雷", ""),
        ("Li", ""),
        ("💄", ""),
    ],
)
def test_a_code_begins_with_the_name_where_it_can(name: str, start: str) -> None:
    """Up to four letters of the name, without accents and confusable letters; a single letter is not used.

    Names in other scripts are romanized: Chinese ones in pinyin.
    """
    code = candidate_code(code_prefix(name), "par_0000000000000000", 0)
    assert code.startswith(start)
    assert len(code) == (len(start) + 2 if start else 6)


def test_people_with_the_same_name_get_different_codes() -> None:
    """Two hundred people called Amy, with sixteen attempts each."""
    taken: set[str] = set()
    for number in range(200):
        taken.add(
            next(c for a in range(16) if (c := candidate_code(code_prefix("Amy"), f"par_{number:016}", a)) not in taken)
        )
    assert len(taken) == 200


@pytest.mark.parametrize("chosen", ["amyglow", " Amy-Glow_2026 ", "ABC", "0ABC"])
def test_a_chosen_code_is_upper_case(chosen: str) -> None:
    """Codes are compared case-insensitively and stored in upper case."""
    assert normalize_vanity_code(chosen) == chosen.strip().upper()


@pytest.mark.parametrize(
    "chosen", ["", "ab", "-abc", "a b c", "x" * 33, "café", "a/b", "abc\n/", *sorted(RESERVED_CODES)]
)
def test_an_invalid_or_reserved_code_is_rejected(chosen: str) -> None:
    """Too short, too long, not letters and digits, or a path of the service itself."""
    with pytest.raises(InvalidCode):
        normalize_vanity_code(chosen)


@given(
    st.one_of(names, st.sampled_from(["Fuck", "Ass", "Nazi", "SB", "CNM", "Admin", "Sht", "Fu", "As"])),
    owners,
    st.integers(0, 15),
)
def test_no_derived_code_contains_a_blocked_word(name: str, owner: str, attempt: int) -> None:
    """Neither in the name, nor in the derived part, nor across both."""
    assert find_blocked_word(candidate_code(code_prefix(name), owner, attempt)) is None


@pytest.mark.parametrize(
    "chosen",
    [
        "FUCKYOU",
        "F-U-C-K",
        "SH1T",
        "5HIT2026",
        "wcnm",
        "SB-2026",
        "NMSL8",
        "GLOW-OFFICIAL",
        "XIAOHONGSHU-KEFU",
        "N4ZI",
        "ASS",
    ],
)
def test_a_chosen_code_with_a_blocked_word_is_rejected(chosen: str) -> None:
    """Also with digits in place of letters and dashes between them; the message names the word."""
    with pytest.raises(InvalidCode, match="is not allowed in codes"):
        normalize_vanity_code(chosen)


@pytest.mark.parametrize(
    "chosen", ["CASSIE", "DICKENS", "GRAPE", "PEACOCK", "ANALYST", "SBX", "ESSEX", "AMY88", "SHITAKE-FAN"[4:]]
)
def test_an_ordinary_word_that_contains_a_short_blocked_one_is_allowed(chosen: str) -> None:
    """CASSIE is a name."""
    assert normalize_vanity_code(chosen) == chosen


@given(st.text("ABCDEGHIKNORSTUXFWL0134578@$-_", max_size=12))
def test_a_blocked_word_is_found_as_by_comparing_each(code: str) -> None:
    """The fast search finds the word that the table finds: a whole run of letters first, then the first longer word."""
    read = code.translate(blocked_words._DIGITS_AS_LETTERS)
    joined = [text.replace("-", "").replace("_", "") for text in (code, read)]
    runs = {*re.findall("[A-Z]+", code), *re.findall("[A-Z]+", read), joined[0]}
    wholes = sorted(blocked_words.BUILT_IN_WORDS & runs)
    longer = [word for word in blocked_words._ANYWHERE if any(word in text for text in joined)]
    assert find_blocked_word(code) == next(iter([*wholes, *longer]), None)
    assert blocked_words.contains_blocked_word(code) == any(word in code for word in blocked_words.BUILT_IN_WORDS)
