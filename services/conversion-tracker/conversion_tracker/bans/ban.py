"""A ban: operator, time and reason."""

from msgspec import Struct


class Ban(Struct, frozen=True, array_like=True, gc=False):
    """`by` decided it at `at` (ms); `note` is the reason given."""

    by: str
    at: int
    note: str = ""
