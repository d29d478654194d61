"""Marshmallow schemas made from msgspec structs: type hints and their `Meta` are the one declaration of each field.

`struct_schema(Reward)` has the bounds of `msgspec.convert(document, Reward)` and the `check` of each field, and reports every
mistake with what to write instead. /openapi.json and generated pages show the same descriptions and bounds.
`referral.events.section` lists the keys of `Meta.extra`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from marshmallow import Schema
from marshmallow.fields import Field
from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import fields as struct_fields

from referral.validation import fields
from referral.validation.strict_schema import StrictSchema

_META = ("ge", "le", "min_length", "max_length", "pattern", "title", "description", "examples")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a type hint declares: the type without Annotated and None, and its `Meta` as one dictionary (with `extra` merged in)."""

    kind: Any
    meta: Mapping[str, Any]

    @property
    def struct(self) -> type[Struct] | None:
        """The struct of a section, or of the items of a list of sections."""
        held = declaration(get_args(self.kind)[0]).kind if self.is_list else self.kind
        return held if isinstance(held, type) and issubclass(held, Struct) else None

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return get_origin(self.kind) is tuple

    @property
    def years(self) -> range | None:
        """The years in which a time or date must be; None if all years are valid."""
        years: range | None = self.meta.get("years")
        return years

    @property
    def text(self) -> str:
        """What belongs there in one line: description, bounds, options and an example; empty without a description."""
        if "description" not in self.meta:
            return ""
        parts = [self.meta["description"], *self._bounds(), *self._options()]
        if examples := self.meta.get("examples"):
            parts.append(f", such as {in_flow_style(examples[0])}")
        if left_out := self.meta.get("left_out"):
            parts.append(f"; left out: {left_out}")
        return "".join(parts)

    def _bounds(self) -> list[str]:
        least, most, longest = (self.meta.get(name) for name in ("ge", "le", "max_length"))
        if least is not None:
            return [f", {least} or more" if most is None else f", {least} to {most}"]
        if self.years:
            return [f", in the years {self.years[0]} to {self.years[-1]}"]
        is_collection = self.is_list or get_origin(self.kind) is dict
        return [f", {longest} at most"] if is_collection and longest else []

    def _options(self) -> list[str]:
        of_items = get_origin(self.kind) in (tuple, dict)
        options = declaration(get_args(self.kind)[0]).options if of_items else self.options
        return [f": {', '.join(options)}"] if options else []

    @property
    def options(self) -> tuple[str, ...]:
        """The values that are allowed; empty if they are not listed."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else tuple(self.meta.get("enum", ()))


@dataclass(frozen=True, slots=True)
class FieldDeclaration:
    """A field of a struct, by its name in a document."""

    name: str
    required: bool
    default: object
    value: Declaration


@cache
def field_declarations(struct: type[Struct]) -> tuple[FieldDeclaration, ...]:
    """The fields of a struct, in order."""
    hints = get_type_hints(struct, include_extras=True)
    return tuple(
        FieldDeclaration(
            one.encode_name,
            one.required,
            None if one.default is NODEFAULT else one.default,
            declaration(hints[one.name]),
        )
        for one in struct_fields(struct)
    )


def declaration(hint: object) -> Declaration:
    """What a type hint declares. None in a union means that the field may be left out.

    A union of a text and a mapping is declared as the mapping, with the text under `text_form`.
    """
    if get_origin(hint) in (Union, UnionType):
        hint, *others = [one for one in get_args(hint) if one is not NoneType]
        if others:
            text, mapping = declaration(hint), declaration(*others)
            return Declaration(mapping.kind, {**mapping.meta, "text_form": text})
    if get_origin(hint) is not Annotated:
        return Declaration(hint, {})
    inner, *metas = get_args(hint)
    found = declaration(inner)
    merged = dict(found.meta)
    for meta in metas:
        merged |= _facts(meta)
    return Declaration(found.kind, merged)


def _facts(meta: Meta) -> dict[str, Any]:
    given = {name: getattr(meta, name) for name in _META if getattr(meta, name) is not None}
    return given | (meta.extra_json_schema or {}) | (meta.extra or {})


@cache
def struct_schema(struct: type[Struct]) -> type[Schema]:
    """The schema of a struct; sections inside it get schemas of their own, one for each struct."""
    made = {one.name: make_field(one.value, required=one.required) for one in field_declarations(struct)}
    schema = StrictSchema.from_dict(made, name=f"{struct.__name__}Schema")
    schema.__doc__ = struct.__doc__
    return schema


def make_field(value: Declaration, *, required: bool = False) -> Field[Any]:
    """The field of a declared value, with its examples for /openapi.json. Raises TypeError for an unsupported type."""
    made = _make(value, required)
    if "examples" in value.meta:
        made.metadata = {**made.metadata, "examples": value.meta["examples"]}
    return made


def _make(value: Declaration, required: bool) -> Field[Any]:
    meta, arguments = value.meta, get_args(value.kind)
    if value.options:
        return fields.one_of(value.options, value.text, check=meta.get("check"), required=required)
    if isinstance(value.kind, type) and issubclass(value.kind, Struct):
        return fields.section(struct_schema(value.kind), value.text, required=required)
    if value.is_list:
        return _list(value, make_field(declaration(arguments[0])), required)
    if get_origin(value.kind) is dict:
        keys, values = (make_field(declaration(one)) for one in arguments)
        sizes = meta.get("min_length"), meta.get("max_length")
        made = fields.mapping(keys, values, value.text, *sizes, must_be=meta.get("must_be"), required=required)
        text_form = meta.get("text_form")
        if text_form is None:
            return made
        return fields.text_or_mapping(make_field(text_form), made, values, meta["must_be"], required=required)
    make = _SCALARS.get(value.kind)
    if make is None:
        raise TypeError(f"no field for {value.kind}: add it to struct_schema")
    return make(value, required)


def _list(value: Declaration, item: Field[Any], required: bool) -> Field[Any]:
    meta = value.meta
    return fields.array(
        item,
        value.text,
        meta.get("min_length"),
        meta.get("max_length"),
        unique=meta.get("uniqueItems", False),
        must_be=meta.get("must_be"),
        check=meta.get("check"),
        required=required,
    )


def _text(value: Declaration, required: bool) -> Field[Any]:
    meta = value.meta
    return fields.text(
        value.text,
        meta.get("max_length"),
        least=meta.get("min_length"),
        pattern=meta.get("pattern"),
        must_be=meta.get("must_be"),
        check=meta.get("check"),
        required=required,
    )


def _integer(value: Declaration, required: bool) -> Field[Any]:
    return fields.integer(value.text, value.meta.get("ge"), value.meta.get("le"), required=required)


def _amount(value: Declaration, required: bool) -> Field[Any]:
    """msgspec bounds no decimals, so their bounds are in `extra_json_schema`."""
    return fields.amount(value.text, value.meta["minimum"], value.meta["maximum"], required=required)


_SCALARS: Mapping[object, Callable[[Declaration, bool], Field[Any]]] = {
    str: _text,
    int: _integer,
    bool: lambda value, required: fields.boolean(value.text, required=required),
    Decimal: _amount,
    datetime: lambda value, required: fields.utc_datetime(value.text, required=required, years=value.years),
    date: lambda value, required: fields.iso_date(value.text, required=required, years=value.years),
}


def in_flow_style(value: object) -> str:
    """A value as YAML writes it in one line, e.g. {"month": {"1": "grand"}} → {month: {1: grand}}."""
    match value:
        case dict():
            return f"{{{', '.join(f'{key}: {in_flow_style(one)}' for key, one in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(in_flow_style, value))}]"
        case bool():
            return str(value).lower()
        case _:
            return str(value)
