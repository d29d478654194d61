"""Writes the content of a program file as YAML: blocks for sections, one line for short lists and short mappings of scalars.

`read_yaml(yaml_text(content)).content` equals the content. A text is quoted where YAML would read something else.
"""

import json
import re
from collections.abc import Iterator

from link_issuer.programs.yaml_form import Value, plain_value

INDENT = 2
_ONE_LINE = 88  # characters of a list or mapping that is written in one line
# A text without quotes: it begins with a letter, digit or slash, and contains nothing that YAML gives a meaning.
_UNQUOTED = re.compile(
    r"[\w/](?:[\w ./@%+()!?'&$¥€^~*=;\u2010-\u2027\u3001-\u3017\uff01-\uff0f\uff1a-\uff20-]|:(?=[\w/]))*"
)
_NEEDS_ESCAPE = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")


def yaml_text(content: Value) -> str:
    """The content as the text of a file, with a line break at its end."""
    return "\n".join(block_lines(content, 0)) + "\n"


def block_lines(value: Value, column: int) -> list[str]:
    """The lines of a value that begins at a column."""
    lines = list(_lines(value))
    return [" " * column + line if line else line for line in lines]


def one_line(value: Value) -> str:
    """A value in flow style, e.g. {zh-CN: 焕肤计划, en: Glow Together}."""
    match value:
        case dict():
            return "{" + ", ".join(f"{scalar(key)}: {one_line(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(one_line, value)) + "]"
        case _:
            return scalar(value)


def scalar(value: Value) -> str:
    """A scalar as YAML, quoted if it is a text that would be read as something else."""
    if isinstance(value, str):
        unquoted = _UNQUOTED.fullmatch(value) and not value.endswith(" ") and plain_value(value) == value
        return value if unquoted else _quoted(value)
    return "null" if value is None else json.dumps(value)


def is_compact(value: Value) -> bool:
    """Whether a value is written in one line."""
    if not isinstance(value, dict | list):
        return True
    items = value.values() if isinstance(value, dict) else value
    return not any(isinstance(item, dict | list) for item in items) and len(one_line(value)) <= _ONE_LINE


def _lines(value: Value) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(f"{scalar(key)}:", item)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _item(item)
    else:
        yield one_line(value)


def _entry(key: str, item: Value) -> Iterator[str]:
    """A key with its value, on the same line if that is compact."""
    if is_compact(item):
        yield f"{key} {one_line(item)}"
    else:
        yield key
        yield from block_lines(item, INDENT)


def _item(item: Value) -> Iterator[str]:
    first, *others = [one_line(item)] if is_compact(item) else block_lines(item, INDENT)
    yield f"- {first.lstrip(' ')}"
    yield from others


def _quoted(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    return _NEEDS_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)
