"""The fonts of pictures: those of the machine, found through fontconfig.

Where there is none with Chinese characters, a picture that needs them is not drawn: boxes in place of words are worse than
no picture. Without fontconfig the font that comes with Pillow draws Latin.
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
# Pictographs and what joins them: fonts for text have none.
_NOT_DRAWN = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0e\ufe0f\u200d\U000e0000-\U000e007f\u20e3]")


class NoFont(Exception):
    """A text needs characters that no font here has; says what to install."""


@dataclass(frozen=True, slots=True)
class Face:
    """A font file, and which of the fonts in it; whether it has Chinese characters."""

    file: str
    index: int
    chinese: bool


@cache
def face(weight: Weight) -> Face | None:
    """The machine's sans-serif for simplified Chinese, else for anything; None without fontconfig."""
    program = shutil.which("fc-match")
    if program is None:
        log.warning("no fontconfig: posters are drawn in Latin only", remedy=REMEDY)
        return None
    pattern = f"sans-serif:lang=zh-cn:weight={200 if weight == 'bold' else 80}"
    command = [program, "--format=%{file}\t%{index}\t%{lang}", pattern]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - a fixed command
    file, index, languages = answer.stdout.split("\t")
    chinese = "zh-cn" in languages.split("|")
    if not chinese:
        log.warning("no font with Chinese characters: posters in Chinese are not drawn", remedy=REMEDY)
    return Face(file, int(index or 0) & 0xFFFF, chinese)


@lru_cache(maxsize=128)
def font(weight: Weight, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font at a size in pixels."""
    found = face(weight)
    return ImageFont.load_default(size) if found is None else ImageFont.truetype(found.file, size, found.index)


def drawable(text: str) -> str:
    """The text without pictographs. Raises NoFont where it has Chinese characters and no font here does."""
    plain = " ".join(_NOT_DRAWN.sub("", text).split())
    found = face("bold")
    if _HAN.search(plain) and not (found and found.chinese):
        raise NoFont(f"No font on this machine has Chinese characters. {REMEDY}")
    return plain


def width(weight: Weight, text: str, size: int) -> float:
    """How wide a text is, pixels."""
    return font(weight, size).getlength(text)
