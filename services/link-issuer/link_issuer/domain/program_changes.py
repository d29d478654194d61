"""What differs between two programs, place by place: what was added, removed and changed.

Items that have a name of their own (an id, a board's metric) are matched by it, wherever they stand; texts in lists by their
place. Nothing is said exactly where two programs are the same rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from referral.events.program import Program
from referral.events.section import Section
from referral.validation.mistakes import json_pointer

Kind = Literal["added", "removed", "changed"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `section` is the field of the program it is in; `name` says the place in words, item by item.

    `pointer` is a JSON pointer into the new program, or into the old one where something was removed.
    """

    section: str
    kind: Kind
    name: tuple[str, ...]
    pointer: str
    before: object = None
    after: object = None


def changes(old: Program, new: Program) -> list[Change]:
    """All differences, in the order of the program's sections."""
    return list(_parts(old, new, (), ()))


def _compare(old: object, new: object, path: Path, name: tuple[str, ...]) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, Section) and type(old) is type(new):
        yield from _parts(old, new, path, name)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _entries(old, new, path, name)
    elif isinstance(old, tuple) and isinstance(new, tuple) and _are_items((*old, *new)):
        yield from _items(old, new, path, name)
    else:
        kind: Kind = "added" if _nothing(old) else "removed" if _nothing(new) else "changed"
        yield Change(name[0], kind, name[1:], json_pointer(*path), old, new)


def _parts(old: Struct, new: object, path: Path, name: tuple[str, ...]) -> Iterator[Change]:
    for field in old.__struct_fields__:
        yield from _compare(getattr(old, field), getattr(new, field), (*path, field), (*name, field))


def _entries(
    old: Mapping[str, object], new: Mapping[str, object], path: Path, name: tuple[str, ...]
) -> Iterator[Change]:
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _compare(old.get(key), new.get(key), (*path, key), (*name, key))


def _items(old: Sequence[object], new: Sequence[object], path: Path, name: tuple[str, ...]) -> Iterator[Change]:
    was, now = _by_key(old), _by_key(new)
    for key in [*was, *(key for key in now if key not in was)]:
        (before, from_), (after, to) = was.get(key, (0, None)), now.get(key, (0, None))
        yield from _compare(from_, to, (*path, before if to is None else after), (*name, key))
    kept_before, kept_after = [key for key in was if key in now], [key for key in now if key in was]
    if kept_before != kept_after:
        order = (*name, "order")
        yield Change(order[0], "changed", order[1:], json_pointer(*path), tuple(kept_before), tuple(kept_after))


def _by_key(items: Sequence[object]) -> dict[str, tuple[int, object]]:
    return {_key(item) or f"{index + 1}": (index, item) for index, item in enumerate(items)}


def _key(item: object) -> str | None:
    """The name that an item of a list gives itself."""
    own = getattr(item, "id", None) or getattr(item, "metric", None)
    return None if own is None else str(own)


def _are_items(values: tuple[object, ...]) -> bool:
    return any(isinstance(value, Section | Mapping) for value in values)


def _nothing(value: object) -> bool:
    return value is None or value in ((), {})
