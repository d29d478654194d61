"""The poster and the preview card as pictures, on a machine with fonts and on one without."""

import io
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from link_issuer.pages import fonts, text_runs
from link_issuer.pages.poster import Poster, render_png, render_preview
from link_issuer.pages.preview_card import PreviewCard, render_card
from tests.support.examples import examples
from tests.support.font_caches import clear_font_caches, without_fontconfig
from tests.support.requirements import require_chinese_font

LATIN = Poster(
    program="Glow Together",
    hook="Flaky skin this season? Three steps bring it back",
    gift="20% off your first order when you follow",
    inviter="Amy invites you",
    instruction="Scan or use my code",
    code="AMY88",
    alternative="or mention @amy",
    footnote="Use within 60 days",
    address="https://go.example.com/AMY88",
)
CARD = PreviewCard("Glow Together", LATIN.hook, LATIN.gift, LATIN.inviter, "AMY88")
NAMES = [
    "Amy",
    "林小鹿",
    "محمد عبد الرحمن الشريف",
    "สมชาย",
    "नरेन्द्र",
    "Δέσποινα Ψαρρά",
    "דוד כהן",
    "Zoë 🎉",
    "🎉💄",
    "ㅤ",
    "\u202eymA",
    "مريم Amy 小鹿",
    "𝓐𝓶𝔂",
    "Nguyễn Thị Ánh",
]


@pytest.fixture
def without_fonts() -> Iterator[None]:
    """A machine without fontconfig."""
    with without_fontconfig():
        yield


def _picture(poster: Poster) -> Image.Image:
    return Image.open(io.BytesIO(render_png(poster)))


def _margin_colours(poster: Poster) -> set[tuple[int, ...]]:
    """The colours of the right margin, where only background is allowed."""
    picture = _picture(poster).convert("RGB")
    strip = picture.crop((1080 - 50, 0, 1080, 1440))
    return {colour for _, colour in strip.getcolors(1 << 20) or []}  # type: ignore[misc] # RGB gives tuples


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"address": None},
        {"hook": "", "gift": "", "footnote": "", "alternative": "", "program": "X"},
        {"inviter": "Marie-Thérèse-Vandenbroucke-Wijngaarden" * 3, "hook": "word " * 100, "code": "W" * 32},
        {"inviter": "🎉💄 Amy", "hook": "x" * 512, "program": "A long name of a program " * 4},
    ],
)
def test_a_poster_is_a_png_of_fixed_size_for_any_texts(texts: dict[str, str | None]) -> None:
    """1080 by 1440, less than 250 KB; long texts stay inside the margins. Its preview is less than 50 KB."""
    poster = replace(LATIN, **texts)  # type: ignore[arg-type] # fields by name
    picture = _picture(poster)
    assert (picture.format, picture.size) == ("PNG", (1080, 1440))
    assert len(render_png(poster)) < 250_000
    assert min(min(colour) for colour in _margin_colours(poster)) > 150
    preview = Image.open(io.BytesIO(render_preview(poster)))
    assert (preview.format, preview.size) == ("WEBP", (540, 720))
    assert len(render_preview(poster)) < 50_000


def test_everything_on_a_preview_card_is_in_the_square_in_the_middle() -> None:
    """Chats that crop the picture to a square keep all texts; dark pixels are those of texts."""
    for card in (CARD, replace(CARD, program="A long name of a program " * 4, hook="word " * 60, code="W" * 32)):
        picture = Image.open(io.BytesIO(render_card(card))).convert("L")
        assert picture.size == (1200, 630)
        left, top, right, bottom = picture.point(lambda value: 255 if value < 150 else 0).getbbox() or (0, 0, 0, 0)
        assert left >= (1200 - 630) // 2
        assert right <= (1200 + 630) // 2
        assert 0 < top < bottom < 630


def test_both_scripts_are_drawn() -> None:
    """Chinese posters with different hooks differ; a font without the characters would draw equal boxes for both."""
    require_chinese_font()
    one, other = (
        replace(LATIN, hook=hook, program="焕肤计划")
        for hook in ("换季皮肤起皮？三步救回来", "早八人的护肤现场没有滤镜呀")
    )
    assert render_png(one) != render_png(other)


def _is_box(font: fonts.PilFont, letter: str) -> bool:
    """Whether a font has glyph 0 (.notdef) for a letter, which a text shows as a box: as for a code point without a character."""
    missing = font.getmask("\U0010ffff")
    mask = font.getmask(letter)
    return mask.size == missing.size and bytes(mask) == bytes(missing)


