"""Mistakes in a document: where each is, what is wrong there, and what to write instead."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from referral.json_pointer import json_pointer

MAX_MISTAKES = 100
"""How many mistakes are listed: a document with more is not repaired one by one."""
_WHOLE = "_schema"  # marshmallow's key for messages about a document or section as a whole


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake: a JSON pointer (RFC 6901) to the value, and what is wrong with it and what to write instead."""

    pointer: str
    detail: str


def first_mistakes(mistakes: Iterable[Mistake], omitted: int = 0) -> tuple[list[Mistake], int]:
    """The first MAX_MISTAKES in the order of their pointers, and how many more there are, with those `omitted` before."""
    ordered = sorted(mistakes)
    return ordered[:MAX_MISTAKES], omitted + max(0, len(ordered) - MAX_MISTAKES)


def count_of_mistakes(listed: int, omitted: int) -> str:
    """How many mistakes there are in words, e.g. "1 mistake", or "250 mistakes, of which the first 100 are listed"."""
    if omitted:
        return f"{listed + omitted:,} mistakes, of which the first {listed} are listed"
    return f"{listed} mistake{'' if listed == 1 else 's'}"


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
