"""Changes the content of a YAML text, and leaves the rest as it is: comments, order, quotes, blank lines.

Only the places of what differs are replaced: a scalar, an entry, an item. The result is read again; if it has not the wanted
content, which is possible in unusual layouts, the content is rewritten, without comments.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import yaml

from link_issuer.programs.yaml_form import InvalidYaml, Value, compose_nodes, plain_value, read_yaml
from link_issuer.programs.yaml_writer import INDENT, block_lines, is_compact, one_line, yaml_text

Pair = tuple[yaml.ScalarNode, yaml.Node]


def edited_yaml(text: str, content: Value) -> str:
    """The text with this content; the text itself if it has it already. Raises InvalidYaml if the text is not YAML."""
    before, node = read_yaml(text), compose_nodes(text)
    if node is None:
        return yaml_text(content)
    if is_same(before.content, content):
        return text
    editing = _Editing(text)
    try:
        editing.change(node, content, in_flow=False)
        edited = editing.result()
        if is_same(read_yaml(edited).content, content):
            return edited
    except (_UnusualLayout, InvalidYaml):
        pass
    return yaml_text(content)


def is_same(one: Value, other: Value) -> bool:
    """Whether two values are equal and of the same types, so that 1, 1.0 and true differ; the order of keys does not matter."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(item, other[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return one == other


class _UnusualLayout(ValueError):
    """An entry does not begin on a line of its own."""


