"""A line of text as runs, each drawn with one font, in the order in which they appear from left to right.

One font for the whole line is preferred: libraqm then orders mixed scripts itself (UAX #9), in a left-to-right paragraph. Otherwise
the line is split where its direction changes, and each part where its font changes.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

from PIL import ImageDraw, features

from link_issuer.pages.fonts import FontFace, Weight, clusters, face_for, find_faces, font

_LEFT_TO_RIGHT: dict[str, Any] = {"direction": "ltr"} if features.check("raqm") else {}


@dataclass(frozen=True, slots=True)
class TextRun:
    """A part of a line, and the font that has its characters."""

    face: FontFace
    text: str


@lru_cache(maxsize=2048)
def split_runs(text: str, weight: Weight) -> tuple[TextRun, ...]:
    """The runs of a line. Characters that no font has are left out."""
    return tuple(run for part in _directional_parts(text, weight) for run in part)


def run_width(text: str, weight: Weight, size: int) -> float:
    """The width of a line in pixels."""
    return sum(font(run.face, size).getlength(run.text, **_options(run.face)) for run in split_runs(text, weight))


def draw_line(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, weight: Weight, size: int, colour: str
) -> None:
    """Draws a line; `at` is the left end of its baseline."""
    x, baseline = at
    for run in split_runs(text, weight):
        chosen = font(run.face, size)
        pen.text((x, baseline), run.text, colour, chosen, anchor="ls", **_options(run.face))
        x += chosen.getlength(run.text, **_options(run.face))


def _options(face: FontFace) -> dict[str, Any]:
    return _LEFT_TO_RIGHT if face.file else {}


def _directional_parts(text: str, weight: Weight) -> Iterator[list[TextRun]]:
    if face := face_for(text, weight):
        yield [TextRun(face, text)]
        return
    for right_to_left, part in _parts(text):
        face = face_for(part, weight)
        runs = [TextRun(face, part)] if face else _font_runs(part, weight)
        yield runs[::-1] if right_to_left else runs


def _parts(text: str) -> list[tuple[bool, str]]:
    """The text in parts of one direction, and whether it is from right to left; neutral characters between equals join them."""
    directions = [_direction(letter) for letter in text]
    known: list[bool] = []
    for at, direction in enumerate(directions):
        before = known[-1] if known else False
        after = next((one for one in directions[at:] if one is not None), False)
        known.append(direction if direction is not None else before and after)
    return [
        (right_to_left, "".join(letter for letter, _ in group))
        for right_to_left, group in groupby(zip(text, known, strict=True), key=lambda pair: pair[1])
    ]


def _direction(letter: str) -> bool | None:
    """Whether a character is from right to left; None if it takes the direction of its neighbours."""
    kind = unicodedata.bidirectional(letter)
    return True if kind in ("R", "AL") else False if kind == "L" else None


def _font_runs(text: str, weight: Weight) -> list[TextRun]:
    runs: list[TextRun] = []
    for cluster in clusters(text):
        current = runs[-1].face if runs else None
        preferred = face_for(cluster, weight)
        if current and current.has(cluster) and (preferred == current or not _has_letter(cluster)):
            preferred = current
        if preferred is None:
            continue
        if runs and preferred == current:
            runs[-1] = TextRun(preferred, runs[-1].text + cluster)
        else:
            runs.append(TextRun(preferred, cluster))
    return runs


def _has_letter(text: str) -> bool:
    return any(unicodedata.category(letter)[0] in "LN" for letter in text)


def line_ascent(weight: Weight, size: int) -> float:
    """From the top of a line to its baseline, in pixels: that of the first font, for lines of all scripts alike."""
    chosen = font(find_faces(weight)[0], size)
    return float(chosen.getmetrics()[0]) if hasattr(chosen, "getmetrics") else size