def _drawn(poster: Poster, monkeypatch: pytest.MonkeyPatch) -> list[tuple[fonts.PilFont, str]]:
    """Each text that was drawn for a poster, with its font."""
    drawn: list[tuple[fonts.PilFont, str]] = []
    original = text_runs.ImageDraw.ImageDraw.text

    def text(self: object, at: object, text: str, fill: object, font: fonts.PilFont, **options: object) -> None:
        drawn.append((font, text))
        original(self, at, text, fill, font, **options)  # type: ignore[arg-type] # passed through

    monkeypatch.setattr(text_runs.ImageDraw.ImageDraw, "text", text)
    clear_font_caches()
    render_png(poster)
    return drawn


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_no_poster_has_a_box_in_place_of_a_letter(
    name: str, *, installed: bool, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Each letter is drawn with a font that has it; if there is none, the code is the name. With fonts and without."""
    if not installed:
        request.getfixturevalue("without_fonts")
    poster = replace(LATIN, inviter=f"{fonts.drawable_name(name) or 'AMY88'} invites you")
    drawn = _drawn(poster, monkeypatch)
    boxes = [
        letter
        for font, text in drawn
        for letter in text
        if not letter.isspace() and letter not in "\u200c\u200d" and _is_box(font, letter)
    ]
    assert boxes == []
    texts = " ".join(text for _, text in drawn)
    assert "invites" in texts


@pytest.mark.parametrize("name", ["🎉💄", "ㅤ", "\u200b\u2060", "🧑‍🎤", "", "   ", "\u2800"])
def test_a_name_without_a_letter_that_can_be_drawn_is_replaced(name: str) -> None:
    """None, so that the code takes its place: a poster never says that nobody invites."""
    assert fonts.drawable_name(name) is None


@pytest.mark.parametrize(("name", "drawable"), [("Amy 🎉", "Amy"), ("\u202eAmy", "Amy"), ("林 小鹿 ⭐", "林 小鹿")])
def test_a_name_loses_its_pictographs_and_controls(name: str, drawable: str) -> None:
    """The letters stay."""
    require_chinese_font()
    assert fonts.drawable_name(name) == drawable


@given(st.text(max_size=30))
@example("0\U00011435")  # a digit with a mark that only another font has
@settings(max_examples=examples(200))
def test_any_name_is_drawn_whole_or_not_at_all(name: str) -> None:
    """Every character of a name that is drawn is in a font; the runs of a line have all of its characters."""
    drawable = fonts.drawable_name(name)
    if drawable is None:
        return
    runs = text_runs.split_runs(drawable, "bold")
    assert sorted("".join(run.text for run in runs)) == sorted(drawable)
    assert all(run.face.has(run.text) for run in runs)
    letters = [one for one in unicodedata.normalize("NFC", name) if unicodedata.category(one) in ("Lu", "Ll")]
    assert all(one in drawable for one in letters)


def test_a_line_of_several_fonts_keeps_the_order_of_its_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts from right to left are one run, in which libraqm orders the letters; the line itself is from left to right."""
    faces = tuple(
        fonts.FontFace(name, 0, ranges)
        for name, ranges in (
            ("latin", ((0x20, 0x7E),)),
            ("arabic", ((0x20, 0x20), (0x600, 0x6FF))),
            ("han", ((0x4E00, 0x9FFF),)),
        )
    )
    monkeypatch.setattr(fonts, "find_faces", lambda _: faces)
    split = text_runs.split_runs.__wrapped__
    assert [(run.face.file, run.text) for run in split("محمد علي invites you", "bold")] == [
        ("arabic", "محمد علي"),
        ("latin", " invites you"),
    ]
    assert [run.face.file for run in split("小鹿 Amy محمد", "bold")] == ["han", "latin", "arabic"]


def test_a_poster_has_a_qr_code_only_with_an_address() -> None:
    """Posters for channels without QR codes have none. The dark part of the code is more than a quarter of the width."""
    corner = (690, 930, 1020, 1310)
    with_code, without = (_picture(replace(LATIN, address=one)).crop(corner) for one in (LATIN.address, None))
    dark = with_code.convert("L").point(lambda value: 255 if value < 60 else 0).getbbox()
    assert dark is not None
    assert dark[2] - dark[0] >= 280
    assert without.convert("L").getextrema()[0] > 60


def test_shapes_have_smooth_edges() -> None:
    """The corner of the card has colours between those of its edge and of the paper."""
    corner = _picture(LATIN).convert("RGB").crop((60, 930, 100, 970))
    assert len(corner.getcolors(1 << 20) or []) > 30


@pytest.mark.usefixtures("without_fonts")
def test_without_a_chinese_font_a_chinese_poster_is_rejected_with_a_remedy() -> None:
    """The message names what to install; posters in Latin script are still drawn."""
    with pytest.raises(fonts.FontMissing, match="fonts-noto-cjk"):
        render_png(replace(LATIN, hook="换季皮肤"))
    assert _picture(LATIN).size == (1080, 1440)
    assert isinstance(fonts.font(fonts.find_faces("bold")[0], 20), ImageFont.FreeTypeFont)


def test_the_same_poster_is_drawn_once() -> None:
    """The second time it is taken from the cache, whose size is limited."""
    render_png.cache_clear()
    assert render_png(LATIN) is render_png(replace(LATIN))
    assert render_png.cache_info().hits == 1
    assert render_png.cache_info().maxsize == 64
