"""A record is NDJSON: one or more lines of one partition, one JSON object each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

_Line = TypeVar("_Line")

MAX_RECORD_BYTES = 512 * 1024
MAX_RECORD_LINES = 1000


def split(value: bytes) -> list[bytes]:
    """The lines of a record, without empty ones."""
    return [line for line in value.split(b"\n") if line]


def readable_lines(value: bytes, types: Iterable[str], decode: Callable[[bytes], _Line]) -> Iterator[_Line]:
    """The lines of these event types, decoded; without any that cannot be, as the fold of the topic sets it aside."""
    prefixes = tuple(f'{{"type":"{name}"'.encode() for name in types)
    for line in split(value):
        if line.startswith(prefixes):
            with suppress(msgspec.MsgspecError):
                yield decode(line)


def join(lines: Iterable[bytes]) -> bytes:
    """The value of a record with these lines."""
    return b"\n".join(lines)


def chunks(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Lines in groups that fit into one record each, in order. A line above the size limit is a group of its own."""
    if len(lines) <= MAX_RECORD_LINES and sum(map(len, lines)) + len(lines) <= MAX_RECORD_BYTES:
        if lines:
            yield lines
        return
    start, size = 0, 0
    for index, line in enumerate(lines):
        if index > start and (size + len(line) > MAX_RECORD_BYTES or index - start >= MAX_RECORD_LINES):
            yield lines[start:index]
            start, size = index, 0
        size += len(line) + 1
    if start < len(lines):
        yield lines[start:]
