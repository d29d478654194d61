"""Locations in a JSON document, written as a JSON pointer (RFC 6901: `/user/id`) or as a dotted path (`user.id`)."""

from referral.json_pointer import json_pointer, parse_pointer


def parse_path(path: str) -> tuple[str, ...]:
    """The names and indexes of a path."""
    if not path.startswith("/"):
        return tuple(path.split("."))
    return parse_pointer(path)


def to_pointer(path: str) -> str:
    """The same path as a JSON pointer."""
    return json_pointer(*parse_path(path))


def resolve_path(document: object, path: str) -> object:
    """The value at a path; None if it is missing or null."""
    for step in parse_path(path):
        document = _child(document, step)
    return document


def path_obstacle(document: object, path: str) -> str | None:
    """The JSON pointer of a value on the way to `path` that has no members, such as a number where an object is expected; or None.

    Null and what platforms send for an object that is empty (false, 0, "", [] and {}) are no obstacles.
    """
    steps = parse_path(path)
    for depth, step in enumerate(steps):
        if document and not isinstance(document, (dict, list)):
            return json_pointer(*steps[:depth])
        document = _child(document, step)
    return None


def _child(document: object, step: str) -> object:
    if isinstance(document, dict):
        return document.get(step)
    if isinstance(document, list) and step.isascii() and step.isdecimal() and len(step) < 10:
        return document[int(step)] if int(step) < len(document) else None
    return None
