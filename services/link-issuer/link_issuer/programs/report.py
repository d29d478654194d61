"""How a check across fields reports what it found to marshmallow."""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError


def items(section: object, name: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    """The items of a list in the file that are sections, with their places, whatever else is wrong with them."""
    found = section.get(name) if isinstance(section, Mapping) else None
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, Mapping):
            yield index, item


def twice(section: object, name: str, key: str) -> dict[int, dict[str, list[str]]]:
    """The items of a list in the file that repeat an earlier one's `key`, whatever else is wrong with them."""
    seen: set[str] = set()
    found = {}
    for index, item in items(section, name):
        value = item.get(key)
        if isinstance(value, str) and value in seen:
            found[index] = {key: [f"{value} stands here twice: give each its own"]}
        elif isinstance(value, str):
            seen.add(value)
    return found


def report(mistakes: Mapping[str, Any]) -> None:
    """Raises what was found, by field; nothing where nothing was."""
    found = {name: detail for name, detail in mistakes.items() if detail}
    if found:
        raise ValidationError(found)
