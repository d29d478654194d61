"""Mistakes in a document: where each is, what is wrong there, and what to write instead."""

from collections.abc import Iterator
from dataclasses import dataclass

from referral.json_pointer import json_pointer

_WHOLE = "_schema"  # marshmallow's key for messages about a document or section as a whole


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake: a JSON pointer (RFC 6901) to the value, and what is wrong with it and what to write instead."""

    pointer: str
    detail: str


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
