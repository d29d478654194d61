"""The JSON Schema of every topic's lines, `<topic>.json`, exported from the msgspec types by `referral schemas`."""

from importlib.resources import files
from types import UnionType
from typing import Any, get_args

import msgspec

from referral.events.line import type_tag

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(topic: str, lines: type | UnionType) -> dict[str, Any]:
    """The schema of a topic's lines, made from their types."""
    return {"$schema": _DIALECT, "title": f"referral.{topic}", **msgspec.json.schema(lines)}


def topic_schemas(topic: str) -> dict[str, Any]:
    """The schema as it was exported."""
    schema: dict[str, Any] = msgspec.json.decode(files(__name__).joinpath(f"{topic}.json").read_bytes())
    return schema


def components(lines: type | UnionType, template: str) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """The names of the types of a union, and the schemas they need; `template` is the form of references in the document."""
    types = get_args(lines) or (lines,)
    _, schemas = msgspec.json.schema_components(types, ref_template=template)
    return [one.__name__ for one in types], schemas


def types_by_tag(lines: type | UnionType) -> dict[str, type[msgspec.Struct]]:
    """The types of a union of lines by their `type`."""
    return {type_tag(one): one for one in get_args(lines) or (lines,)}
