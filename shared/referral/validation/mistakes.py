"""Mistakes in a document: where each is, what is wrong there, and what to write instead."""

from collections.abc import Iterator
from dataclasses import dataclass

_WHOLE = "_schema"  # marshmallow's key for messages about a document or section as a whole


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake: a JSON pointer (RFC 6901) to the value, and what is wrong with it and what to write instead."""

    pointer: str
    detail: str


def json_pointer(*path: str | int) -> str:
    """The JSON pointer of a path, e.g. json_pointer("rewards", 0, "percent") → "/rewards/0/percent"."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def mistakes_in(messages: object, path: tuple[str | int, ...] = ()) -> Iterator[Mistake]:
    """The nested messages of a marshmallow ValidationError as a list of mistakes."""
    if isinstance(messages, dict):
        for step, nested in messages.items():
            yield from mistakes_in(nested, path if step == _WHOLE else (*path, step))
    elif isinstance(messages, list):
        for message in messages:
            yield from mistakes_in(message, path)
    else:
        yield Mistake(json_pointer(*path), str(messages))
