"""One form of a person id, a code and a mention, however they were typed, copied or spoofed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.catalog.view import Catalog
from referral.events.normal_forms import (
    is_normal_person_id,
    normalize_code,
    normalize_mention,
    normalize_person_id,
    person_id_to_find,
)
from referral.events.value_checks import InvalidValue
from tests.support.builders.participants import AMY, PROGRAM, PSEUDONYMS

CODE = AMY.code
WAYS_TO_WRITE_A_CODE = [
    f"{CODE} ",
    f" {CODE}",
    f"{CODE}\n",
    f"\t{CODE}\r\n",
    f"\u3000{CODE}\u00a0",
    CODE.lower(),
    CODE.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
    f"「{CODE}」",
    f"“{CODE}”",
    f'"{CODE}"',
    f"【{CODE}】",
    f"《{CODE}》。",
    f"({CODE})",
    f"（{CODE}）",
    f"{CODE}。",
    f"{CODE}，",
    f"{CODE}！",
    f"#{CODE}#",
    f"{CODE}´",
    f"\ufeff{CODE}",
    f"{CODE[:2]}\u200b{CODE[2:]}",
    f"{CODE}❤️",
]


@pytest.mark.parametrize("text", WAYS_TO_WRITE_A_CODE)
def test_a_code_is_the_same_code_however_it_was_typed_or_copied(text: str) -> None:
    """Blanks, line breaks, full-width characters, quotes and punctuation around it change nothing."""
    assert normalize_code(text) == CODE
    assert Catalog([AMY]).code(text) == AMY


@pytest.mark.parametrize("code", ["AMY_", "-AMY", "AMY-44", "GLOW_2026", "2SS7DW"])
def test_what_is_part_of_a_code_stays(code: str) -> None:
    """A chosen code may begin and end with a hyphen or an underscore."""
    assert normalize_code(code) == code


@pytest.mark.parametrize("text", ["", "  ", "「」", "\u200b", "。。。"])
def test_a_text_without_a_code_is_empty(text: str) -> None:
    """It belongs to no one."""
    assert normalize_code(text) == ""
    assert Catalog([AMY]).code(text) is None


@pytest.mark.parametrize(
    "text", ["amy", "@amy", "＠amy", "@Amy", " @amy ", "@amy。", "「@amy」", "@amy,", "ａｍｙ", "@@amy"]
)
def test_a_mention_is_found_however_it_was_typed(text: str) -> None:
    """The @ is optional: enrolment adds it, and events may leave it out."""
    assert normalize_mention(text) == "@amy"
    assert Catalog([AMY]).mention(PROGRAM, PSEUDONYMS.mention(PROGRAM, text)) == AMY


@pytest.mark.parametrize("text", ["@amy_", "@amy2", "@amyx", "@a.my", "@amy✨"])
def test_another_handle_is_another_mention(text: str) -> None:
    """Characters that handles consist of are not removed."""
    assert normalize_mention(text) != "@amy"


@given(st.text(max_size=40))
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    """So a text can pass several entrances."""
    code, mention = normalize_code(text), normalize_mention(text)
    assert normalize_code(code) == code
    assert normalize_mention(mention) == mention


@pytest.mark.parametrize(
    "text",
    [
        "XHS:Mallory",
        "Xhs:Mallory",
        " xhs:Mallory",
        "xhs:Mallory\n",
        "\u3000xhs:Mallory",
        "ｘｈｓ：Ｍａｌｌｏｒｙ",
        "xhs：Mallory",
        "xhs:Mallory\u2028",
    ],
)
def test_a_person_has_one_id_however_it_was_written(text: str) -> None:
    """Case of the prefix, blanks around it and full-width characters do not make another person."""
    assert normalize_person_id(text) == person_id_to_find(text) == "xhs:Mallory"


def test_composed_and_decomposed_letters_are_the_same_person() -> None:
    """NFC."""
    assert normalize_person_id("xhs:Zoe\u0308") == "xhs:Zo\u00eb"


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u3000", "xhs:", "xhs: ", "x" * 129, "x" * 1000, "\0", "xhs:u 42", "xhs:u\u00a042", "xhs: u42"]
    + [
        f"xhs:Mal{invisible}lory"
        for invisible in "\0\x07\x7f\u0085\u00ad\u034f\u061c\u115f\u180e\u200b\u200d\u202e\u2060"
    ]
    + [f"xhs:Mallory{invisible}" for invisible in "\u2800\u3164\ufe0f\ufeff\uffa0\uffff\ud800\U000e0041\U000e0101"],
)
def test_an_id_with_blanks_or_invisible_characters_is_refused(text: str) -> None:
    """It looks like the id of another person, or like none. A look-up finds no one by it."""
    with pytest.raises(InvalidValue):
        normalize_person_id(text)
    assert person_id_to_find(text) == text


@pytest.mark.parametrize("text", ["psn_3v8k2m9q4t6w1x7z", " ｐｓｎ_3v8k2m9q4t6w1x7z "])
def test_a_person_id_of_this_system_is_no_id_of_a_platform(text: str) -> None:
    """It would be a new person whom no request finds: a path with it means the person that it is the id of."""
    with pytest.raises(InvalidValue, match="the platform's id of the person, such as xhs:u42; psn_3v8k2m9q4t6w1x7z is"):
        normalize_person_id(text)
    assert not is_normal_person_id(text)
    assert normalize_person_id("psn_0") == "psn_0"


@given(st.text(max_size=60) | st.text("xXhs:_-mM1 é\u0301Ａ：", max_size=20))
def test_an_id_that_is_accepted_is_normal_and_visible(text: str) -> None:
    """Its own normal form, in NFC, without blanks; ids that the quick check passes are unchanged."""
    try:
        id_ = normalize_person_id(text)
    except InvalidValue:
        assert not is_normal_person_id(text)
        return
    assert normalize_person_id(id_) == id_ == unicodedata.normalize("NFC", id_)
    assert 1 <= len(id_) <= 128
    assert not any(character.isspace() or unicodedata.category(character)[0] in "CZ" for character in id_)
    assert id_ == text or not is_normal_person_id(text)


@given(
    st.from_regex(r"@?[A-Za-z0-9_-]{1,20}", fullmatch=True), st.sampled_from(["「{}」", "{}。", "\u200b{}", "  {} "])
)
def test_a_handle_in_plain_characters_has_the_form_that_it_has_in_a_sentence(handle: str, around: str) -> None:
    """The short way for the ordinary case gives what the long way gives."""
    assert normalize_mention(handle) == normalize_mention(around.format(handle))
