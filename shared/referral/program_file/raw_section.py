"""A section of a program file as it was sent, for rules across fields."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from referral.json_pointer import json_pointer
from referral.validation.mistakes import Mistake

MAX_ENTRIES = 1000
"""No valid list or mapping is longer, and what is longer is refused by itself; rules that compare entries read no more."""


@dataclass(frozen=True, slots=True)
class RawSection:
    """The raw values of a section, its JSON pointer, and the pointers of all values that are invalid or contain such a value."""

    values: Mapping[str, object]
    pointer: str
    invalid: frozenset[str]

    def has(self, name: str) -> bool:
        """Whether the field is there, valid or not: an invalid field is not missing as well."""
        return name in self.values

    def get(self, name: str) -> object:
        """The value of a field; None if it is missing or invalid by itself."""
        return None if self._below(name) in self.invalid else self.values.get(name)

    def text(self, name: str) -> str | None:
        """The value of a field if it is a valid string."""
        value = self.get(name)
        return value if isinstance(value, str) else None

    def raw_text(self, name: str) -> str | None:
        """The value of a field if it is a string, valid or not."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def section(self, name: str) -> "RawSection":
        """The section in a field; an empty one if there is none."""
        value = self.values.get(name)
        return RawSection(value if isinstance(value, Mapping) else {}, self._below(name), self.invalid)

    def sections(self, name: str) -> Iterator["RawSection"]:
        """The sections of a list."""
        for index, value in enumerate(self.raw_list(name)):
            if isinstance(value, Mapping):
                yield RawSection(value, f"{self._below(name)}/{index}", self.invalid)

    def raw_list(self, name: str) -> list[object]:
        """The first MAX_ENTRIES of the list in a field, valid or not; an empty one if there is none."""
        value = self.values.get(name)
        return value[:MAX_ENTRIES] if isinstance(value, list) else []

    def mistake(self, name: str | int, detail: str) -> Mistake:
        """A mistake in a field."""
        return Mistake(self._below(name), detail)

    def _below(self, name: str | int) -> str:
        return self.pointer + json_pointer(name)


def with_ancestors(pointers: Iterable[str]) -> frozenset[str]:
    """The pointers and those of all values around them, e.g. "/a/b" → {"/a/b", "/a"}."""
    found: set[str] = set()
    for pointer in pointers:
        around = pointer
        while around and around not in found:
            found.add(around)
            around = around.rpartition("/")[0]
    return frozenset(found)
