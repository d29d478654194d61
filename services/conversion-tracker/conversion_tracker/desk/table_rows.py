"""Reads the rows of a table, such as an export of followers or comments, as comments. Pure.

The head names the columns, in Chinese or English. A table without a head has the name in its first column, and the text in its
second.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from conversion_tracker.desk.pasted_text import MAX_LINES, PastedLine

_COLUMNS: Mapping[str, frozenset[str]] = {
    "id": frozenset(
        {"id", "userid", "user_id", "用户id", "小红书号", "微博uid", "uid", "抖音号", "openid", "账号", "账号id"}
    ),
    "name": frozenset(
        {
            "name",
            "nickname",
            "username",
            "user",
            "author",
            "follower",
            "handle",
            "昵称",
            "用户昵称",
            "用户名",
            "用户",
            "粉丝",
            "粉丝昵称",
            "评论用户",
            "评论者",
            "作者",
            "发送人",
            "名称",
        }
    ),
    "text": frozenset(
        {
            "text",
            "comment",
            "comments",
            "content",
            "message",
            "评论",
            "评论内容",
            "内容",
            "消息",
            "消息内容",
            "留言",
            "私信",
            "私信内容",
            "备注",
            "code",
            "推荐码",
            "邀请码",
        }
    ),
    "time": frozenset(
        {
            "time",
            "date",
            "created_at",
            "followed_at",
            "时间",
            "日期",
            "评论时间",
            "关注时间",
            "发布时间",
            "发送时间",
            "创建时间",
        }
    ),
    "link": frozenset({"link", "url", "post", "链接", "笔记链接", "作品链接", "帖子链接"}),
}

_ROUNDED_ID = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
"""A number as spreadsheets round it (5.81E+23): several ids look like this, so it names no one."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column has what, from 0; None if the table does not have it."""

    id: int | None = None
    name: int | None = None
    text: int | None = None
    time: int | None = None
    link: int | None = None


def read_table(rows: Iterable[Sequence[str]]) -> list[PastedLine]:
    """The rows that have anything, the head left out; at most MAX_LINES."""
    numbered = islice(enumerate(rows, 1), MAX_LINES + 1)
    return [*_lines((number, [cell.strip() for cell in row]) for number, row in numbered)]


def is_head(row: Sequence[str]) -> bool:
    """Whether a row names the columns of a table of people or comments."""
    return _head(row) is not None


def _lines(rows: Iterator[tuple[int, list[str]]]) -> Iterator[PastedLine]:
    columns: Columns | None = None
    for number, row in rows:
        if not any(row):
            continue
        if columns is None:
            columns = _head(row)
            if columns is not None:
                continue
            columns = Columns(name=0, text=1)
        yield _line(number, row, columns)


def _head(row: Sequence[str]) -> Columns | None:
    """The columns that a head names; None if the row is no head."""
    found: dict[str, int] = {}
    for index, cell in enumerate(row):
        key = cell.casefold().replace(" ", "_").strip("_")
        for column, names in _COLUMNS.items():
            if key in names:
                found.setdefault(column, index)
    return Columns(**found) if "name" in found or "id" in found else None


def _line(number: int, row: Sequence[str], columns: Columns) -> PastedLine:
    id = _cell(row, columns.id)
    name = id if id and not _ROUNDED_ID.fullmatch(id) else _cell(row, columns.name)
    text = " ".join(filter(None, (_cell(row, columns.text), _cell(row, columns.link))))
    return PastedLine(number, name, text, _cell(row, columns.time))


def _cell(row: Sequence[str], index: int | None) -> str:
    return row[index] if index is not None and index < len(row) else ""
