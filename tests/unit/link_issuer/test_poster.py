"""The poster as a picture, on a machine with fonts for both scripts and on one without."""

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image

from link_issuer.pages import fonts
from link_issuer.pages.poster import Poster, render_png
from tests.support.requirements import require_chinese_font

LATIN = Poster(
    program="Glow Together",
    hook="Flaky skin this season? Three steps bring it back",
    inviter="Amy invites you",
    gift="For you: 20 % off when you follow",
    instruction="Scan, or say my code",
    code="AMY88",
    footnote="or mention @amy",
    address="https://go.example.com/AMY88",
)


@pytest.fixture
def without_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without fontconfig."""
    monkeypatch.setenv("PATH", "")
    for cached in (fonts.find_face, fonts.font, render_png):
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in (fonts.find_face, fonts.font, render_png):
        cached.cache_clear()


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
        {"hook": "", "gift": "", "footnote": "", "program": "X"},
        {"inviter": "Marie-Thérèse-Vandenbroucke-Wijngaarden" * 3, "hook": "word " * 100, "code": "W" * 32},
        {"inviter": "🎉💄 Amy", "hook": "x" * 512},
    ],
)
def test_a_poster_is_a_png_of_fixed_size_for_any_texts(texts: dict[str, str | None]) -> None:
    """1080 by 1440, less than 250 KB; long texts stay inside the margins."""
    poster = replace(LATIN, **texts)  # type: ignore[arg-type] # fields by name
    picture = _picture(poster)
    assert (picture.format, picture.size) == ("PNG", (1080, 1440))
    assert len(render_png(poster)) < 250_000
    assert min(min(colour) for colour in _margin_colours(poster)) > 150


def test_both_scripts_are_drawn() -> None:
    """Chinese posters with different hooks differ; a font without the characters would draw equal boxes for both."""
    require_chinese_font()
    one, other = (
        replace(LATIN, hook=hook, program="焕肤计划")
        for hook in ("换季皮肤起皮？三步救回来", "早八人的护肤现场没有滤镜呀")
    )
    assert render_png(one) != render_png(other)


def test_a_poster_has_a_qr_code_only_with_an_address() -> None:
    """Posters for channels without QR codes have none."""
    corner = (760, 1000, 996, 1280)
    with_code, without = (_picture(replace(LATIN, address=one)).crop(corner) for one in (LATIN.address, None))
    assert len(with_code.getcolors(1 << 20) or []) > len(without.getcolors(1 << 20) or [])
    darkest = [picture.convert("L").getextrema()[0] for picture in (with_code, without)]
    assert darkest[0] < 60 < darkest[1]


@pytest.mark.usefixtures("without_fonts")
def test_without_a_chinese_font_a_chinese_poster_is_rejected_with_a_remedy() -> None:
    """The message names what to install; posters in Latin script are still drawn."""
    with pytest.raises(fonts.FontMissing, match="fonts-noto-cjk"):
        render_png(replace(LATIN, hook="换季皮肤"))
    assert _picture(LATIN).size == (1080, 1440)


def test_the_same_poster_is_drawn_once() -> None:
    """The second time it is taken from the cache, whose size is limited."""
    render_png.cache_clear()
    assert render_png(LATIN) is render_png(replace(LATIN))
    assert render_png.cache_info().hits == 1
    assert render_png.cache_info().maxsize == 64
