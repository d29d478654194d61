"""Text layout in a box: line breaks in Chinese and Latin text, and the largest font size at which the text fits.

Chinese breaks between any two characters, except before closing and after opening punctuation (GB/T 15834; the rules of
https://www.w3.org/TR/clreq/#prohibition_rules_for_line_start_end); Latin breaks at spaces and hyphens.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Measure = Callable[[str, int], float]
"""Returns the width of a text at a font size, in pixels."""

_HAN = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_OPENING, _CLOSING = "“‘（《「『【(", "，。！？、；：”’）》」』】…,.!?;:)%~～—"
_PIECE = re.compile(rf"[{re.escape(_OPENING)}]*(?:[{_HAN}]|[^\s{_HAN}-]+-*|-+)[{re.escape(_CLOSING)}]*\s*|\S+\s*")
LINE_HEIGHT = 1.24


@dataclass(frozen=True, slots=True)
class FittedText:
    """Text laid out in a box: its font size in pixels, and its lines."""

    size: int
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        """Height of all lines, in pixels."""
        return len(self.lines) * self.size * LINE_HEIGHT


def unbreakable_pieces(text: str) -> list[str]:
    """The parts of a text that must not be broken: words and single Chinese characters, each with adjacent punctuation."""
    return _PIECE.findall(" ".join(text.split()))


def wrap_text(text: str, width: float, size: int, measure: Measure) -> list[str]:
    """The text in lines of at most `width` pixels; a piece wider than that is broken anywhere."""
    lines: list[str] = []
    for piece in unbreakable_pieces(text):
        if lines and measure((lines[-1] + piece).rstrip(), size) <= width:
            lines[-1] += piece
        else:
            lines.extend(_cut(piece, width, size, measure))
    return [line.rstrip() for line in lines]


def _cut(piece: str, width: float, size: int, measure: Measure) -> list[str]:
    if measure(piece.rstrip(), size) <= width or len(piece) < 2:
        return [piece]
    parts = [""]
    for letter in piece:
        if parts[-1] and measure(parts[-1] + letter, size) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def fit_text(text: str, width: float, height: float, sizes: Sequence[int], measure: Measure) -> FittedText:
    """The text at the largest of `sizes` (in descending order) at which it fits without breaking a word.

    If it does not fit at any size, it is truncated and ends in …. The lines of a text are balanced, so that the last one does
    not consist of a single character.
    """
    for size in sizes:
        lines = wrap_text(text, width, size, measure)
        whole = all(measure(piece.rstrip(), size) <= width for piece in unbreakable_pieces(text))
        if (whole or size == sizes[-1]) and len(lines) * size * LINE_HEIGHT <= height:
            return FittedText(size, tuple(_balance(text, width, size, measure, lines)))
    return _truncate(text, width, height, sizes[-1], measure)


def _balance(text: str, width: float, size: int, measure: Measure, lines: list[str]) -> list[str]:
    for share in (0.55, 0.65, 0.75, 0.85, 0.93):
        narrower = wrap_text(text, width * share, size, measure)
        room = all(measure(piece.rstrip(), size) <= width * share for piece in unbreakable_pieces(text))
        if room and len(narrower) == len(lines) > 1:
            return narrower
    return lines


def _truncate(text: str, width: float, height: float, size: int, measure: Measure) -> FittedText:
    most = max(1, int(height / (size * LINE_HEIGHT)))
    lines = wrap_text(text, width, size, measure)
    if len(lines) <= most:
        return FittedText(size, tuple(lines))
    last = lines[most - 1]
    while last and measure(last + "…", size) > width:
        last = last[:-1]
    return FittedText(size, (*lines[: most - 1], last + "…"))
