"""What the desk recognises in any text: properties, and the forms of the documentation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.desk.pasted_text import split_comments, split_names
from conversion_tracker.desk.recognition import Recognised, post_of, recognise
from conversion_tracker.desk.written_times import is_time_line

CODES = frozenset({"AMY89", "LIN22", "GLOW"})
MENTIONS = frozenset({"@amy_glow", "@小林"})
ANY_TEXT = st.text(max_size=200)
AROUND = st.text(alphabet="我是来的，。！ \n🌸❤️「」（）~", max_size=20)
FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


def _recognise(text: str) -> Recognised:
    return recognise(text, CODES.__contains__, MENTIONS.__contains__)


@given(AROUND, AROUND, st.sampled_from(["AMY89", "amy89", "Amy89", "AMY89".translate(FULL_WIDTH), "𝐀𝐌𝐘𝟖𝟗"]))
def test_a_code_is_found_in_any_form_between_any_characters_that_are_no_letters(
    before: str, after: str, code: str
) -> None:
    """Case, width and ornament do not count, nor what stands around it."""
    assert _recognise(before + code + after).codes == ("AMY89",)


@given(AROUND, AROUND, st.sampled_from(["@amy_glow", "＠amy_glow", "@AMY_GLOW", "@小林"]))
def test_a_mention_is_found_whatever_follows_it(before: str, after: str, mention: str) -> None:
    """Chinese text follows a handle without a space; the longest handle that exists counts."""
    assert len(_recognise(f"{before} {mention}{after}").mentions) == 1


@given(ANY_TEXT)
def test_any_text_is_read_and_only_what_exists_is_a_code_or_mention(text: str) -> None:
    """Nothing that is pasted makes the desk fail, or gives a code that no one has."""
    found = _recognise(text)
    assert {*found.codes, *found.uncertain, *(code for _, code in found.similar)} <= CODES
    assert {*found.mentions} <= MENTIONS
    assert all(len(post) <= 64 for post in found.posts)


@given(ANY_TEXT)
def test_any_text_is_split_into_lines_of_its_own(text: str) -> None:
    """Numbers rise, and a name is never longer than 64 characters."""
    for lines in (split_comments(text), split_names(text)):
        numbers = [line.number for line in lines]
        assert numbers == sorted(numbers)
        assert all(len(line.name) <= 64 for line in lines)
    is_time_line(text)


@pytest.mark.parametrize("text", ["AMY8O", "AMY98", "AM89", "AMYY89", "amy 89", "AMY-89", "A M Y 8 9", "amy89thx"])
def test_what_resembles_a_code_is_a_suggestion_and_never_a_code(text: str) -> None:
    """An operator decides about it."""
    found = _recognise(f"暗号 {text}")
    assert (found.codes, [code for _, code in found.similar]) == ((), ["AMY89"])


@pytest.mark.parametrize(
    ("text", "certain"),
    [("glow up!", False), ("code glow", True), ("GLOW", True), ("不是AMY89推荐的", False), ("not amy89", False)],
)
def test_an_ordinary_word_and_a_denial_are_uncertain(text: str, certain: bool) -> None:
    """A code without digits needs a word that announces it."""
    found = _recognise(text)
    assert (bool(found.codes), bool(found.uncertain)) == (certain, not certain)


@pytest.mark.parametrize("text", ["me@amy_glow.example", "bo@example.com", "A1 or B2?", "iphone15", "2026-11-11"])
def test_addresses_and_numbers_are_neither(text: str) -> None:
    """An e-mail address is no mention."""
    found = _recognise(text)
    assert (found.codes, found.similar, found.mentions, found.tags) == ((), (), (), ())


def test_a_post_is_its_address_without_what_names_who_shared_it() -> None:
    """The same post that two people copy is one post; a shop's address is none."""
    assert post_of("https://www.xiaohongshu.com/explore/65a?xsec_token=A&u=1") == "https://xiaohongshu.com/explore/65a"
    assert post_of("http://xhslink.com/a/b/") == "http://xhslink.com/a/b"
    assert post_of("https://shop.example/x") is None
    assert post_of("https://xiaohongshu.com.evil.example/x") is None


def test_comments_as_a_page_gives_them() -> None:
    """Blocks of name, text and time; the page's own words are left out."""
    page = "小鹿\n我是AMY89来的🌸\n11-03 上海\n回复\n12\nBo\n作者\nLIN22\n哈哈\n3小时前 北京 回复\n"
    assert [(one.name, one.text, one.time) for one in split_comments(page)] == [
        ("小鹿", "我是AMY89来的🌸", "11-03 上海"),
        ("Bo", "LIN22\n哈哈", "3小时前 北京 回复"),
    ]


def test_an_id_alone_on_its_line_is_the_name_of_a_block() -> None:
    """It is no name before a colon, but before the text on the same line it is."""
    page = "xhs:u42\n我是AMY89来的\n3小时前\nxhs:u43：你好\n刚刚\n"
    assert [(one.name, one.text) for one in split_comments(page)] == [("xhs:u42", "我是AMY89来的"), ("xhs:u43", "你好")]


def test_messages_under_a_head_with_name_and_time() -> None:
    """As chat programs copy them."""
    chat = "小鹿 11月3日 10:20\nAMY89\n\nBo 2026-11-03 10:21\n你好\n@amy_glow"
    assert [(one.name, one.text) for one in split_comments(chat)] == [("小鹿", "AMY89"), ("Bo", "你好\n@amy_glow")]
