"""The content of a program file after a form was sent: values that were changed, added and removed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args, get_origin

from link_issuer.programs.form_fields import FormField, FormGroup, FormNode, program_form, scalar_text
from link_issuer.programs.yaml_form import Value, plain_value
from referral.validation.struct_schema import declaration

FIELD, KEY = "f:", "k:"
"""What the names of controls begin with, before the pointer: of values, and of the key that is added to a mapping."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_MAX_KEY = 128


class _Absent:
    """The value is not in the file."""


_ABSENT = _Absent()
Changed = Value | _Absent


@dataclass(frozen=True, slots=True)
class SentForm:
    """The controls of a form by their names, and the item that a button adds to, or removes from, a list or mapping."""

    values: Mapping[str, Sequence[str]]
    added: str | None = None
    removed: str | None = None


def with_form(document: Value, sent: SentForm) -> dict[str, Value]:
    """The content with what the form changed. What it has no control for, or shows as it was, is left as it is."""
    found = _changed(program_form(document), document, sent)
    return found if isinstance(found, dict) else {}


def _changed(node: FormNode, value: Value, sent: SentForm) -> Changed:
    if node.pointer == sent.removed:
        return _ABSENT
    if isinstance(node, FormField):
        return _field(node, value, sent)
    if node.kind == "list":
        return _list(node, value if isinstance(value, list) else [], sent)
    return _mapping(node, value, sent)


def _field(node: FormField, value: Value, sent: SentForm) -> Changed:
    """The value of a control; as it was if the control shows the same or was not sent."""
    typed = sent.values.get(FIELD + node.pointer)
    was: Changed = _ABSENT if value is None and not node.is_set else value
    if typed is None or node.control == "yaml":
        return was
    if node.control in ("options", "lines"):
        return _items(node, typed, was)
    text = "\n".join(typed[0].replace("\r\n", "\n").split("\r")) if typed else ""
    if text == node.text:
        return was
    return _scalar(node, text) if text.strip() else _ABSENT


def _items(node: FormField, typed: Sequence[str], was: Changed) -> Changed:
    lines = [line.strip() for text in typed for line in text.splitlines()]
    items = [line for line in lines if line]
    if node.control == "options":  # in the order that the file has, which may mean something
        items = [one for one in node.value if one in items] + [one for one in items if one not in node.value]
    if tuple(items) == tuple(text.strip() for text in node.value):
        return was
    known = {scalar_text(one).strip(): one for one in was} if isinstance(was, list) else {}
    return [known.get(item, item) for item in items] if items else _ABSENT


def _scalar(node: FormField, text: str) -> Value:
    """A number or true where one belongs, if the text is one; otherwise the text, for which the check says what to write."""
    stripped = text.strip()
    if node.control == "number" and _NUMBER.fullmatch(stripped):
        return plain_value(stripped)
    if node.declared.kind is bool and stripped in ("true", "false"):
        return stripped == "true"
    return text if node.control == "long" else stripped


def _mapping(node: FormGroup, value: Value, sent: SentForm) -> Changed:
    content = dict(value) if isinstance(value, dict) else {}
    for child in node.children:
        changed = _changed(child, content.get(child.name), sent)
        if isinstance(changed, _Absent):
            content.pop(child.name, None)
        else:
            content[child.name] = changed
    key = _new_key(node, sent)
    if key and key not in content:
        content[key] = {} if _holds_sections(node) else ""
    was_empty = value == {} and not node.children
    return (
        content if content or was_empty or (node.required and value is not None) or _is_item(node, value) else _ABSENT
    )


def _list(node: FormGroup, items: Sequence[Value], sent: SentForm) -> Changed:
    changed = [_changed(child, item, sent) for child, item in zip(node.children, items, strict=False)]
    content: list[Value] = [one for one in changed if not isinstance(one, _Absent)]
    content += items[len(node.children) :]
    if node.pointer == sent.added:
        content.append({})
    return content if content else _ABSENT


def _new_key(node: FormGroup, sent: SentForm) -> str:
    typed = sent.values.get(KEY + node.pointer)
    return typed[0].strip()[:_MAX_KEY] if typed and node.kind == "mapping" else ""


def _holds_sections(node: FormGroup) -> bool:
    item = declaration(get_args(node.declared.kind)[1])
    return item.struct is not None or (get_origin(item.kind) is dict and "text_form" not in item.meta)


def _is_item(node: FormGroup, value: Value) -> bool:
    """Whether this is an item of a list: it stays, also while it is empty."""
    return isinstance(value, dict) and node.pointer.rpartition("/")[2].isdigit()
