"""Which texts a reader can see: a name made of invisible characters only would leave an empty place on every page."""

import unicodedata

from referral.events.normal_forms import is_invisible

# Symbols and letters whose picture is empty: the object replacement character, the null notehead, and the blanks of Egyptian
# hieroglyphs.
_BLANK = frozenset("\ufffc\U0001d159\U00013441\U00013442")
# Unassigned, and displayed as nothing all the same: Default_Ignorable_Code_Point of
# https://www.unicode.org/Public/16.0.0/ucd/DerivedCoreProperties.txt, and the noncharacters that are in no plane's last two.
_NEVER_VISIBLE = ((0x2065, 0x2065), (0xFDD0, 0xFDEF), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF))


def has_visible_character(text: str) -> bool:
    """Returns whether a reader sees anything of a text."""
    return any(map(_is_visible, text))


def _is_visible(character: str) -> bool:
    """Whether a character has a picture of its own. Marks are drawn on another character; separators are blank."""
    category = unicodedata.category(character)
    if category == "Cn":  # visible if it is newer than Python's tables, as emoji may be
        code = ord(character)
        return code & 0xFFFE != 0xFFFE and not any(first <= code <= last for first, last in _NEVER_VISIBLE)
    return category[0] not in "ZM" and character not in _BLANK and not is_invisible(character)
