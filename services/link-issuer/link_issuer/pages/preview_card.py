"""The picture of a link preview as a PNG of 1200 by 630 pixels. Chats that crop it to a square keep everything on it."""

import io
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from link_issuer.pages.picture_canvas import (
    ACCENT,
    CARD,
    CARD_EDGE,
    INK,
    SOFT,
    Box,
    Light,
    background,
    draw_rounded,
    draw_spaced,
    draw_text,
    fit,
)

WIDTH, HEIGHT = 1200, 630
_SIDE = 570  # of the square in the middle that has all texts, 630 less a margin
_LEFT = (WIDTH - _SIDE) // 2
_LIGHTS = (Light(0.93, 0.02, 0.36, 0.62), Light(0.02, 0.5, 0.34, 0.5))
_CODE: Box = (_LEFT, HEIGHT - 140, _LEFT + _SIDE, HEIGHT - 36)
_CACHED_CARDS = 64  # about 40 KB each


@dataclass(frozen=True, slots=True)
class PreviewCard:
    """The texts of a link preview, in its language: the program, the hook, the gift (may be empty), who invites, and the code."""

    program: str
    hook: str
    gift: str
    inviter: str
    code: str


@lru_cache(maxsize=_CACHED_CARDS)
def render_card(card: PreviewCard) -> bytes:
    """The picture. Raises FontMissing if no font has the letters of its texts."""
    picture = background((WIDTH, HEIGHT), *_LIGHTS)
    program = fit(card.program, "bold", ACCENT, _SIDE, 40, (28, 25, 22))
    draw_text(picture, program, _LEFT, 40, _SIDE)
    below: float = _CODE[1] - 22
    for text in (
        fit(card.inviter, "regular", SOFT, _SIDE, 70, (30, 27, 24)),
        fit(card.gift, "bold", ACCENT, _SIDE, 110, (40, 36, 32, 28)),
    ):
        if text.fitted.lines:
            below -= text.height + 6
            draw_text(picture, text, _LEFT, below, _SIDE)
    top, below = 40 + program.height + 16, below - 16
    hook = fit(card.hook, "bold", INK, _SIDE, below - top, (64, 58, 52, 46, 40, 36, 32))
    draw_text(picture, hook, _LEFT, top + (below - top - hook.height) / 2, _SIDE)
    _draw_code(picture, card.code)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=6)
    return file.getvalue()


def _draw_code(picture: Image.Image, code: str) -> None:
    draw_rounded(picture, _CODE, 28, CARD, CARD_EDGE)
    left, top, right, bottom = _CODE
    draw_spaced(picture, code, (left + 24, top, right - 24, bottom), (64, 56, 48, 40, 32, 26, 22), ACCENT)
