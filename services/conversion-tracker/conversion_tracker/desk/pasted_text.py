"""Splits pasted text into comments: who wrote what, and when. Pure.

Three forms are recognised, also mixed: `name: text` on a line; the blocks that a web page gives (name, text, a line with the
time); and messages under a head with name and time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conversion_tracker.desk.written_times import is_time_line, trailing_time

MAX_LINES = 10_000
_MAX_NAME = 64
_CHANNEL = "(?:xhs|wechat|weibo|douyin|web):"
_INLINE = re.compile(rf"(?P<name>(?:{_CHANNEL})?[^:：\n]{{1,56}}?)\s?[:：](?!//)\s*(?P<text>.*)")
_NOISE = re.compile(
    r"(?:回复|Reply|赞|点赞|Like|\d{1,6}|作者|Author|置顶(?:评论)?|Pinned|首评|展开.{0,8}回复|View .{0,12}repl(?:y|ies)|收起"
    r"|- ?THE END ?-|…|\.\.\.)"
)
_ANNOUNCED = re.compile(r"(?P<name>\S{1,32})\s?(?:发布了一篇小红书笔记|在小红书分享了|的微博)")
_ID = re.compile(rf"{_CHANNEL}[^\s:：]{{1,60}}")
_NOT_A_NAME = re.compile(r"(?:.*\s)?https?|[#@].*|\d{1,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PastedLine:
    """What one person wrote: the number of its line (from 1), the name as written, the text, and the time as written.

    `name` and `time` are empty if there is none.
    """

    number: int
    name: str
    text: str
    time: str = ""


def split_comments(text: str) -> list[PastedLine]:
    """The comments or messages of a text, in their order; blank lines and what a page writes around them are left out."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines()[:MAX_LINES], 1) if line.strip()]
    if any(trailing_time(line) for _, line in lines):
        return [*_messages(lines)]
    if any(is_time_line(line) for _, line in lines):
        return [*_blocks(lines)]
    return [_inline(number, line) for number, line in lines]


def split_names(text: str) -> list[PastedLine]:
    """One follower on each line, as a list of followers has them."""
    lines = enumerate(text.splitlines()[:MAX_LINES], 1)
    return [PastedLine(number, line.strip()[:_MAX_NAME], "") for number, line in lines if line.strip()]


def _inline(number: int, line: str) -> PastedLine:
    found = _INLINE.fullmatch(line)
    if found and not _NOT_A_NAME.fullmatch(found["name"]) and not _ID.fullmatch(line):
        return PastedLine(number, found["name"].strip(), found["text"])
    announced = _ANNOUNCED.search(line)
    return PastedLine(number, re.sub(r"^\d+\s*", "", announced["name"]) if announced else "", line)


def _messages(lines: Sequence[tuple[int, str]]) -> Iterator[PastedLine]:
    """What follows a head with name and time belongs to that person; what is before the first head stands alone."""
    head: tuple[int, str, str] | None = None
    texts: list[str] = []
    for number, line in lines:
        found = trailing_time(line)
        if found is None and head is not None:
            texts.append(line)
            continue
        if head is not None and texts:
            yield PastedLine(head[0], head[1], "\n".join(texts), head[2])
        if found is None:
            yield _inline(number, line)
        else:
            head, texts = (number, found[0].rstrip(":："), found[1]), []
    if head is not None and texts:
        yield PastedLine(head[0], head[1], "\n".join(texts), head[2])


def _blocks(lines: Sequence[tuple[int, str]]) -> Iterator[PastedLine]:
    """A line with a time ends a block, which begins with the name."""
    block: list[tuple[int, str]] = []
    for number, line in lines:
        if is_time_line(line):
            yield from _block(block, line)
            block = []
        elif not _NOISE.fullmatch(line):
            block.append((number, line))
    yield from (_inline(number, line) for number, line in block)


def _block(block: Sequence[tuple[int, str]], time: str) -> Iterator[PastedLine]:
    if len(block) == 1:
        one = _inline(*block[0])
        yield PastedLine(one.number, one.name, one.text, time)
    elif block:
        (number, name), *texts = block
        inline = _inline(number, name)
        if inline.name and inline.text:  # the page has the name and the text on one line
            yield PastedLine(number, inline.name, "\n".join([inline.text, *(text for _, text in texts)]), time)
        else:
            yield PastedLine(number, name.rstrip(":：")[:_MAX_NAME], "\n".join(text for _, text in texts), time)
