"""A machine without fonts, for tests of pictures."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from link_issuer.pages import fonts, poster, preview_card, text_runs

_CACHED = (
    fonts.find_faces,
    fonts.font,
    text_runs.split_runs,
    poster.render_png,
    poster.render_preview,
    preview_card.render_card,
)


@contextmanager
def without_fontconfig() -> Iterator[None]:
    """No program is on the PATH until the block ends, so no installed font is known."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", "")
        clear_font_caches()
        yield
    clear_font_caches()


def clear_font_caches() -> None:
    """Forgets the fonts that are installed and the pictures that were drawn."""
    for cached in _CACHED:
        cached.cache_clear()
