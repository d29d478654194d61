"""The poster: 1080 by 1440 pixels, PNG. The hook large, who invites, what the friend gets, and the code; a QR code where the
channel's policy has one.
"""

import io
from dataclasses import dataclass
from functools import lru_cache, partial

import segno
from PIL import Image, ImageDraw, ImageFilter

from link_issuer.domain.typesetting import LEADING, Set, fitted
from link_issuer.pages.fonts import Weight, drawable, font, width

WIDTH, HEIGHT = 1080, 1440
_EDGE = 84
_INNER = WIDTH - 2 * _EDGE
# The tokens of shared/referral/pages/assets/tokens.css, in light.
_PAPER, _TINT, _INK, _SOFT, _ACCENT, _ON_ACCENT, _CARD = (
    "#fffaf6", "#fdeee8", "#2b2320", "#6b5f59", "#bf432b", "#ffffff", "#ffffff",
)  # fmt: skip
_FOOT = 470  # the card with the code, pixels from the bottom
_KEPT = 64  # posters, some 100 KB each


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """What stands on a poster, in its language. `address` is what its QR code holds; None where it has none."""

    program: str
    hook: str
    inviter: str
    gift: str
    ask: str
    code: str
    small: str
    address: str | None


@lru_cache(maxsize=_KEPT)
def png(poster: Poster) -> bytes:
    """The picture. Raises NoFont where its words cannot be drawn."""
    picture = _background()
    pen = ImageDraw.Draw(picture)
    _head(pen, poster)
    _card(picture, pen, poster)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=6)
    return file.getvalue()


def _background() -> Image.Image:
    """Warm paper with two soft lights."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    lights = Image.new("L", (WIDTH // 8, HEIGHT // 8), 0)  # small, then enlarged: soft at a sixty-fourth of the cost
    pen = ImageDraw.Draw(lights)
    pen.ellipse((70, -40, 190, 80), fill=150)
    pen.ellipse((-70, 70, 40, 180), fill=110)
    soft = lights.filter(ImageFilter.GaussianBlur(20)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    picture.paste(Image.new("RGB", (WIDTH, HEIGHT), "#f9b9a6"), (0, 0), soft)
    return picture


def _head(pen: ImageDraw.ImageDraw, poster: Poster) -> None:
    """From the top: the program, the hook; down from there who invites and what there is to get."""
    program = _set(poster.program, "bold", _INNER - 80, 60, (34, 30, 26))
    pad, top = 30, 84
    across = max(width("bold", line, program.size) for line in program.lines) + 2 * pad
    pen.rounded_rectangle((_EDGE, top, _EDGE + across, top + 66), 33, fill=_ACCENT)
    _write(pen, program, "bold", (_EDGE + pad, top + 33 - program.height / 2), _ON_ACCENT)
    below: float = HEIGHT - _FOOT - _EDGE
    lines: list[tuple[Set, Weight, str]] = [
        (_set(poster.inviter, "bold", _INNER, 130, (50, 46, 42, 38, 34)), "bold", _ACCENT),
        (_set(poster.gift, "regular", _INNER, 120, (42, 38, 34, 30)), "regular", _SOFT),
    ]
    for words, weight, colour in reversed(lines):
        below -= words.height + 14
        _write(pen, words, weight, (_EDGE, below), colour)
    hook = _set(poster.hook, "bold", _INNER, below - 60 - 200, (124, 112, 100, 90, 80, 72, 64, 56, 50))
    _write(pen, hook, "bold", (_EDGE, 200 + (below - 60 - 200 - hook.height) / 2), _INK)


def _card(picture: Image.Image, pen: ImageDraw.ImageDraw, poster: Poster) -> None:
    """The card at the bottom: how to come, the code, and beside it the QR code where there is one."""
    left, top, right, bottom = _EDGE - 24, HEIGHT - _FOOT, WIDTH - _EDGE + 24, HEIGHT - 130
    pen.rounded_rectangle((left, top, right, bottom), 44, fill=_CARD, outline="#f3d9cf", width=2)
    room = right - left - 2 * 48
    if poster.address:
        side = bottom - top - 2 * 36
        picture.paste(_qr(poster.address, side), (right - 36 - side, top + 36))
        room -= side + 12
    ask = _set(poster.ask, "regular", room, 120, (38, 34, 30, 27))
    code = _set(poster.code, "bold", room, 130, (116, 100, 86, 74, 64, 54, 46, 38, 32))
    at = top + (bottom - top - ask.height - code.height - 10) / 2
    _write(pen, ask, "regular", (left + 48, at), _SOFT)
    _write(pen, code, "bold", (left + 48, at + ask.height + 10), _ACCENT)
    small = _set(poster.small, "regular", _INNER, 70, (28, 25, 22))
    _write(pen, small, "regular", (_EDGE, HEIGHT - 65 - small.height / 2), _SOFT)


def _qr(address: str, side: int) -> Image.Image:
    """The QR code as a square of so many pixels; its modules stay sharp."""
    drawn = io.BytesIO()
    code = segno.make_qr(address, error="m")
    scale = side // code.symbol_size(border=2)[0]
    code.save(drawn, kind="png", scale=max(1, scale), border=2, dark=_INK, light=_CARD)
    square = Image.new("RGB", (side, side), _CARD)
    inner = Image.open(drawn).convert("RGB")
    square.paste(inner, ((side - inner.width) // 2, (side - inner.height) // 2))
    return square


def _set(text: str, weight: Weight, across: float, down: float, sizes: tuple[int, ...]) -> Set:
    return fitted(drawable(text), across, down, sizes, partial(width, weight))


def _write(pen: ImageDraw.ImageDraw, words: Set, weight: Weight, at: tuple[float, float], colour: str) -> None:
    """Line below line, from the top left corner. Empty words leave nothing."""
    for number, line in enumerate(words.lines):
        pen.text((at[0], at[1] + number * words.size * LEADING), line, colour, font(weight, words.size))
