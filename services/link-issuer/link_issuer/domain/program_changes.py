"""The differences between two versions of a program: what was added, removed and changed.

List items with a key of their own (an id, a board's metric) are matched by it, whatever their position; other items by position.
Equal programs have no differences, and only those.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from referral.events.program import Program
from referral.events.section import Section
from referral.json_pointer import json_pointer

ChangeKind = Literal["added", "removed", "changed"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ProgramChange:
    """One difference. `section` is the field of the program that contains it; `name` is the path below it, by item keys.

    `pointer` is a JSON pointer into the new program, or into the old one for a removal.
    """

    section: str
    kind: ChangeKind
    name: tuple[str, ...]
    pointer: str
    before: object = None
    after: object = None


def program_changes(old: Program, new: Program) -> list[ProgramChange]:
    """All differences, in the order of the program's fields."""
    return list(_section_changes(old, new, (), ()))


def _compare(old: object, new: object, path: Path, name: tuple[str, ...]) -> Iterator[ProgramChange]:
    if old == new:
        return
    if isinstance(old, Section) and type(old) is type(new):
        yield from _section_changes(old, new, path, name)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mapping_changes(old, new, path, name)
    elif isinstance(old, tuple) and isinstance(new, tuple) and _have_items((*old, *new)):
        yield from _list_changes(old, new, path, name)
    else:
        kind: ChangeKind = "added" if _is_empty(old) else "removed" if _is_empty(new) else "changed"
        yield ProgramChange(name[0], kind, name[1:], json_pointer(*path), old, new)


def _section_changes(old: Struct, new: object, path: Path, name: tuple[str, ...]) -> Iterator[ProgramChange]:
    for attribute, field in zip(old.__struct_fields__, old.__struct_encode_fields__, strict=True):
        yield from _compare(getattr(old, attribute), getattr(new, attribute), (*path, field), (*name, field))


def _mapping_changes(
    old: Mapping[str, object], new: Mapping[str, object], path: Path, name: tuple[str, ...]
) -> Iterator[ProgramChange]:
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _compare(old.get(key), new.get(key), (*path, key), (*name, key))


def _list_changes(
    old: Sequence[object], new: Sequence[object], path: Path, name: tuple[str, ...]
) -> Iterator[ProgramChange]:
    was, now = _by_key(old), _by_key(new)
    for key in [*was, *(key for key in now if key not in was)]:
        (before, from_), (after, to) = was.get(key, (0, None)), now.get(key, (0, None))
        yield from _compare(from_, to, (*path, before if to is None else after), (*name, key))
    kept_before, kept_after = [key for key in was if key in now], [key for key in now if key in was]
    if kept_before != kept_after:
        order = (*name, "order")
        yield ProgramChange(order[0], "changed", order[1:], json_pointer(*path), tuple(kept_before), tuple(kept_after))


def _by_key(items: Sequence[object]) -> dict[str, tuple[int, object]]:
    return {_key(item) or f"{index + 1}": (index, item) for index, item in enumerate(items)}


def _key(item: object) -> str | None:
    """The key of a list item: its id or metric; None if it has neither."""
    own = getattr(item, "id", None) or getattr(item, "metric", None)
    return None if own is None else str(own)


def _have_items(values: tuple[object, ...]) -> bool:
    return any(isinstance(value, Section | Mapping) for value in values)


def _is_empty(value: object) -> bool:
    return value is None or value in ((), {})
