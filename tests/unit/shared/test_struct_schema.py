"""Schemas made from structs: what the struct declares is what is accepted, reported and documented."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import ValidationError
from msgspec import Meta, Struct

from referral.events.program import ProgramFile
from referral.events.section import Section
from referral.validation.mistakes import mistakes_in
from referral.validation.struct_schema import FieldDeclaration, field_declarations, make_field, struct_schema

BOUNDS = {
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "enum",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
}


def _sections(struct: type[Struct]) -> Iterator[type[Struct]]:
    """A struct and those inside it."""
    yield struct
    for one in field_declarations(struct):
        if one.value.struct is not None:
            yield from _sections(one.value.struct)


SECTIONS = list(dict.fromkeys(_sections(ProgramFile)))
FIELDS = [(struct, one) for struct in SECTIONS for one in field_declarations(struct)]


def _name(value: object) -> str:
    return value.name if isinstance(value, FieldDeclaration) else getattr(value, "__name__", str(value))


@pytest.mark.parametrize("struct", SECTIONS, ids=_name)
def test_a_schema_has_the_fields_of_its_struct(struct: type[Struct]) -> None:
    """All of them, required where the struct requires them, and the struct is a strict section."""
    fields = {one.encode_name: one.required for one in msgspec.structs.fields(struct)}
    assert {name: field.required for name, field in struct_schema(struct)().fields.items()} == fields
    assert issubclass(struct, Section)
    with pytest.raises(ValidationError, match="unknown field"):
        struct_schema(struct)().load({"no_such_field": 1})


@pytest.mark.parametrize(("struct", "field"), FIELDS, ids=_name)
def test_every_field_is_described_and_its_examples_are_valid(struct: type[Struct], field: FieldDeclaration) -> None:
    """Docs, messages and /openapi.json show description and examples; both validators accept each example and the default."""
    assert field.value.meta.get("description"), f"give {struct.__name__}.{field.name} a description in its Meta"
    schema_field = struct_schema(struct)().fields[field.name]
    assert schema_field.metadata["description"] == field.value.text
    assert schema_field.metadata.get("examples") == field.value.meta.get("examples")
    [hint] = [one.type for one in msgspec.structs.fields(struct) if one.encode_name == field.name]
    for example in field.value.meta.get("examples", ()):
        loaded = schema_field.deserialize(example)
        assert msgspec.convert(loaded, hint) == msgspec.convert(example, hint)
    if field.default not in (None, ()):
        schema_field.deserialize(msgspec.to_builtins(field.default))


def test_openapi_has_the_bounds_of_the_structs() -> None:
    """Held against the JSON Schema that msgspec itself makes of the structs: every bound, pattern, option and size."""
    spec = APISpec("test", "1", "3.1.0", plugins=[MarshmallowPlugin()])
    spec.components.schema("ProgramFile", schema=struct_schema(ProgramFile))
    documented = spec.to_dict()["components"]["schemas"]
    _, declared = msgspec.json.schema_components([ProgramFile])
    assert documented.keys() == declared.keys()
    for name in declared:
        properties = documented[name]["properties"]
        assert properties.keys() == declared[name]["properties"].keys()
        for field, wanted in declared[name]["properties"].items():
            assert _bounds(properties[field]) == _bounds(wanted), f"{name}.{field}"


def _bounds(schema: dict[str, Any]) -> dict[str, Any]:
    """The bounds of a JSON Schema and of the values inside it; that a field may be null, only the struct knows."""
    forms = [one for one in schema.get("anyOf", schema.get("oneOf", [schema])) if one != {"type": "null"}]
    if len(forms) > 1:
        return {"forms": [_bounds(form) for form in forms]}
    [schema] = forms
    found: dict[str, Any] = {name: value for name, value in schema.items() if name in BOUNDS}
    if "enum" in found:
        found["enum"] = sorted(found["enum"])
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            found[inner] = _bounds(schema[inner])
    return found


class Toy(Struct, frozen=True, kw_only=True):
    """A section with a value of each type."""

    size: Annotated[int, Meta(ge=1, le=3, description="how large")]
    tags: Annotated[tuple[Annotated[str, Meta(max_length=2)], ...], Meta(max_length=2, description="tags")] = ()
    kind: Literal["big", "small"] = "big"
    made: date | None = None


@pytest.mark.parametrize(
    ("document", "mistakes"),
    [
        ({"size": 3, "tags": ["a"], "kind": "small", "made": "2026-11-01"}, {}),
        ({}, {"/size": "is required: how large, 1 to 3"}),
        ({"size": None}, {"/size": "must not be null: how large, 1 to 3"}),
        ({"size": "3"}, {"/size": "must be a whole number from 1 to 3; got '3'"}),
        ({"size": 4}, {"/size": "must be a whole number from 1 to 3; got 4"}),
        ({"size": 1, "sise": 1}, {"/sise": "unknown field: did you mean size?"}),
        ({"size": 1, "zz": 1}, {"/zz": "unknown field: use one of size, tags, kind, made"}),
        ({"size": 1, "tags": "a"}, {"/tags": "must be a list"}),
        (
            {"size": 1, "tags": [1, "abc"]},
            {"/tags/0": "must be text; got 1", "/tags/1": "must be at most 2 characters long"},
        ),
        ({"size": 1, "tags": ["a", "b", "c"]}, {"/tags": "must have at most 2 entries; got 3 entries"}),
        ({"size": 1, "kind": "tiny"}, {"/kind": "must be one of big, small; got 'tiny'"}),
        ({"size": 1, "made": "1 Nov"}, {"/made": "must be a date such as 2026-11-01; got '1 Nov'"}),
        ([], {"": "must be a mapping (in JSON an object) with size, tags, kind, made"}),
    ],
)
def test_a_message_says_what_is_wrong_and_what_to_write(document: Any, mistakes: dict[str, str]) -> None:
    """Every mistake of a document, each at its JSON pointer."""
    found = {}
    try:
        struct_schema(Toy)().load(document)
    except ValidationError as error:
        found = {one.pointer: one.detail for one in mistakes_in(error.messages)}
    assert found.keys() == mistakes.keys()
    assert all(found[pointer].startswith(detail) for pointer, detail in mistakes.items()), found


def test_a_bound_is_declared_once() -> None:
    """A bound that is added to the Meta of a field is checked, described and documented, with no other change."""

    class Bounded(Struct):
        """The same section with another bound."""

        size: Annotated[int, Meta(ge=1, le=99, description="how large")]

    field = struct_schema(Bounded)().fields["size"]
    assert (field.metadata["description"], field.metadata["maximum"]) == ("how large, 1 to 99", 99)
    with pytest.raises(ValidationError, match="from 1 to 99; got 100"):
        field.deserialize(100)


def test_a_type_without_a_field_is_an_error() -> None:
    """A struct with a type that no document has fails when its schema is made, not when a document comes."""

    class Odd(Struct):
        """A section that cannot be read."""

        raw: bytes

    with pytest.raises(TypeError, match="bytes"):
        make_field(field_declarations(Odd)[0].value)
