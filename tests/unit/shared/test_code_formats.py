"""The form of generated codes: what is drawn, the check character, and the code space that a program needs."""

from hashlib import blake2b

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from referral.events.blocked_words import BUILT_IN_WORDS
from referral.events.code_formats import (
    ALPHABET,
    DIGITS,
    DRAWN,
    CodeFormat,
    check_character,
    code_space,
    formatted_code,
    has_form,
    is_clean,
    is_well_formed,
    needed_space,
)

GLOW = CodeFormat("GLOW-", "****-##*")
PATTERNS = st.from_regex(r"[*#][*#-]{2,12}[*#]", fullmatch=True)
NUMBERS = st.integers(0, 10**30)
TEXTS = st.text(ALPHABET, min_size=2, max_size=20)


@given(PATTERNS, NUMBERS)
def test_a_code_has_its_form(pattern: str, number: int) -> None:
    """Prefix, characters of the pattern, and a check character that fits."""
    form = CodeFormat("GLOW-", pattern)
    code = formatted_code(form, number)
    assert code.startswith("GLOW-")
    drawn = code.removeprefix("GLOW-")
    assert all(one in DRAWN.get(mark, "-") for one, mark in zip(drawn, pattern, strict=False))
    assert is_well_formed(form, code)


@given(st.integers(0, 30**2 * 8**2 - 1), st.integers(0, 30**2 * 8**2 - 1))
def test_numbers_below_the_space_have_different_codes(one: int, other: int) -> None:
    """The space is what it is said to be."""
    form = CodeFormat("A-", "*#-#*")
    assert code_space(form.pattern) == 30**2 * 8**2
    assert (formatted_code(form, one) == formatted_code(form, other)) == (one == other)


@given(TEXTS, st.data())
def test_every_wrong_character_is_found(text: str, data: st.DataObject) -> None:
    """Also a wrong check character."""
    whole = text + check_character(text)
    place = data.draw(st.integers(0, len(whole) - 1))
    wrong = data.draw(st.sampled_from(sorted(set(ALPHABET) - {whole[place]})))
    typed = whole[:place] + wrong + whole[place + 1 :]
    assert check_character(typed[:-1]) != typed[-1]


def test_nearly_all_exchanges_of_neighbours_are_found() -> None:
    """Of all pairs in all positions of the register, at most 1 in 20 go unnoticed."""
    missed = total = 0
    for start in ALPHABET:
        for first in ALPHABET:
            for second in set(ALPHABET) - {first}:
                total += 1
                missed += check_character(start + first + second) == check_character(start + second + first)
    assert missed * 20 <= total


def test_the_check_character_is_that_of_the_standard() -> None:
    """ISO/IEC 7064, clause 9, by hand: P = 30; S = (P + a) mod 30 (0 is 30), P = 2S mod 31, for each; then (P + c) mod 30 = 1."""
    product = 30
    for value in (5, 0, 29, 12):
        total = (product + value) % 30 or 30
        product = 2 * total % 31
    expected = next(value for value in range(30) if (product + value) % 30 == 1)
    assert check_character("".join(ALPHABET[value] for value in (5, 0, 29, 12))) == ALPHABET[expected]


@pytest.mark.parametrize("typed", ["GLOW-2222-222", "GLOW-2222-2A2X", "GLOW-222-2222X", "SHINE-222-222X", ""])
def test_other_texts_are_not_well_formed(typed: str) -> None:
    """Too short, a letter for a digit, the hyphen elsewhere, another prefix."""
    assert not is_well_formed(GLOW, typed)


def test_a_form_is_recognized_by_prefix_and_length() -> None:
    """So that a mistyped code is one of this program, and another code is not."""
    assert has_form(GLOW, "GLOW-????-???X")
    assert not has_form(GLOW, "GLOW-22")
    assert not has_form(GLOW, "2222222222")


@given(st.sampled_from(["FCK", "SHT", "NMSL", "XXX"]), st.text(DIGITS, min_size=4, max_size=4))
def test_blocked_words_are_found_across_hyphens(word: str, digits: str) -> None:
    """Those that no code contains, and the program's own."""
    assume(len(word) >= 3)
    form = CodeFormat("GLOW-", "*" * 8, ("VTP",))
    assert not is_clean(form, f"GLOW-{word[:2]}-{word[2:]}{digits}")
    assert not is_clean(form, f"GLOW-{digits}VT-P")
    assert is_clean(form, f"GLOW-{digits}")


def test_the_needed_space_grows_with_the_square_of_the_codes() -> None:
    """A thousand codes need a million against guessing, and 50 million so that hardly two are equal."""
    assert (needed_space(10), needed_space(1_000)) == (10_000, 50_000_000)


def test_the_built_in_words_never_change() -> None:
    """Codes that were given are derived again with these words: another list would change some of them."""
    digest = blake2b(" ".join(sorted(BUILT_IN_WORDS)).encode(), digest_size=8).hexdigest()
    assert digest == "477a87338007e4d6", "add words in a list of their own, which new code formats name"
