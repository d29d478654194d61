"""A program file in YAML: its content, and the line on which each part stands.

The values are those of YAML 1.2's JSON schema (https://yaml.org/spec/1.2.2/#102-json-schema), so that `on:` is a key
and `no` a word; dates stay text, and keys are always text, as in JSON. Anchors are refused (an alias can make a small
file enormous), so are tags and a key that stands twice.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from referral.json_pointer import json_pointer
from referral.validation.mistakes import Mistake

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
Path = tuple[str | int, ...]

_DEEPEST = 20
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Value] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Document:
    """What a text holds.

    `lines` gives the line (from 1) of each JSON pointer, `mistakes` what is wrong with the text as such.
    """

    content: Value
    lines: dict[str, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def line_of(self, place: str) -> int:
        """The line of a place, or of the nearest place around it that is in the text."""
        while place not in self.lines and place:
            place = place.rpartition("/")[0]
        return self.lines.get(place, 1)


class NotYaml(ValueError):
    """The text cannot be read at all; `line` says where reading ended."""

    def __init__(self, detail: str, line: int) -> None:
        super().__init__(detail)
        self.line = line


def read(text: str) -> Document:
    """The content of a YAML (or JSON) text. Raises NotYaml."""
    try:
        _bounded(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(f"{error.problem or error.context}", mark.line + 1 if mark else 1) from error
    except yaml.YAMLError as error:
        raise NotYaml(str(error), 1) from error
    document = Document(None if node is None else {}, {"": 1})
    reader = _Reader(document.lines, document.mistakes)
    return document if node is None else Document(reader.value(node, ()), document.lines, document.mistakes)


def _bounded(text: str) -> None:
    """Refuses what costs more than its length or means more than it says: aliases, tags, nesting beyond reason."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else 1
        if depth > _DEEPEST:
            raise NotYaml(f"is nested more than {_DEEPEST} deep: no program is", line)
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            raise NotYaml("holds an anchor or alias (& or *): write the part out", line)
        if getattr(event, "tag", None):
            raise NotYaml("holds a tag (!): remove it", line)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns nodes into values, noting lines and mistakes."""

    lines: dict[str, int]
    mistakes: list[Mistake]

    def value(self, node: yaml.Node, path: Path) -> Value:
        self.lines.setdefault(json_pointer(*path), node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return {key: self.value(item, (*path, key)) for key, item in self._pairs(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return _plain(node.value) if getattr(node, "style", None) is None else str(node.value)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        seen: set[str] = set()
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.mistakes.append(Mistake(json_pointer(*path), "has a key that is no word: write key: value"))
                continue
            if key.value in seen:
                again = f"stands here a second time in line {key.start_mark.line + 1}: remove one"
                self.mistakes.append(Mistake(json_pointer(*path, key.value), again))
                continue
            seen.add(key.value)
            self.lines[json_pointer(*path, key.value)] = key.start_mark.line + 1
            yield key.value, item


def _plain(text: str) -> Value:
    """The value of an unquoted word."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
