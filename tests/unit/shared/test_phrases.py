"""Titles in Chinese: where their lines may end."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from referral.pages.phrases import phrases, unbroken


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        ("换季皮肤起皮？三步救回来", ["换季皮肤起皮？", "三步救回来"]),
        ("她说：“好用！”，我也这么觉得", ["她说：", "“好用！”，", "我也这么觉得"]),
        ("真的吗？！是的……对", ["真的吗？！", "是的……", "对"]),
    ],
)
def test_a_line_ends_after_a_phrase_with_its_punctuation(title: str, parts: list[str]) -> None:
    """No line begins with punctuation, and no word is divided while its phrase fits on a line."""
    assert re.findall(r'<span class="phrase">(.*?)</span>', phrases(title)) == parts


@pytest.mark.parametrize("title", ["四周焕肤记录", "Flaky skin this season? Three steps", "", "好！"])
def test_a_title_of_one_phrase_is_unchanged(title: str) -> None:
    """As is one in another script."""
    assert phrases(title) == title


@given(st.text(alphabet=st.sampled_from("皮肤，？！…”<&> a"), max_size=30))
def test_a_title_keeps_all_its_characters(title: str) -> None:
    """HTML in it is escaped, and nothing is lost."""
    assert Markup(re.sub(r"</?span[^>]*>", "", phrases(title))).unescape() == title


def test_a_date_is_not_broken() -> None:
    """In either language."""
    assert unbroken("10月29日") == "10\u2060月\u206029\u2060日"
    assert unbroken("October 29") == "October\u00a029"
