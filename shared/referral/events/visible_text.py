"""Which texts a reader can see: a name made of invisible characters only would leave an empty place on every page."""

import unicodedata

# Default_Ignorable_Code_Point: displayed as nothing by every renderer.
# https://www.unicode.org/Public/16.0.0/ucd/DerivedCoreProperties.txt
_DEFAULT_IGNORABLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
# Symbols and letters whose picture is empty: the blank braille pattern, the object replacement character, the null notehead,
# and the blanks of Egyptian hieroglyphs.
_BLANK = frozenset((0x2800, 0xFFFC, 0x1D159, 0x13441, 0x13442))
# Separators, controls, format characters, halves of surrogate pairs, and private characters, for which there is no font. Marks need
# a character to be drawn on. Unassigned characters are visible: they may be newer than Python's tables.
_INVISIBLE_CATEGORIES = frozenset(("Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Mn", "Me", "Mc"))


def has_visible_character(text: str) -> bool:
    """Returns whether a reader sees anything of a text."""
    return any(map(_is_visible, text))


def _is_visible(character: str) -> bool:
    if unicodedata.category(character) in _INVISIBLE_CATEGORIES:
        return False
    code_point = ord(character)
    if (
        code_point in _BLANK or code_point & 0xFFFE == 0xFFFE or 0xFDD0 <= code_point <= 0xFDEF
    ):  # the last two: noncharacters
        return False
    return not any(first <= code_point <= last for first, last in _DEFAULT_IGNORABLE)
