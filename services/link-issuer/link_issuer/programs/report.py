"""How a check across fields reports what it found to marshmallow."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError


def twice(section: object, name: str, key: str) -> dict[int, dict[str, list[str]]]:
    """The items of a list in the file that repeat an earlier one's `key`, whatever else is wrong with them."""
    items = section.get(name) if isinstance(section, Mapping) else None
    values = [one.get(key) if isinstance(one, Mapping) else None for one in items] if isinstance(items, list) else []
    return {
        index: {key: [f"{value} stands here twice: give each its own"]}
        for index, value in enumerate(values)
        if isinstance(value, str) and value in values[:index]
    }


def report(mistakes: Mapping[str, Any]) -> None:
    """Raises what was found, by field; nothing where nothing was."""
    found = {name: detail for name, detail in mistakes.items() if detail}
    if found:
        raise ValidationError(found)
