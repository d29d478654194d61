"""The poster as a PNG of 1080 by 1440 pixels: the hook, the gift, who invites, the code, and a QR code if the channel's policy
allows one. Its preview for pages is a WebP of half the size.
"""

import io
from dataclasses import dataclass
from functools import lru_cache

import segno
from PIL import Image

from link_issuer.pages.fonts import FontMissing, drawable_text
from link_issuer.pages.picture_canvas import (
    ACCENT,
    CARD,
    CARD_EDGE,
    INK,
    ON_ACCENT,
    SOFT,
    Box,
    Light,
    PlacedText,
    background,
    draw_rounded,
    draw_spaced,
    draw_text,
    fit,
    text_width,
)

WIDTH, HEIGHT = 1080, 1440
PREVIEW_SIZE = (WIDTH // 2, HEIGHT // 2)
_EDGE = 84
_INNER = WIDTH - 2 * _EDGE
_CARD: Box = (_EDGE - 24, HEIGHT - 510, WIDTH - _EDGE + 24, HEIGHT - 130)
_CARD_PADDING = 20  # the QR code has a margin of its own
_LIGHTS = (Light(0.97, 0.13, 0.42, 0.62), Light(-0.04, 0.93, 0.38, 0.5))
_CODE_SIZES = (150, 132, 116, 100, 86, 74, 64, 54, 46, 38, 32, 26, 22, 18)
_PREVIEW_QUALITY = 80
_CACHED_POSTERS = 64  # about 100 KB each


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """The texts of a poster, in its language. `address` is the content of its QR code; None for a poster without one.

    `alternative` may be used in place of the code, `footnote` is the small print; both may be empty.
    """

    program: str
    hook: str
    gift: str
    inviter: str
    instruction: str
    code: str
    alternative: str
    footnote: str
    address: str | None

    def is_drawable(self) -> bool:
        """Whether the installed fonts have the letters of all texts."""
        texts = (self.program, self.hook, self.gift, self.inviter, self.instruction, self.alternative, self.footnote)
        try:
            return all(drawable_text(text) is not None for text in texts)
        except FontMissing:
            return False


@lru_cache(maxsize=_CACHED_POSTERS)
def render_png(poster: Poster) -> bytes:
    """The picture. Raises FontMissing if no font has the letters of its texts."""
    picture = background((WIDTH, HEIGHT), *_LIGHTS)
    _draw_head(picture, poster)
    _draw_card(picture, poster)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=6)
    return file.getvalue()


@lru_cache(maxsize=_CACHED_POSTERS)
def render_preview(poster: Poster) -> bytes:
    """The picture at half the size, as WebP. Raises FontMissing."""
    file = io.BytesIO()
    picture = Image.open(io.BytesIO(render_png(poster))).resize(PREVIEW_SIZE, Image.Resampling.LANCZOS)
    picture.save(file, "WEBP", quality=_PREVIEW_QUALITY, method=4)
    return file.getvalue()


def _draw_head(picture: Image.Image, poster: Poster) -> None:
    """The part above the card: the program at the top, inviter and gift from the card upwards, the hook between them."""
    top = _draw_program(picture, poster.program) + 50
    below: float = _CARD[1] - 44
    for text in (
        fit(poster.inviter, "regular", SOFT, _INNER, 110, (42, 38, 34, 30)),
        fit(poster.gift, "bold", ACCENT, _INNER, 200, (64, 58, 52, 46, 40, 36)),
    ):
        if text.fitted.lines:
            below -= text.height + 18
            draw_text(picture, text, _EDGE, below)
    below -= 50
    hook = fit(poster.hook, "bold", INK, _INNER, below - top, (124, 112, 100, 90, 80, 72, 64, 56, 50, 44))
    draw_text(picture, hook, _EDGE, top + (below - top - hook.height) / 2)


def _draw_program(picture: Image.Image, name: str) -> float:
    """Draws the program's name, on a pill if it fits on one line; returns where it ends, in pixels from the top."""
    top, pad = 84, 30
    name_text = fit(name, "bold", ON_ACCENT, _INNER - 2 * pad, 90, (34, 30, 26))
    if len(name_text.fitted.lines) != 1:
        plain = PlacedText(name_text.fitted, "bold", ACCENT)
        draw_text(picture, plain, _EDGE, top)
        return top + plain.height
    width = round(text_width(name_text)) + 2 * pad
    draw_rounded(picture, (_EDGE, top, _EDGE + width, top + 66), 33, ACCENT)
    draw_text(picture, name_text, _EDGE + pad, top + 33 - name_text.height / 2)
    return top + 66


def _draw_card(picture: Image.Image, poster: Poster) -> None:
    """The card at the bottom: instruction, code and alternative, in the middle or beside the QR code; the small print below."""
    draw_rounded(picture, _CARD, 44, CARD, CARD_EDGE)
    left, top, right, bottom = (_CARD[0] + 40, _CARD[1] + _CARD_PADDING, _CARD[2] - 40, _CARD[3] - _CARD_PADDING)
    if poster.address:
        side = bottom - top
        picture.paste(_qr_code(poster.address, side), (_CARD[2] - _CARD_PADDING - side, top))
        right = _CARD[2] - _CARD_PADDING - side - 24
    _draw_code(picture, poster, (left, top, right, bottom))
    footnote = fit(poster.footnote, "regular", SOFT, _INNER, 70, (28, 25, 22))
    draw_text(picture, footnote, _EDGE, HEIGHT - 65 - footnote.height / 2)


def _draw_code(picture: Image.Image, poster: Poster, box: Box) -> None:
    left, top, right, bottom = box
    width = right - left
    instruction = fit(poster.instruction, "regular", SOFT, width, 100, (40, 36, 32, 28))
    alternative = fit(poster.alternative, "regular", SOFT, width, 90, (36, 32, 28))
    code_height, largest = (120, 116) if poster.address else (150, 150)
    gap = 8
    height = instruction.height + code_height + alternative.height + 2 * gap
    at = top + (bottom - top - height) / 2
    draw_text(picture, instruction, left, at, width)
    at += instruction.height + gap
    sizes = tuple(size for size in _CODE_SIZES if size <= largest)
    draw_spaced(picture, poster.code, (left, round(at), right, round(at) + code_height), sizes, ACCENT)
    draw_text(picture, alternative, left, at + code_height + gap, width)


def _qr_code(address: str, side: int) -> Image.Image:
    """The QR code as a square of `side` pixels; each module is a whole number of pixels, so that it stays sharp."""
    drawn = io.BytesIO()
    code = segno.make_qr(address, error="m")
    scale = side // code.symbol_size(border=2)[0]
    code.save(drawn, kind="png", scale=max(1, scale), border=2, dark=INK, light=CARD)
    square = Image.new("RGB", (side, side), CARD)
    inner = Image.open(drawn).convert("RGB")
    square.paste(inner, ((side - inner.width) // 2, (side - inner.height) // 2))
    return square
