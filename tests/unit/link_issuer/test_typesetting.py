"""Text layout in a box: nothing is lost, nothing is too wide, no line begins with closing punctuation."""

from hypothesis import given
from hypothesis import strategies as st

from link_issuer.domain.typesetting import fit_text, unbreakable_pieces, wrap_text

SIZES = (100, 60, 30)
texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=120) | st.text(
    st.sampled_from(list("换季皮肤起皮？三步救回来，（《》）。 ab cd-ef")), max_size=60
)


def measure(text: str, size: int) -> float:
    """Chinese characters are as wide as high, others half as wide."""
    return sum(size if letter > "\u2e80" else size / 2 for letter in text)


@given(texts, st.integers(120, 900), st.sampled_from(SIZES))
def test_no_line_is_wider_than_the_box_and_no_letter_is_lost(text: str, width: int, size: int) -> None:
    """For any text; only spaces at the ends of lines are removed."""
    lines = wrap_text(text, width, size, measure)
    assert all(measure(line, size) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(texts, st.integers(120, 900), st.integers(40, 900))
def test_fitted_text_stays_in_the_box(text: str, width: int, height: int) -> None:
    """At the largest size at which it fits; otherwise truncated, ending in …."""
    found = fit_text(text, width, height, SIZES, measure)
    assert all(measure(line, found.size) <= width for line in found.lines)
    assert found.height <= height or len(found.lines) == 1
    whole = "".join("".join(found.lines).split()) == "".join(text.split())
    assert whole or found.lines[-1].endswith("…")


def test_punctuation_stays_with_its_character() -> None:
    """No line begins with a full stop or ends with an opening bracket."""
    assert unbreakable_pieces("换季（皮肤）起皮？三步。") == ["换", "季", "（皮", "肤）", "起", "皮？", "三", "步。"]
    assert unbreakable_pieces("Four weeks, self-made") == ["Four ", "weeks, ", "self-", "made"]


def test_lines_are_balanced() -> None:
    """The last line is never a single character."""
    found = fit_text("一二三四五六七八九十一", 1000, 300, (100,), measure)
    assert len(found.lines) == 2
    assert min(map(len, found.lines)) > 1
