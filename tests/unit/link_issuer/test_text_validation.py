"""What people may give about themselves, and the form in which it is stored."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.domain.text_validation import (
    normalize_contact,
    normalize_display_name,
    normalize_language,
    normalize_mention,
    validate_device_hash,
)
from referral.events.value_checks import InvalidValue
from referral.events.visible_text import has_visible_character

_BLANKS = "\u115f\u1160\u3164\uffa0\u2800\ufffc\U0001d159\U00013441\U00013442"


@given(st.text())
def test_a_valid_name_can_be_displayed(text: str) -> None:
    """NFC, trimmed, 1 to 64 characters, no control characters, no unpaired surrogates; otherwise rejected."""
    try:
        name = normalize_display_name(text)
    except InvalidValue:
        return
    assert name == unicodedata.normalize("NFC", name).strip()
    assert 1 <= len(name) <= 64
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
    name.encode()


@pytest.mark.parametrize("name", ["Amy", "李雷", "Zoë", "👩‍🔬 Dr. Glow", "مريم", "a" * 64])
def test_names_in_all_scripts_are_valid(name: str) -> None:
    """And with joined emoji."""
    assert normalize_display_name(f"  {name} ") == name


@pytest.mark.parametrize("name", ["", "   ", "a" * 65, "a\nb", "a\x00b", "ab\u202ecd", "a\u2028b", "\ud83d"])
def test_a_name_that_breaks_a_page_is_rejected(name: str) -> None:
    """Empty, too long, with line breaks or direction controls, or not encodable."""
    with pytest.raises(InvalidValue):
        normalize_display_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "\u200b",
        "\u3164",
        "\u2800\u2800",
        "\ufe0f",
        "\U000e0041\U000e0042",
        "\u115f\u1160",
        "\uffa0",
        "\u2060\u00ad",
        "\u180e",
        "\u0301",
        "\ue000",
        "\ufffc",
        "\ufdd0",
        "\u200d\ufe0e\u3164",
    ],
)
def test_a_name_that_shows_nothing_is_rejected(name: str) -> None:
    """Format characters, fillers, blank symbols, tags, marks without a letter; the message names them."""
    with pytest.raises(InvalidValue, match=r"must contain a visible character; got only U\+"):
        normalize_display_name(name)
    assert not has_visible_character(name)


@given(st.text(st.characters(categories=["Cf", "Cc", "Co", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"])))
def test_a_text_of_invisible_categories_shows_nothing(text: str) -> None:
    """Whatever characters of these categories it has; one letter makes it visible."""
    assert not has_visible_character(text)
    assert has_visible_character(f"{text}a")


@given(st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters=_BLANKS), min_size=1))
def test_letters_digits_and_symbols_are_visible(text: str) -> None:
    """In every script, except for the few that are blank."""
    assert has_visible_character(text)


@pytest.mark.parametrize("text", ["amy", "@amy", "＠amy", " @amy "])
def test_a_mention_has_exactly_one_at_sign(text: str) -> None:
    """However the handle was typed."""
    assert normalize_mention(text) == "@amy"


@pytest.mark.parametrize("text", ["", "@", "a b", "x" * 65, "@。。"])
def test_a_mention_is_one_word(text: str) -> None:
    """A mention that no post could contain is rejected."""
    with pytest.raises(InvalidValue):
        normalize_mention(text)


@pytest.mark.parametrize(
    ("text", "tag"),
    [("ZH-cn", "zh-CN"), ("en", "en"), ("zh-hans-cn", "zh-Hans-CN"), ("es-419", "es-419"), ("sl-rozaj", "sl-rozaj")],
)
def test_a_language_has_one_spelling(text: str, tag: str) -> None:
    """Language in lower case, script in title case, region in upper case (RFC 5646, section 2.1.1)."""
    assert normalize_language(text) == normalize_language(tag) == tag


@pytest.mark.parametrize(
    "text", ["", "zh_CN", "english", "z", "en-", "en-x-private", "a" * 36, "en-US-u-ca-gregory", "中文"]
)
def test_what_is_no_language_tag_is_refused(text: str) -> None:
    """The message has an example."""
    with pytest.raises(InvalidValue, match="BCP 47"):
        normalize_language(text)


@pytest.mark.parametrize("text", ["192.0.2.7", "amy@example.com", "490154203237518"])
def test_a_device_is_a_hash(text: str) -> None:
    """An address, an IMEI or an e-mail address names its owner; the message tells what to send."""
    with pytest.raises(InvalidValue, match="send a hash of it"):
        validate_device_hash(text)


def test_a_contact_is_stored_trimmed_and_bounded() -> None:
    """Whatever it is."""
    assert normalize_contact(" amy@example.com ") == "amy@example.com"
    for text in ("", " ", "x" * 257, "a\u0000"):
        with pytest.raises(InvalidValue):
            normalize_contact(text)
