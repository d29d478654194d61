"""The fonts for posters: those installed on the machine, found through fontconfig.

If none has Chinese characters, posters that need them are not drawn: a missing poster is better than one with empty boxes.
Without fontconfig, Pillow's built-in font draws Latin text.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

import structlog
from PIL import ImageFont

log = structlog.get_logger()

Weight = Literal["regular", "bold"]
REMEDY = (
    "Install fonts-noto-cjk and fontconfig (apt-get install -y fonts-noto-cjk fontconfig), and start the service again."
)
_HAN = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
# Pictographs and their joiners, which text fonts do not contain.
_NOT_DRAWN = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0e\ufe0f\u200d\U000e0000-\U000e007f\u20e3]")


class FontMissing(Exception):
    """A text needs characters that no installed font has; the message names what to install."""


@dataclass(frozen=True, slots=True)
class FontFace:
    """A font file, the index of the font in it, and whether it has Chinese characters."""

    file: str
    index: int
    chinese: bool


@cache
def find_face(weight: Weight) -> FontFace | None:
    """The installed sans-serif font for simplified Chinese, otherwise any sans-serif; None without fontconfig."""
    program = shutil.which("fc-match")
    if program is None:
        log.warning("fontconfig is not installed: only posters in Latin script are drawn", remedy=REMEDY)
        return None
    pattern = f"sans-serif:lang=zh-cn:weight={200 if weight == 'bold' else 80}"
    command = [program, "--format=%{file}\t%{index}\t%{lang}", pattern]
    result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - a fixed command
    file, index, languages = result.stdout.split("\t")
    chinese = "zh-cn" in languages.split("|")
    if not chinese:
        log.warning("no installed font has Chinese characters: posters in Chinese are not drawn", remedy=REMEDY)
    return FontFace(file, int(index or 0) & 0xFFFF, chinese)


@lru_cache(maxsize=128)
def font(weight: Weight, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font at a size in pixels."""
    found = find_face(weight)
    return ImageFont.load_default(size) if found is None else ImageFont.truetype(found.file, size, found.index)


def drawable_text(text: str) -> str:
    """The text without pictographs. Raises FontMissing if it has Chinese characters and no installed font does."""
    plain = " ".join(_NOT_DRAWN.sub("", text).split())
    found = find_face("bold")
    if _HAN.search(plain) and not (found and found.chinese):
        raise FontMissing(f"No installed font has Chinese characters. {REMEDY}")
    return plain


def text_width(weight: Weight, text: str, size: int) -> float:
    """The width of a text in pixels."""
    return font(weight, size).getlength(text)
