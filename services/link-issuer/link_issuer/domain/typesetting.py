"""Setting text into a box: where lines may break in Chinese and Latin, and the largest size at which all of it fits.

Chinese breaks between any two characters, but not before a closing mark nor after an opening one (GB/T 15834; the rules of
https://www.w3.org/TR/clreq/#prohibition_rules_for_line_start_end); Latin breaks at blanks and hyphens.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Measure = Callable[[str, int], float]
"""The width of a text at a size, pixels."""

_HAN = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_OPENING, _CLOSING = "“‘（《「『【(", "，。！？、；：”’）》」』】…,.!?;:)%~～—"
_PIECE = re.compile(rf"[{re.escape(_OPENING)}]*(?:[{_HAN}]|[^\s{_HAN}-]+-*|-+)[{re.escape(_CLOSING)}]*\s*|\S+\s*")
LEADING = 1.24


@dataclass(frozen=True, slots=True)
class Set:
    """Text that was set: its size in pixels, and its lines."""

    size: int
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        """Of all lines, pixels."""
        return len(self.lines) * self.size * LEADING


def pieces(text: str) -> list[str]:
    """What stays on one line each: a word with its marks, or one Chinese character with the marks that cling to it."""
    return _PIECE.findall(" ".join(text.split()))


def wrapped(text: str, width: float, size: int, measure: Measure) -> list[str]:
    """The text in lines of at most `width`; a piece that is wider by itself is cut where it must be."""
    lines: list[str] = []
    for piece in pieces(text):
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


def fitted(text: str, width: float, height: float, sizes: Sequence[int], measure: Measure) -> Set:
    """The text at the first of the sizes (largest first) at which it fits whole, no word cut; else what fits of it, and …

    A text in several lines is balanced: no line is left with a character of its own.
    """
    for size in sizes:
        lines = wrapped(text, width, size, measure)
        whole = all(measure(piece.rstrip(), size) <= width for piece in pieces(text))
        if (whole or size == sizes[-1]) and len(lines) * size * LEADING <= height:
            return Set(size, tuple(_balanced(text, width, size, measure, lines)))
    return _shortened(text, width, height, sizes[-1], measure)


def _balanced(text: str, width: float, size: int, measure: Measure, lines: list[str]) -> list[str]:
    for share in (0.55, 0.65, 0.75, 0.85, 0.93):
        narrower = wrapped(text, width * share, size, measure)
        room = all(measure(piece.rstrip(), size) <= width * share for piece in pieces(text))
        if room and len(narrower) == len(lines) > 1:
            return narrower
    return lines


def _shortened(text: str, width: float, height: float, size: int, measure: Measure) -> Set:
    most = max(1, int(height / (size * LEADING)))
    lines = wrapped(text, width, size, measure)
    if len(lines) <= most:
        return Set(size, tuple(lines))
    last = lines[most - 1]
    while last and measure(last + "…", size) > width:
        last = last[:-1]
    return Set(size, (*lines[: most - 1], last + "…"))