@dataclass(slots=True)
class _Editing:
    """Replacements of parts of a text: each from an index to another."""

    text: str
    replacements: list[tuple[int, int, str]] = field(default_factory=list)

    def result(self) -> str:
        """The text with all replacements."""
        text = self.text
        for start, end, new in sorted(self.replacements, key=lambda one: (one[0], one[1]), reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def change(self, node: yaml.Node, wanted: Value, *, in_flow: bool, column: int | None = None) -> None:
        """Replaces what differs. `column` is that of the mapping of which the node is a value."""
        if is_same(_value(node), wanted):
            return
        if isinstance(node, yaml.MappingNode) and isinstance(wanted, dict) and node.value and wanted:
            self._change_mapping(node, wanted, in_flow=in_flow, column=column)
        elif isinstance(node, yaml.SequenceNode) and isinstance(wanted, list) and node.value and wanted:
            self._change_sequence(node, wanted, in_flow=in_flow, column=column)
        else:
            self._replace(node, wanted, in_flow=in_flow, column=column)

    def _change_mapping(
        self, node: yaml.MappingNode, wanted: dict[str, Value], *, in_flow: bool, column: int | None
    ) -> None:
        pairs = [(key, item) for key, item in node.value if isinstance(key, yaml.ScalarNode)]
        present = {key.value for key, _ in pairs}
        if len(present) < len(node.value) or not present & wanted.keys():
            return self._replace(node, wanted, in_flow=in_flow, column=column)
        if node.flow_style:
            if present != wanted.keys():
                return self._replace(node, wanted, in_flow=True, column=column)
            for key, item in pairs:
                self.change(item, wanted[key.value], in_flow=True)
            return None
        self._change_pairs(pairs, wanted, node.start_mark.column)
        added = {key: item for key, item in wanted.items() if key not in present}
        if added:
            self._insert(self._end_of_line(_end(pairs[-1][1], self.text)), block_lines(added, node.start_mark.column))
        return None

    def _change_pairs(self, pairs: Sequence[Pair], wanted: dict[str, Value], column: int) -> None:
        """Removes the entries that are not wanted, and changes the others."""
        shares_line = not self._begins_line(pairs[0][0].start_mark.index)
        for index, (key, item) in enumerate(pairs):
            if key.value in wanted:
                shares_line = False
                self.change(item, wanted[key.value], in_flow=False, column=column)
            elif shares_line:
                self.replacements.append((key.start_mark.index, pairs[index + 1][0].start_mark.index, ""))
            else:
                self._remove_lines(key.start_mark.index, _end(item, self.text))

    def _change_sequence(
        self, node: yaml.SequenceNode, wanted: list[Value], *, in_flow: bool, column: int | None
    ) -> None:
        if node.flow_style:
            if len(node.value) != len(wanted):
                return self._replace(node, wanted, in_flow=True, column=column)
            for item, value in zip(node.value, wanted, strict=True):
                self.change(item, value, in_flow=True)
            return None
        was = [_identity(_value(item), index) for index, item in enumerate(node.value)]
        now = [_identity(item, index) for index, item in enumerate(wanted)]
        for kind, start, end, from_, to in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
            both = min(end - start, to - from_) if kind in ("equal", "replace") else 0
            for item, value in zip(node.value[start : start + both], wanted[from_ : from_ + both], strict=True):
                self.change(item, value, in_flow=False)
            for item in node.value[start + both : end]:
                self._remove_lines(self._dash(item), _end(item, self.text))
            if from_ + both < to:
                self._insert_items(node, start + both, wanted[from_ + both : to])
        return None

    def _insert_items(self, node: yaml.SequenceNode, index: int, items: list[Value]) -> None:
        """Inserts items of a list after the first `index` ones."""
        column = self._column(self._dash(node.value[0]))
        at = (
            self._end_of_line(_end(node.value[index - 1], self.text))
            if index
            else self._line_start(self._dash(node.value[0]))
        )
        self._insert(at, block_lines(items, column))

    def _replace(self, node: yaml.Node, wanted: Value, *, in_flow: bool, column: int | None) -> None:
        start, end = node.start_mark.index, _end(node, self.text)
        if in_flow or is_compact(wanted):
            new = one_line(wanted)
        elif column is None or (isinstance(node, yaml.CollectionNode) and not node.flow_style):
            new = "\n".join(block_lines(wanted, node.start_mark.column)).lstrip(" ")
        else:
            new = "\n" + "\n".join(block_lines(wanted, column + INDENT))
        needs_space = start and self.text[start - 1] in ":-" and not new.startswith("\n")
        self.replacements.append((start, end, f" {new}" if needs_space else new))

    def _insert(self, at: int, lines: Sequence[str]) -> None:
        before = "\n" if at and self.text[at - 1] != "\n" else ""
        self.replacements.append((at, at, before + "\n".join(lines) + "\n"))

    def _remove_lines(self, start: int, end: int) -> None:
        """Removes the lines from that of one index to that of another. Raises _UnusualLayout if the first has more before it."""
        if not self._begins_line(start):
            raise _UnusualLayout
        self.replacements.append((self._line_start(start), self._end_of_line(end), ""))

    def _dash(self, item: yaml.Node) -> int:
        """Where the dash of an item is. Raises _UnusualLayout if it is not on the item's line."""
        start = item.start_mark.index
        before = self.text[self._line_start(start) : start].rstrip(" ")
        if not before.endswith("-") or before.strip(" ") != "-":
            raise _UnusualLayout
        return self._line_start(start) + len(before) - 1

    def _begins_line(self, index: int) -> bool:
        return not self.text[self._line_start(index) : index].strip(" ")

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _end_of_line(self, index: int) -> int:
        """The index after the line break."""
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def _column(self, index: int) -> int:
        return index - self._line_start(index)


def _value(node: yaml.Node) -> Value:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _value(item) for key, item in reversed(node.value) if isinstance(key, yaml.ScalarNode)}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return str(node.value) if getattr(node, "style", None) else plain_value(node.value)


def _end(node: yaml.Node, text: str) -> int:
    """Where the last scalar of a value ends; comments and blank lines after it are not part of it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    end = int(node.end_mark.index)
    return len(text[:end].rstrip()) if getattr(node, "style", None) in ("|", ">") else end


def _identity(item: Value, index: int) -> object:
    """What an item of a list is recognized by: its own key, its value if it is a scalar, otherwise its place."""
    if isinstance(item, dict):
        own = item.get("id", item.get("metric"))
        return ("key", own) if isinstance(own, str) else ("place", index)
    return ("place", index) if isinstance(item, list) else ("value", type(item).__name__, item)
