"""Files as a Chinese keyboard and editors on Windows write them: the message names the character or the encoding, and the line."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.programs.text_encoding import InvalidEncoding, decode_utf8
from link_issuer.programs.yaml_form import InvalidYaml, YamlDocument, read_yaml
from referral.program_file.check import check_program_file

VALID = """id: prg_x
name: {zh-CN: "焕肤：三步，救回来", en: X}
timezone: Asia/Shanghai
target_url: https://example.com
channels: [wechat, weibo]
rewards:
  - id: guide
    to: referrer
    on: conversion.cleared
    kind: guide
    pool: guide.pdf
kits:
  wechat:
    zh-CN: 报我的邀请码：{code}，立减 20％（仅首单）
"""


def _messages(text: str) -> list[tuple[int, str]]:
    """The line and the message of each mistake in a file, or of the error that ends reading it."""
    try:
        document: YamlDocument = read_yaml(text)
    except InvalidYaml as error:
        return [(error.line, str(error))]
    mistakes = document.explain([*document.mistakes, *check_program_file(document.content).mistakes])
    return [(document.line_of(one.pointer), one.detail) for one in mistakes]


def test_chinese_punctuation_in_texts_is_no_mistake() -> None:
    """The example below is valid before it is changed."""
    assert _messages(VALID) == []


@pytest.mark.parametrize(
    ("right", "wrong", "line", "character", "typed"),
    [
        ("id: prg_x", "id：prg_x", 1, "：", ":"),
        ("id: prg_x", "id： prg_x", 1, "：", ":"),
        ("rewards:", "rewards：", 6, "：", ":"),
        ("- id: guide", "- id：guide", 7, "：", ":"),
        ("    to: referrer", "    to：referrer", 8, "：", ":"),
        ("timezone: Asia", "timezone：Asia", 3, "：", ":"),
        ("  wechat:", "  wechat：", 13, "：", ":"),
        ("{zh-CN: ", "{zh-CN：", 2, "：", ":"),
        ("[wechat, weibo]", "[wechat，weibo]", 5, "，", ","),
        ("[wechat, weibo]", "[wechat、weibo]", 5, "、", ","),
        ("[wechat, weibo]", "［wechat, weibo］", 5, "［", "["),
        ("[wechat, weibo]", "【wechat，weibo】", 5, "【", "["),
        ("[wechat, weibo]", "[wechat, weibo］", 5, "］", "]"),
        ("[wechat, weibo]", "[“wechat”, weibo]", 5, "“", '"'),
        ("[wechat, weibo]", "[wechat, 「weibo」]", 5, "「", '"'),
        (", en: X}", "， en: X}", 2, "，", ","),
        ("en: X}", "en: X｝", 2, "｝", "}"),
        ("{zh-CN", "｛zh-CN", 2, "｛", "{"),
        ("id: prg_x", "id: “prg_x”", 1, "“", '"'),
        ("timezone: Asia/Shanghai", "timezone: ‘Asia/Shanghai’", 3, "‘", "'"),
        ("to: referrer", "to: 「referrer」", 8, "「", '"'),
        ("  - id: guide", "  － id: guide", 7, "－", "-"),
        ("    to: referrer", "\u3000\u3000to: referrer", 8, "U+3000", "a space"),
    ],
)
def test_full_width_punctuation_is_named_at_its_line(
    right: str, wrong: str, line: int, character: str, typed: str
) -> None:
    """And what to type, although YAML's parser would report another line, or nothing at all."""
    assert VALID.count(right) >= 1
    messages = _messages(VALID.replace(right, wrong, 1))
    assert [at for at, message in messages if character in message and f"type {typed}" in message.replace("`", "")] == [
        line
    ]


def test_a_number_in_full_width_digits_is_named() -> None:
    """Where a number is expected."""
    rewards = VALID.replace("    pool: guide.pdf", "    pool: guide.pdf\n    worth: {amount: ２０, currency: CNY}")
    assert any("full-width digit: type 2" in message for _, message in _messages(rewards))


@given(st.text("：，、“”［】｛｝－＃％ ab:[]{}-\n", max_size=60))
def test_any_mixture_is_read_or_refused_with_a_line(text: str) -> None:
    """No text makes the explanation itself fail."""
    assert all(line >= 1 and message for line, message in _messages(text))


def test_the_time_to_explain_is_bounded() -> None:
    """A hostile file of the largest size: a few lines are searched, and of each its beginning."""
    assert _messages("[" * 15 + "：" * 100 + ("[" * 400 + "：\n") * 600)


@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-16-le", codecs.BOM_UTF16_LE, "UTF-16 (little-endian)"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "UTF-16 (big-endian)"),
        ("utf-16-le", b"", "UTF-16 (little-endian)"),
        ("utf-16-be", b"", "UTF-16 (big-endian)"),
        ("utf-32-le", codecs.BOM_UTF32_LE, "UTF-32"),
        ("gbk", b"", "GBK"),
        ("gb18030", b"", "GBK"),
    ],
)
def test_another_encoding_is_named(encoding: str, mark: bytes, name: str) -> None:
    """With what to do: save it as UTF-8."""
    with pytest.raises(InvalidEncoding) as refused:
        decode_utf8(mark + VALID.encode(encoding))
    assert name in str(refused.value)
    assert "save it as UTF-8" in str(refused.value)


def test_the_line_of_the_first_byte_that_is_not_utf8_is_named() -> None:
    """A file that was pasted together from two encodings."""
    with pytest.raises(InvalidEncoding) as refused:
        decode_utf8(b"id: prg_x\nname: x\nhook: " + "护肤".encode("gbk"))
    assert refused.value.line == 3
    with pytest.raises(InvalidEncoding, match="unknown encoding"):
        decode_utf8(b"a: \xff\xff")


@given(st.text())
def test_utf8_is_read_with_and_without_a_byte_order_mark(text: str) -> None:
    """Any text that has no NUL, which no program file contains."""
    plain = text.replace("\0", "").removeprefix("\ufeff")
    assert decode_utf8(plain.encode()) == plain
    assert decode_utf8(codecs.BOM_UTF8 + plain.encode()) == plain
