"""The text of a paste: comments with their times, as copied from a page, or as a table that a page exports."""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from io import StringIO
from zlib import crc32

from referral_tools.oracle import Comment

_NAMED = (
    "姐妹推荐来的，推荐码 {name}",
    "我是{name}来的",
    "来啦来啦～{name} 让我来的",
    "关注了！via {name}",
    "邀请码：{name} ✨",
)
_NAMING_NO_ONE = ("好看！求链接", "同款已下单", "博主今天皮肤好好哦", "When is the next live?", "学到了，先收藏")
_FULL_WIDTH = {ord(one): ord(one) + 0xFEE0 for one in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_FULL_WIDTH_OF, _APART_OF = 9, 7  # one of so many codes is written in this way


@dataclass(frozen=True, slots=True)
class PasteText:
    """A body for the desk, its media type, and the comment that begins on each line."""

    body: str
    content_type: str
    lines: Mapping[int, Comment]


def paste_text(comments: Sequence[Comment], zone: tzinfo, codes: Collection[str], *, as_table: bool) -> PasteText:
    """Returns the comments as text. `codes` are those of all promoters: what is written apart must not be another one."""
    written = [(one.person, _text(one, codes), _time(one.at, zone)) for one in comments]
    if as_table:
        table = StringIO()
        csv.writer(table, lineterminator="\n").writerows([("用户id", "评论", "时间"), *written])
        return PasteText(table.getvalue(), "text/csv", dict(enumerate(comments, 2)))
    blocks = [f"{person} {time}\n{text}\n\n" for person, text, time in written]
    lines = {1 + 3 * index: one for index, one in enumerate(comments)}
    return PasteText("".join(blocks), "text/plain", lines)


def _text(comment: Comment, codes: Collection[str]) -> str:
    chance = crc32(comment.id.encode())
    if comment.mention:
        return f"{comment.mention} 安利我来的"
    if not comment.code:
        return _NAMING_NO_ONE[chance % len(_NAMING_NO_ONE)]
    return _NAMED[chance % len(_NAMED)].format(name=_written(comment.code, codes, chance))


def _written(code: str, codes: Collection[str], chance: int) -> str:
    """The code as people type it: some in full-width characters, some in two parts, which an operator has to confirm."""
    parts = code[:-2], code[-2:]
    if chance % _APART_OF == 0 and not any(part in codes for part in parts):
        return " ".join(parts)
    return code.translate(_FULL_WIDTH) if chance % _FULL_WIDTH_OF == 0 else code


def _time(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%m-%d %H:%M")
