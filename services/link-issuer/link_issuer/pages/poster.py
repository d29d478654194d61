"""The poster as a PNG of 1080 by 1440 pixels: the hook, who invites, what the friend gets, the code, and a QR code if the
channel's policy allows one.
"""

import io
from dataclasses import dataclass
from functools import lru_cache, partial

import segno
from PIL import Image, ImageDraw, ImageFilter

from link_issuer.domain.typesetting import LINE_HEIGHT, FittedText, fit_text
from link_issuer.pages.fonts import Weight, drawable_text, font, text_width

WIDTH, HEIGHT = 1080, 1440
_EDGE = 84
_INNER = WIDTH - 2 * _EDGE
# The colours of shared/referral/pages/assets/tokens.css, light theme.
_PAPER, _TINT, _INK, _SOFT, _ACCENT, _ON_ACCENT, _CARD = (
    "#fffaf6", "#fdeee8", "#2b2320", "#6b5f59", "#bf432b", "#ffffff", "#ffffff",
)  # fmt: skip
_CARD_TOP = 470  # top of the card with the code, in pixels from the bottom
_CACHED_POSTERS = 64  # about 100 KB each


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """The texts of a poster, in its language. `address` is the content of its QR code; None for a poster without one."""

    program: str
    hook: str
    inviter: str
    gift: str
    instruction: str
    code: str
    footnote: str
    address: str | None


@lru_cache(maxsize=_CACHED_POSTERS)
def render_png(poster: Poster) -> bytes:
    """The picture. Raises FontMissing if no font has the characters of its texts."""
    picture = _background()
    pen = ImageDraw.Draw(picture)
    _draw_head(pen, poster)
    _draw_card(picture, pen, poster)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=6)
    return file.getvalue()


def _background() -> Image.Image:
    """A plain background with two blurred circles of light."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    # Drawn at an eighth of the size and then enlarged: blurring costs a 64th.
    lights = Image.new("L", (WIDTH // 8, HEIGHT // 8), 0)
    pen = ImageDraw.Draw(lights)
    pen.ellipse((70, -40, 190, 80), fill=150)
    pen.ellipse((-70, 70, 40, 180), fill=110)
    soft = lights.filter(ImageFilter.GaussianBlur(20)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    picture.paste(Image.new("RGB", (WIDTH, HEIGHT), "#f9b9a6"), (0, 0), soft)
    return picture


def _draw_head(pen: ImageDraw.ImageDraw, poster: Poster) -> None:
    """The part above the card: program and hook from the top; inviter and gift from the card upwards."""
    program = _fit(poster.program, "bold", _INNER - 80, 60, (34, 30, 26))
    pad, top = 30, 84
    across = max(text_width("bold", line, program.size) for line in program.lines) + 2 * pad
    pen.rounded_rectangle((_EDGE, top, _EDGE + across, top + 66), 33, fill=_ACCENT)
    _draw_text(pen, program, "bold", (_EDGE + pad, top + 33 - program.height / 2), _ON_ACCENT)
    below: float = HEIGHT - _CARD_TOP - _EDGE
    lines: list[tuple[FittedText, Weight, str]] = [
        (_fit(poster.inviter, "bold", _INNER, 130, (50, 46, 42, 38, 34)), "bold", _ACCENT),
        (_fit(poster.gift, "regular", _INNER, 120, (42, 38, 34, 30)), "regular", _SOFT),
    ]
    for text, weight, colour in reversed(lines):
        below -= text.height + 14
        _draw_text(pen, text, weight, (_EDGE, below), colour)
    hook = _fit(poster.hook, "bold", _INNER, below - 60 - 200, (124, 112, 100, 90, 80, 72, 64, 56, 50))
    _draw_text(pen, hook, "bold", (_EDGE, 200 + (below - 60 - 200 - hook.height) / 2), _INK)


def _draw_card(picture: Image.Image, pen: ImageDraw.ImageDraw, poster: Poster) -> None:
    """The card at the bottom: the instruction, the code, and the QR code if there is one."""
    left, top, right, bottom = _EDGE - 24, HEIGHT - _CARD_TOP, WIDTH - _EDGE + 24, HEIGHT - 130
    pen.rounded_rectangle((left, top, right, bottom), 44, fill=_CARD, outline="#f3d9cf", width=2)
    room = right - left - 2 * 48
    if poster.address:
        side = bottom - top - 2 * 36
        picture.paste(_qr_code(poster.address, side), (right - 36 - side, top + 36))
        room -= side + 12
    instruction = _fit(poster.instruction, "regular", room, 120, (38, 34, 30, 27))
    code = _fit(poster.code, "bold", room, 130, (116, 100, 86, 74, 64, 54, 46, 38, 32))
    at = top + (bottom - top - instruction.height - code.height - 10) / 2
    _draw_text(pen, instruction, "regular", (left + 48, at), _SOFT)
    _draw_text(pen, code, "bold", (left + 48, at + instruction.height + 10), _ACCENT)
    footnote = _fit(poster.footnote, "regular", _INNER, 70, (28, 25, 22))
    _draw_text(pen, footnote, "regular", (_EDGE, HEIGHT - 65 - footnote.height / 2), _SOFT)


def _qr_code(address: str, side: int) -> Image.Image:
    """The QR code as a square of `side` pixels; each module is a whole number of pixels, so that it stays sharp."""
    drawn = io.BytesIO()
    code = segno.make_qr(address, error="m")
    scale = side // code.symbol_size(border=2)[0]
    code.save(drawn, kind="png", scale=max(1, scale), border=2, dark=_INK, light=_CARD)
    square = Image.new("RGB", (side, side), _CARD)
    inner = Image.open(drawn).convert("RGB")
    square.paste(inner, ((side - inner.width) // 2, (side - inner.height) // 2))
    return square


def _fit(text: str, weight: Weight, across: float, down: float, sizes: tuple[int, ...]) -> FittedText:
    return fit_text(drawable_text(text), across, down, sizes, partial(text_width, weight))


def _draw_text(
    pen: ImageDraw.ImageDraw, text: FittedText, weight: Weight, at: tuple[float, float], colour: str
) -> None:
    """Draws the lines of a text from the top left corner `at`."""
    for number, line in enumerate(text.lines):
        pen.text((at[0], at[1] + number * text.size * LINE_HEIGHT), line, colour, font(weight, text.size))
