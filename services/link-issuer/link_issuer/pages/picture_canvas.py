"""Parts that the poster and the link preview share: background, rounded shapes and text, in the colours of the pages."""

from dataclasses import dataclass
from functools import lru_cache
from math import exp

from PIL import Image, ImageDraw

from link_issuer.domain.typesetting import LINE_HEIGHT, FittedText, fit_text
from link_issuer.pages.fonts import Weight, drawable_text
from link_issuer.pages.text_runs import draw_line, line_ascent, run_width

# The colours of shared/referral/pages/assets/tokens.css, light theme.
PAPER, TINT, INK, SOFT, ACCENT, ON_ACCENT, CARD = (
    "#fffaf6", "#fdeee8", "#2b2320", "#6b5f59", "#bf432b", "#ffffff", "#ffffff",
)  # fmt: skip
CARD_EDGE = "#f3d9cf"
_LIGHT = "#f9b9a6"
_LIGHT_STEP = 8  # the light is computed at an eighth of the size and then enlarged
_OVERSAMPLING = 4  # shapes are drawn larger and then reduced, so that their edges are smooth

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Light:
    """A soft circle of light: its centre and radius as shares of the picture's width, and its strength, 0 to 1."""

    x: float
    y: float
    radius: float
    strength: float


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text with its weight and colour, laid out for a box."""

    fitted: FittedText
    weight: Weight
    colour: str

    @property
    def height(self) -> float:
        """Height of all lines, in pixels."""
        return self.fitted.height


@lru_cache(maxsize=4)
def _background(size: tuple[int, int], lights: tuple[Light, ...]) -> Image.Image:
    """The paper with lights. The lights are computed in floating point: in whole steps their edges would show as streaks."""
    width, height = size
    small = (width // _LIGHT_STEP, height // _LIGHT_STEP)
    strength = Image.new("F", small)
    strength.putdata([
        255 * max(_strength(light, x / small[0], y / small[0]) for light in lights)
        for y in range(small[1])
        for x in range(small[0])
    ])  # fmt: skip
    mask = strength.resize(size, Image.Resampling.BICUBIC).convert("L")
    picture = Image.new("RGB", size, PAPER)
    picture.paste(Image.new("RGB", size, _LIGHT), (0, 0), mask)
    return picture


def _strength(light: Light, x: float, y: float) -> float:
    distance = ((x - light.x) ** 2 + (y - light.y) ** 2) / light.radius**2
    return light.strength * exp(-2 * distance)


def background(size: tuple[int, int], *lights: Light) -> Image.Image:
    """A new picture: the paper with lights on it."""
    return _background(size, lights).copy()


def draw_rounded(picture: Image.Image, box: Box, radius: int, fill: str, outline: str | None = None) -> None:
    """Draws a rounded rectangle with smooth edges; `outline` is the colour of a line of two pixels inside its edge."""
    if outline:
        draw_rounded(picture, box, radius, outline)
        left, top, right, bottom = box
        box, radius = (left + 2, top + 2, right - 2, bottom - 2), radius - 2
    width, height = box[2] - box[0], box[3] - box[1]
    large = Image.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING), 0)
    ImageDraw.Draw(large).rounded_rectangle((0, 0, large.width - 1, large.height - 1), radius * _OVERSAMPLING, fill=255)
    picture.paste(Image.new("RGB", (width, height), fill), box[:2], large.reduce(_OVERSAMPLING))


def fit(text: str, weight: Weight, colour: str, width: float, height: float, sizes: tuple[int, ...]) -> PlacedText:
    """The text at the largest of these sizes at which it fits. Raises FontMissing if no font has its letters."""
    measured = fit_text(drawable_text(text), width, height, sizes, lambda line, size: run_width(line, weight, size))
    return PlacedText(measured, weight, colour)


def text_width(text: PlacedText) -> float:
    """The width of the longest line, in pixels."""
    return max((run_width(line, text.weight, text.fitted.size) for line in text.fitted.lines), default=0.0)


def draw_text(picture: Image.Image, text: PlacedText, left: float, top: float, centre_in: float | None = None) -> None:
    """Draws a text from its top left corner; with `centre_in`, each line in the middle of that many pixels."""
    pen, size = ImageDraw.Draw(picture), text.fitted.size
    for number, line in enumerate(text.fitted.lines):
        indent = 0.0 if centre_in is None else (centre_in - run_width(line, text.weight, size)) / 2
        baseline = top + number * size * LINE_HEIGHT + line_ascent(text.weight, size) * 0.92
        draw_line(pen, (left + indent, baseline), line, text.weight, size, text.colour)


def draw_spaced(picture: Image.Image, text: str, box: Box, sizes: tuple[int, ...], colour: str) -> None:
    """Draws a code in bold, letter-spaced, in the middle of a box: at the largest of these sizes that fits, or smaller."""
    left, top, right, bottom = box
    width = right - left
    size = next((one for one in sizes if _spaced_width(text, one) <= width), None)
    if size is None:
        size = max(1, int(sizes[-1] * width / _spaced_width(text, sizes[-1])))
    x = left + (right - left - _spaced_width(text, size)) / 2
    baseline, pen = (top + bottom) / 2 + size * 0.36, ImageDraw.Draw(picture)  # capitals are 0.72 of the size high
    for letter in text:
        draw_line(pen, (x, baseline), letter, "bold", size, colour)
        x += run_width(letter, "bold", size) + _spacing(size)


def _spacing(size: int) -> float:
    return size * 0.06


def _spaced_width(text: str, size: int) -> float:
    return sum(run_width(letter, "bold", size) for letter in text) + _spacing(size) * max(0, len(text) - 1)
