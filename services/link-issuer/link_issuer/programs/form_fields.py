"""The program file as a form: a tree of fields and groups, made from the structs that declare the file.

Each control has the JSON pointer of its value as its name. What a form cannot show, such as a list where a text belongs, is a
field with the control `yaml`: it is shown, and changed in the YAML view only.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, get_args, get_origin

from link_issuer.programs.yaml_form import Value
from link_issuer.programs.yaml_writer import one_line
from referral.events.program import ProgramFile
from referral.events.section import Language
from referral.json_pointer import json_pointer
from referral.validation.struct_schema import Declaration, declaration, field_declarations

Control = Literal["text", "long", "number", "option", "options", "lines", "date", "yaml"]
GroupKind = Literal["section", "mapping", "list"]
Path = tuple[str | int, ...]

MAX_ITEMS = 40
"""How many items of a list the form shows; those after them are in the YAML view."""
_LONG = 200  # characters of a text from which it gets several lines
_SHOWN = 200  # characters of a value that only YAML can change
_PAGE_LANGUAGES = ("zh-CN", "en")
_FLAGS = ("true", "false")


@dataclass(frozen=True, slots=True)
class FormField:
    """A control: `value` as it shows it, of a list its items. `default` is what holds if it is empty; "" for nothing."""

    pointer: str
    name: str
    control: Control
    value: tuple[str, ...]
    declared: Declaration
    required: bool = False
    default: str = ""

    @property
    def text(self) -> str:
        """The value of a control for a single value."""
        return self.value[0] if self.value else ""

    @property
    def options(self) -> tuple[str, ...]:
        """What can be chosen: what is declared, and a value that is not allowed, so that it is not lost."""
        listed = self.item.options or _FLAGS
        return (*(one for one in self.value if one not in listed and one), *listed)

    @property
    def item(self) -> Declaration:
        """What is declared of the value, or of each item of a list."""
        return declaration(get_args(self.declared.kind)[0]) if self.declared.is_list else self.declared

    @property
    def is_set(self) -> bool:
        """Whether the file has a value."""
        return bool(self.value)


@dataclass(frozen=True, slots=True)
class FormGroup:
    """A section, a mapping or a list: `children` in their order, and `hidden`, how many of a list are not shown.

    `keys` are what a mapping may have in addition; None if any key may be added, empty if none may.
    """

    pointer: str
    name: str
    kind: GroupKind
    children: tuple["FormNode", ...]
    declared: Declaration
    required: bool = False
    is_set: bool = False
    hidden: int = 0
    keys: tuple[str, ...] | None = ()

    @property
    def shown_first(self) -> list["FormNode"]:
        """The children that the file has, and those that are required."""
        return [child for child in self.children if child.is_set or child.required]

    @property
    def shown_on_demand(self) -> list["FormNode"]:
        """The other children."""
        return [child for child in self.children if not (child.is_set or child.required)]

    @property
    def title(self) -> str:
        """What a section of a list is called: by its own key, otherwise its name."""
        own = (child for child in self.children if isinstance(child, FormField) and child.name in ("id", "metric"))
        return next((child.text for child in own if child.text), self.name)


FormNode = FormField | FormGroup


def program_form(document: Value) -> FormGroup:
    """The form of a program file. A file that is no mapping has an empty one."""
    values = document if isinstance(document, dict) else {}
    languages = _languages(values.get("name"))
    return _section(("",), Declaration(ProgramFile, {}), values, languages, required=True)


def nodes(group: FormGroup) -> Iterator[FormNode]:
    """The group and all nodes below it."""
    yield group
    for child in group.children:
        if isinstance(child, FormGroup):
            yield from nodes(child)
        else:
            yield child


def scalar_text(value: Value) -> str:
    """A scalar as a control shows it, with line breaks as browsers send them back; empty for null."""
    if isinstance(value, str):
        return "\n".join(value.replace("\r\n", "\n").split("\r"))
    return "" if value is None else json.dumps(value)


def _section(path: Path, declared: Declaration, value: Value, languages: Sequence[str], *, required: bool) -> FormGroup:
    values = value if isinstance(value, dict) else {}
    assert declared.struct is not None  # noqa: S101 - a section is declared by a struct  # nosec B101
    children = tuple(
        _node(
            (*path, one.name),
            one.value,
            values.get(one.name),
            languages,
            required=one.required,
            default=_text_of(one.default),
        )
        for one in field_declarations(declared.struct)
    )
    return FormGroup(_pointer(path), _name(path), "section", children, declared, required, is_set=value is not None)


def _node(
    path: Path,
    declared: Declaration,
    value: Value,
    languages: Sequence[str],
    *,
    required: bool = False,
    default: str = "",
) -> FormNode:
    """The node of a value: None if the file does not have it."""
    is_list, is_mapping = declared.is_list, get_origin(declared.kind) is dict
    expected = list if is_list else dict if is_mapping or declared.struct else (str, int, float, bool)
    text_form = declared.meta.get("text_form")
    if text_form is not None and not isinstance(value, dict):
        declared, is_mapping, expected = text_form, False, (str, int, float, bool)
    if value is not None and not isinstance(value, expected):
        return _unshowable(path, declared, value, required=required)
    if is_list:
        return _list(path, declared, value, languages, required=required)
    if is_mapping:
        return _mapping(path, declared, value, languages, required=required)
    if declared.struct:
        return _section(path, declared, value, languages, required=required)
    shown = () if value is None else (scalar_text(value),)
    return FormField(_pointer(path), _name(path), _control(declared, shown), shown, declared, required, default)


def _list(path: Path, declared: Declaration, value: Value, languages: Sequence[str], *, required: bool) -> FormNode:
    items = value if isinstance(value, list) else []
    item = declaration(get_args(declared.kind)[0])
    if None in items:
        return _unshowable(path, declared, value, required=required)
    if item.struct or get_origin(item.kind) is dict:
        children = tuple(_node((*path, index), item, one, languages) for index, one in enumerate(items[:MAX_ITEMS]))
        hidden = max(0, len(items) - MAX_ITEMS)
        return FormGroup(
            _pointer(path),
            _name(path),
            "list",
            children,
            declared,
            required,
            is_set=bool(items),
            hidden=hidden,
            keys=None,
        )
    texts = tuple(scalar_text(one) for one in items if not isinstance(one, dict | list))
    if len(texts) < len(items) or any("\n" in text or not text.strip() for text in texts):
        return _unshowable(path, declared, value, required=required)
    control: Control = "options" if item.options else "lines"
    return FormField(_pointer(path), _name(path), control, texts, declared, required)


def _mapping(path: Path, declared: Declaration, value: Value, languages: Sequence[str], *, required: bool) -> FormGroup:
    present = value if isinstance(value, dict) else {}
    key_hint, item_hint = get_args(declared.kind)
    options = declaration(key_hint).options
    offered = languages if key_hint == Language else options if _is_shown_whole(options, item_hint) else ()
    names = list(dict.fromkeys([*present, *offered]))
    children = tuple(_node((*path, name), declaration(item_hint), present.get(name), languages) for name in names)
    others = tuple(one for one in options if one not in names) if options else None
    return FormGroup(
        _pointer(path), _name(path), "mapping", children, declared, required, is_set=bool(present), keys=others
    )


def _is_shown_whole(options: Sequence[str], item_hint: object) -> bool:
    """Whether a mapping shows a control for each key that it may have: those of texts and numbers with few keys."""
    item = declaration(item_hint)
    return (len(options) <= 5 and item.struct is None and get_origin(item.kind) is not dict) or "text_form" in item.meta


def _control(declared: Declaration, shown: Sequence[str]) -> Control:
    if declared.options or declared.kind is bool:
        return "option"
    if declared.kind in (int, Decimal):
        return "number"
    text = shown[0] if shown else ""
    if declared.kind is date and _is_date(text):
        return "date"
    is_text = declared.kind is str and declared.meta.get("max_length", 0) >= _LONG and not _is_url(declared)
    return "long" if is_text or "\n" in text else "text"


def _is_url(declared: Declaration) -> bool:
    return any(str(example).startswith("http") for example in declared.meta.get("examples", ()))


def _unshowable(path: Path, declared: Declaration, value: Value, *, required: bool) -> FormField:
    return FormField(_pointer(path), _name(path), "yaml", (one_line(value)[:_SHOWN],), declared, required)


def _is_date(text: str) -> bool:
    try:
        return not text or date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _languages(name: Value) -> tuple[str, ...]:
    """The languages of the program, those of its name first."""
    own: Iterable[str] = name if isinstance(name, dict) else ()
    return tuple(dict.fromkeys([*list(own)[:MAX_ITEMS], *_PAGE_LANGUAGES]))


def _text_of(default: object) -> str:
    """A default as the form shows it; empty for one that is no scalar."""
    if isinstance(default, bool | int):
        return json.dumps(default)
    if isinstance(default, tuple) and all(isinstance(one, str) for one in default):
        return ", ".join(default)
    return default if isinstance(default, str) else ""


def _pointer(path: Path) -> str:
    return json_pointer(*path[1:])


def _name(path: Path) -> str:
    return str(path[-1])
