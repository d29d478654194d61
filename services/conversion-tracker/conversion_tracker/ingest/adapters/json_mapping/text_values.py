"""Values of a payload that an event has as text: strings, and whole numbers, which many platforms use for ids."""

from collections.abc import Mapping
from decimal import Decimal
from typing import cast, get_args

import msgspec

from referral.events.facts import Fact
from referral.events.line import type_tag


class NotText(ValueError):
    """A value that cannot be the text of a field; the message continues its name: "must be …"."""


def text_value(value: object) -> str:
    """A string unchanged, a whole number with all its digits (a parsed body has at most 4,300). Raises NotText.

    A number with a fraction or an exponent is refused: JSON readers round it, so that two ids become one.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise NotText("must be a string or a whole number")


def text_or_invalid(value: object) -> object:
    """The value of a text field of an event; a value that is not text as one that the event's check refuses."""
    try:
        return text_value(value)
    except NotText:
        return float(value) if isinstance(value, Decimal) else value


def texts_or_invalid(value: object) -> object:
    """The same for a list of texts."""
    return [text_or_invalid(one) for one in value] if isinstance(value, list) else value


def _text_fields(event_type: type[msgspec.Struct]) -> dict[str, bool]:
    """The fields of an event type's `data` that are text, each with whether it is a list of texts."""
    data = next((field.type for field in msgspec.structs.fields(event_type) if field.name == "data"), None)
    if data is None:
        return {}
    info = cast("msgspec.inspect.StructType", msgspec.inspect.type_info(data))
    kinds = {field.name: _alternatives(field.type) for field in info.fields}
    lists = {name: _is_text_list(kind) for name, kind in kinds.items()}
    return {name: lists[name] for name, kind in kinds.items() if lists[name] or _is_text(kind)}


def _alternatives(info: msgspec.inspect.Type) -> tuple[msgspec.inspect.Type, ...]:
    return info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)


def _is_text(kinds: tuple[msgspec.inspect.Type, ...]) -> bool:
    return any(isinstance(kind, msgspec.inspect.StrType) for kind in kinds)


def _is_text_list(kinds: tuple[msgspec.inspect.Type, ...]) -> bool:
    return any(
        isinstance(kind, msgspec.inspect.VarTupleType) and _is_text(_alternatives(kind.item_type)) for kind in kinds
    )


TEXT_FIELDS: Mapping[str, Mapping[str, bool]] = {
    type_tag(event_type): _text_fields(event_type) for event_type in get_args(Fact)
}
"""For each event type, the fields of its `data` that are text (False) or lists of texts (True)."""
