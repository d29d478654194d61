"""A ban: operator, API key, time and reason."""

from msgspec import Struct


class Ban(Struct, frozen=True, array_like=True, gc=False):
    """`by` decided it at `at` (ms) with the API key of this id; `note` is the id of the reason given."""

    by: str
    at: int
    note: str | None = None
    api_key: str | None = None
