"""What the sections of a program have in common."""

from typing import Literal

from msgspec import Struct

Period = Literal["day", "week", "month", "all"]
Localized = dict[str, str]


class Section(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A section of a program."""
