"""Valid display names and mentions."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.domain.text_validation import normalize_display_name, normalize_mention
from referral.events.value_checks import InvalidValue


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


@pytest.mark.parametrize("text", ["amy", "@amy", "＠amy", " @amy "])
def test_a_mention_has_exactly_one_at_sign(text: str) -> None:
    """However the handle was typed."""
    assert normalize_mention(text) == "@amy"


@pytest.mark.parametrize("text", ["", "@", "a b", "x" * 65, "@。。"])
def test_a_mention_is_one_word(text: str) -> None:
    """A mention that no post could contain is rejected."""
    with pytest.raises(InvalidValue):
        normalize_mention(text)
