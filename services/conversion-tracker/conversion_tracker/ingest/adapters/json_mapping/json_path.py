"""Places in a JSON document, as a JSON pointer (RFC 6901: `/user/id`) or a dotted path (`user.id`)."""

from collections.abc import Iterable


def parse_path(place: str) -> tuple[str, ...]:
    """The names and indexes on the way to a place."""
    if not place.startswith("/"):
        return tuple(place.split("."))
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in place[1:].split("/"))


def to_pointer(way: Iterable[str]) -> str:
    """The JSON pointer of a way."""
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in way)


def resolve_path(document: object, place: str) -> object:
    """What stands at a place; None where nothing does, or null."""
    for step in parse_path(place):
        document = _child(document, step)
    return document


def _child(document: object, step: str) -> object:
    if isinstance(document, dict):
        return document.get(step)
    if isinstance(document, list) and step.isascii() and step.isdecimal() and len(step) < 10:
        return document[int(step)] if int(step) < len(document) else None
    return None
