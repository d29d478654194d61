"""The language of a page: `?lang=`, the browser's preferences, then the program's first language."""

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import LanguageAccept

from referral.pages.languages import (
    Language,
    accepted_language,
    first_language,
    language,
    localize_in,
    match_language,
    use_languages_of,
)

CHINESE = (
    "zh",
    "zh-TW",
    "zh-HK",
    "zh-SG",
    "zh-MO",
    "zh-Hans-CN",
    "zh-Hant-TW",
    "zh_CN",
    "zh-cn",
    "ZH-TW",
    "cmn-Hans-CN",
)
ENGLISH = ("en", "en-GB", "en_US", "EN", "en-US-x-twain", "en-Latn-SG")
OTHER = ("fr", "de-DE", "ja", "e", "z", "zha", "eng-lish", "*", "", "-", "_", "zh.CN", "\u4e2d\u6587")


@pytest.mark.parametrize("tag", CHINESE)
def test_every_kind_of_chinese_gets_chinese(tag: str) -> None:
    """By the lookup of RFC 4647, whatever the script and the region, and however it is written."""
    assert match_language(tag) == "zh-CN"


@pytest.mark.parametrize("tag", ENGLISH)
def test_every_kind_of_english_gets_english(tag: str) -> None:
    """The same for English."""
    assert match_language(tag) == "en"


@pytest.mark.parametrize("tag", OTHER)
def test_other_languages_match_nothing(tag: str) -> None:
    """A prefix of letters is not a language: `e` is not English, `zha` (Zhuang) is not Chinese."""
    assert match_language(tag) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("fr-FR,fr;q=0.9,zh-HK;q=0.5,en;q=0.4", "zh-CN"),
        ("en;q=0.1, zh-Hans-SG;q=0.2", "zh-CN"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=0", "en"),
        ("de, fr;q=0.5", "en"),
        ("*", "en"),
        ("", "en"),
        ("en;q=nonsense, zh-TW;q=0.3", "zh-CN"),
        (";;;,,,=", "en"),
    ],
)
def test_the_browsers_order_decides_and_then_the_program(header: str, expected: Language) -> None:
    """The highest quality first; 0 refuses a language. A program named in German and English falls back to English."""
    with Flask("page").test_request_context("/", headers={"Accept-Language": header}):
        use_languages_of({"de": "Zusammen", "en": "Together", "zh-CN": "一起"})
        assert language() == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ({"en": "Glow"}, "en"),
        ({"de": "Glanz"}, "en"),
        ({"zh-TW": "光", "en": "Glow"}, "zh-CN"),
        ({"en-GB": "Glow", "zh-CN": "光"}, "en"),
    ],
)
def test_a_program_without_the_readers_language_opens_in_its_own(name: dict[str, str], expected: Language) -> None:
    """A board of a brand that is named only in English or German does not open in Chinese."""
    assert first_language(name) == expected
    with Flask("page").test_request_context("/", headers={"Accept-Language": "fr"}):
        use_languages_of(name)
        assert language() == expected


@pytest.mark.parametrize(
    ("header", "expected"), [("fr", "en"), ("", "zh-CN"), ("zh-SG", "zh-CN"), ("de, en;q=0.1", "en")]
)
def test_a_page_of_no_program_is_in_a_language_that_the_reader_may_know(header: str, expected: Language) -> None:
    """English for readers of other languages."""
    with Flask("page").test_request_context("/", headers={"Accept-Language": header}):
        assert language() == expected


def test_the_chosen_language_is_stronger_than_the_browsers() -> None:
    """A value that is no language of these pages is ignored."""
    for query, expected in (("zh_CN", "zh-CN"), ("zh-TW", "zh-CN"), ("EN", "en"), ("fr", "en"), ("", "en")):
        with Flask("page").test_request_context(f"/?lang={query}", headers={"Accept-Language": "en-GB"}):
            assert language() == expected


def test_a_text_of_the_program_is_found_under_any_tag_of_the_language() -> None:
    """Exactly, then another tag of the language, then whatever there is."""
    assert localize_in({"en": "a", "zh-TW": "b"}, "zh-CN") == "b"
    assert localize_in({"zh-TW": "b", "zh-CN": "c"}, "zh-CN") == "c"
    assert localize_in({"de": "d"}, "en") == "d"
    assert localize_in({}, "en") == ""


@given(st.text(max_size=60))
def test_no_header_fails(header: str) -> None:
    """Any text gives a language or none."""
    accepted = LanguageAccept([(header, 1)])
    assert accepted_language(accepted) in ("zh-CN", "en", None)
    assert match_language(header) in ("zh-CN", "en", None)
