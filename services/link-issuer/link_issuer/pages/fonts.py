"""The fonts for pictures: those installed on the machine, in fontconfig's order of preference, with the characters of each.

Nothing is drawn that no font has: a missing picture is better than one with empty boxes. Without fontconfig, Pillow's built-in font
draws Latin text.
"""

import re
import shutil
import subprocess
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

import structlog
from PIL import ImageFont, features

from referral.events.normal_forms import is_invisible
from referral.events.visible_text import has_visible_character

log = structlog.get_logger()

Weight = Literal["regular", "bold"]
PilFont = ImageFont.FreeTypeFont | ImageFont.ImageFont
REMEDY = (
    "Install fonts-noto-cjk, fonts-noto-core and fontconfig "
    "(apt-get install -y fonts-noto-cjk fonts-noto-core fontconfig), and start the service again."
)
_WEIGHTS: dict[Weight, int] = {"regular": 80, "bold": 200}  # fontconfig's numbers
# With libraqm, Pillow shapes scripts such as Arabic and Devanagari and orders them from right to left where needed.
_SHAPES_TEXT = bool(features.check("raqm"))
# Pictographs and what joins them, which text fonts do not contain or draw in one colour.
_PICTOGRAPH = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u20e3]\u200d?")
_JOINERS = "\u200c\u200d"
_BUILT_IN = ((0x20, 0x7E),)  # the characters of Pillow's font that are surely there


class FontMissing(Exception):
    """A text needs characters that no installed font has; the message names what to install."""


@dataclass(frozen=True, slots=True)
class FontFace:
    """A font file (None for Pillow's font), the index of the font in it, and its characters as ranges in ascending order."""

    file: str | None
    index: int
    ranges: tuple[tuple[int, int], ...]

    def has(self, text: str) -> bool:
        """Whether the font has all characters of a text; joiners need no picture."""
        return all(self._has(ord(letter)) for letter in text if letter not in _JOINERS)

    def _has(self, point: int) -> bool:
        at = bisect_right(self.ranges, (point, 0x110000)) - 1
        return at >= 0 and self.ranges[at][0] <= point <= self.ranges[at][1]


@cache
def find_faces(weight: Weight) -> tuple[FontFace, ...]:
    """The installed fonts, a sans-serif one for simplified Chinese first; each further one has characters the earlier ones lack."""
    program = shutil.which("fc-match")
    if program is None:
        log.warning("fontconfig is not installed: only pictures in Latin script are drawn", remedy=REMEDY)
        return (FontFace(None, 0, _BUILT_IN),)
    command = [
        program,
        "-s",
        "--format=%{scalable}\t%{color}\t%{file}\t%{index}\t%{charset}\n",
        f"sans-serif:lang=zh-cn:weight={_WEIGHTS[weight]}",
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - a fixed command
    faces = tuple(face for line in result.stdout.splitlines() if (face := _read_face(line)))
    if not any(face.has("中文") for face in faces):
        log.warning("no installed font has Chinese characters: pictures in Chinese are not drawn", remedy=REMEDY)
    return faces or (FontFace(None, 0, _BUILT_IN),)


def _read_face(line: str) -> FontFace | None:
    """A line of fc-match; None for a font in colours or of fixed sizes, which Pillow cannot scale."""
    scalable, colour, file, index, charset = line.split("\t")
    if scalable != "True" or colour == "True":
        return None
    bounds = [(first, last or first) for first, _, last in (part.partition("-") for part in charset.split())]
    return FontFace(file, int(index or 0) & 0xFFFF, tuple((int(first, 16), int(last, 16)) for first, last in bounds))


@lru_cache(maxsize=256)
def font(face: FontFace, size: int) -> PilFont:
    """A font at a size in pixels."""
    return ImageFont.load_default(size) if face.file is None else ImageFont.truetype(face.file, size, face.index)


def face_for(text: str, weight: Weight) -> FontFace | None:
    """The first font that has all characters of a text; None if none has."""
    return next((face for face in find_faces(weight) if face.has(text)), None)


def drawable_text(text: str) -> str:
    """The text without pictographs and other symbols that no font has. Raises FontMissing if no font has one of its letters."""
    plain = "".join(filter(_is_part_of_text, _PICTOGRAPH.sub("", unicodedata.normalize("NFC", text))))
    parts = list(clusters(plain))
    missing = sorted({part for part in parts if any(map(_is_letter, part)) and not _is_drawable(part)})
    if missing:
        raise FontMissing(f"No installed font has the characters {' '.join(missing[:5])}. {REMEDY}")
    kept = "".join(part for part in parts if part.isspace() or _is_drawable(part))
    return " ".join(kept.split()).strip(_JOINERS)


def drawable_name(name: str) -> str | None:
    """The name as it can be drawn; None if that would leave nothing of it, or only a part of its letters."""
    try:
        drawable = drawable_text(name)
    except FontMissing:
        return None
    return drawable if has_visible_character(drawable) else None


def _is_part_of_text(character: str) -> bool:
    """Whether a character is drawn or shapes its neighbours; controls of direction, fillers and the like are not."""
    return character in _JOINERS or character.isspace() or not is_invisible(character)


def _is_letter(character: str) -> bool:
    """Whether a text cannot be read without the character: a letter, a digit, or a mark on one."""
    return unicodedata.category(character)[0] in "LNM"


def clusters(text: str) -> Iterator[str]:
    """Characters with their marks: each is drawn in one font."""
    cluster = ""
    for letter in text:
        if cluster and not (unicodedata.category(letter)[0] == "M" or letter in _JOINERS):
            yield cluster
            cluster = ""
        cluster += letter
    if cluster:
        yield cluster


def _is_drawable(cluster: str) -> bool:
    drawn = [letter for letter in cluster if letter not in _JOINERS]
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cn", "Co", "Cs") for letter in drawn):
        return False
    if not _SHAPES_TEXT and any(
        unicodedata.bidirectional(letter) in ("R", "AL") or unicodedata.category(letter)[0] == "M" for letter in drawn
    ):
        return False
    return all(face_for(cluster, weight) is not None for weight in _WEIGHTS)
