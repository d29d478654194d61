"""A program file in YAML: its content, and the line of each value.

Values are read by YAML 1.2's JSON schema (https://yaml.org/spec/1.2.2/#102-json-schema): `on:` is a key and `no` is text. Dates
remain text, and keys are always text, as in JSON. Anchors are refused (an alias can make a small file enormous), and so are tags,
duplicate keys, and more values than a program file can use.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import yaml

from link_issuer.programs.chinese_punctuation import explain_error, explain_line
from referral.json_pointer import json_pointer
from referral.validation.mistakes import Mistake

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
Path = tuple[str | int, ...]

_MAX_DEPTH = 20
_MAX_VALUES = 20_000
"""Keys, scalars, lists and mappings: the time to read a text grows with their number, not with its length."""
# libyaml reads a text six times as fast as the parser in Python.
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_MAX_EXPLAINED = 50  # lines of one value
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_KEYWORDS: dict[str, Value] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """The content of a text.

    `lines` maps each JSON pointer to its line (from 1); `mistakes` are those of the text itself, such as duplicate keys.
    """

    content: Value
    lines: dict[str, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    text: str = ""

    def line_of(self, pointer: str) -> int:
        """The line of the value at a pointer, or of the nearest enclosing value that is in the text."""
        while pointer not in self.lines and pointer:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)

    def explain(self, mistakes: Iterable[Mistake]) -> list[Mistake]:
        """The mistakes, each with the full-width character in its lines that may be its cause."""
        if not self.text:
            return list(mistakes)
        starts, lines = sorted(set(self.lines.values())), self.text.split("\n")
        return [self._explain(mistake, starts, lines) for mistake in mistakes]

    def _explain(self, mistake: Mistake, starts: list[int], lines: list[str]) -> Mistake:
        first = self.line_of(mistake.pointer)
        after = bisect_right(starts, first)
        end = starts[after] if after < len(starts) else len(lines) + 1
        for number in range(first, min(end, first + _MAX_EXPLAINED)):
            if explanation := explain_line(lines[number - 1]):
                where = "" if number == first else f" in line {number}"
                return Mistake(mistake.pointer, f"{mistake.detail}. {explanation}{where}")
        return mistake


class InvalidYaml(ValueError):
    """The text is not valid YAML; `line` is where reading stopped."""

    def __init__(self, detail: str, line: int) -> None:
        super().__init__(detail)
        self.line = line


def read_yaml(text: str) -> YamlDocument:
    """Reads a YAML (or JSON) text. Raises InvalidYaml."""
    try:
        node = compose_nodes(text)
    except yaml.MarkedYAMLError as error:
        raise _invalid_yaml(text, error) from error
    except yaml.YAMLError as error:
        raise InvalidYaml(str(error), 1) from error
    document = YamlDocument(None if node is None else {}, {"": 1})
    reader = _Reader(document.lines, document.mistakes)
    return document if node is None else YamlDocument(reader.value(node, ()), document.lines, document.mistakes, text)


def _invalid_yaml(text: str, error: yaml.MarkedYAMLError) -> InvalidYaml:
    """The error at the line of its cause: where a full-width character is, otherwise where reading stopped."""
    marks = [mark.line + 1 for mark in (error.context_mark, error.problem_mark) if mark]
    if marks and (explained := explain_error(text, marks[0], marks[-1])):
        return InvalidYaml(explained[1], explained[0])
    return InvalidYaml(f"{error.problem or error.context}", marks[-1] if marks else 1)


def compose_nodes(text: str) -> yaml.Node | None:
    """The text as nodes with their places in it.

    Raises InvalidYaml, or yaml.YAMLError with the message of the parser in Python, which explains more.
    """
    try:
        _check_structure(text)
        node: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    return node


def _check_structure(text: str) -> None:
    """Refuses aliases, tags, deep nesting and many values, which cost more than their length. Raises InvalidYaml."""
    depth = values = 0
    for event in yaml.parse(text, Loader=_LOADER):
        values += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else 1
        if depth > _MAX_DEPTH:
            raise InvalidYaml(f"is nested more than {_MAX_DEPTH} levels deep: program files have fewer", line)
        if values > _MAX_VALUES:
            raise InvalidYaml(f"contains more than {_MAX_VALUES:,} keys and values: program files have fewer", line)
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            raise InvalidYaml("contains an anchor or alias (& or *): write the value out", line)
        if getattr(event, "tag", None):
            raise InvalidYaml("contains a tag (!): remove it", line)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Converts nodes to values, and records their lines and mistakes."""

    lines: dict[str, int]
    mistakes: list[Mistake]

    def value(self, node: yaml.Node, path: Path) -> Value:
        self.lines.setdefault(json_pointer(*path), node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return {key: self.value(item, (*path, key)) for key, item in self._pairs(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return str(node.value) if getattr(node, "style", None) else plain_value(node.value)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        seen: set[str] = set()
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.mistakes.append(Mistake(json_pointer(*path), "has a key that is not text: keys must be strings"))
                continue
            if key.value in seen:
                repeated = f"is repeated in line {key.start_mark.line + 1}: remove one of the two"
                self.mistakes.append(Mistake(json_pointer(*path, key.value), repeated))
                continue
            seen.add(key.value)
            self.lines[json_pointer(*path, key.value)] = key.start_mark.line + 1
            yield key.value, item


def plain_value(text: str) -> Value:
    """The value of a scalar without quotes."""
    if text in _KEYWORDS:
        return _KEYWORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
