"""The form in which names of people are compared, and who is found by one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.directory.tables import key_of
from referral.events.people import Person, PersonErased, Profile
from referral.people.name_forms import NAMES_OF_A_PERSON, name_form, names_of
from referral.people.people_view import people_in_memory

AT = datetime(2026, 11, 1, tzinfo=UTC)
AMY, BO = "psn_aaaaaaaaaaaaaaaa", "psn_bbbbbbbbbbbbbbbb"
PROFILE = Profile(
    id=AMY, program="prg_x", recorded_at=AT, external_id="xhs:1", display_name="Amy  Chen", mention="@glow_amy"
)


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("  @Amy\tCHEN ", "amy chen"),
        ("ａｍｙ", "amy"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("小鹿", "小鹿"),
        ("@ amy", "amy"),
        ("a" * 63 + " b", "a" * 63),
        ("\x00", ""),
    ],
)
def test_names_are_compared_without_case_width_and_spaces(typed: str, form: str) -> None:
    """As people type them."""
    assert name_form(typed) == form


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_a_name_has_the_form_of_its_full_width_characters(text: str) -> None:
    """The short way of plain ASCII gives what the normalization of any text gives."""
    full_width = "".join("\u3000" if letter == " " else chr(ord(letter) + 0xFEE0) for letter in text)
    assert name_form(text) == name_form(full_width)


@given(st.text(max_size=200))
def test_a_form_is_its_own_form_and_fits_a_key(text: str) -> None:
    """However a name is written: the key of the longest one is not cut, and has no character that separates its parts."""
    form = name_form(text)
    assert form == form.strip() == " ".join(form.split())
    assert "\x00" not in form
    key = key_of("p" * 64, form, AMY, "display_name")
    assert key.endswith(f"{AMY}\x00display_name".encode())


def test_a_person_is_found_by_each_name_as_long_as_they_have_it() -> None:
    """Display name, mention and handle; not by a name that was replaced, in another program, or after an erasure."""
    person = Person(id=AMY, program="prg_x", recorded_at=AT, external_id="xhs:1", handle="小鹿")
    other = Person(id=BO, program="prg_x", recorded_at=AT, external_id="xhs:2", handle="Amy B")
    people = people_in_memory([PROFILE, person, other])
    assert len(names_of(PROFILE)) + len(names_of(person)) == NAMES_OF_A_PERSON
    found = {
        text: people.find_by_name("prg_x", text, 9) for text in ("amy", "AMY CH", "@glow", "小", "chen", "", "amy b")
    }
    assert found == {
        "amy": [BO, AMY], "AMY CH": [AMY], "@glow": [AMY], "小": [AMY], "chen": [], "": [], "amy b": [BO],
    }  # fmt: skip
    assert people.find_by_name("prg_x", "amy", 1) == [BO]
    assert people.find_by_name("prg_y", "amy", 9) == []
    erased = PersonErased(id=AMY, program="prg_x", recorded_at=AT, epoch=1, erased=AMY)
    assert people_in_memory([PROFILE, person, erased]).find_by_name("prg_x", "amy", 9) == []
