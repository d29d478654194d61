"""Lists in pages: the query parameters `limit` and `cursor`, the body `{"items", "next_cursor"}`, and cursors.

    @blueprint.get("/v1/programs/<program>/bans")
    @requires("read")
    @blueprint.arguments(PageQuery, location="query")
    @response(Page[Ban])
    def bans(page: dict[str, object], program: str) -> Page[Ban]: ...

A cursor is opaque to callers, so what is inside may change. It holds an offset (`decode_offset`), a position in a list sorted by
score and member (`encode_position`, `decode_position`), or any other value that JSON can hold (`encode_cursor`, `decode_cursor`).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Generic, NamedTuple, TypeVar

import msgspec
from marshmallow import Schema, fields, validate

from referral.http.problems import Problem

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
_MAX_CURSOR_LENGTH = 256
_Offset = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]  # above the length of any list, and within the range of Redis

Item = TypeVar("Item")
Value = TypeVar("Value")


class PageQuery(Schema):
    """Which page of a list to return."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(1, MAX_LIMIT),
        metadata={"description": f"Maximum number of items, 1 to {MAX_LIMIT:,}."},
    )
    cursor = fields.String(
        load_default=None,
        validate=validate.Length(max=_MAX_CURSOR_LENGTH),
        metadata={"description": "`next_cursor` of the previous page; the first page without it."},
    )


class Page(msgspec.Struct, Generic[Item]):
    """One page of a list. Subclass it (`class Bans(Page[Ban])`) to give the page a name and a description in OpenAPI."""

    items: list[Item]
    next_cursor: Annotated[
        str | None, msgspec.Meta(description="Send it as `cursor` to read the next page; null on the last page.")
    ]


class ListPosition(NamedTuple):
    """A position in a list that is sorted by score and, for equal scores, by member."""

    score: float
    member: str


def encode_cursor(value: object) -> str:
    """Returns the cursor that holds a value (anything JSON can hold)."""
    return urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


def decode_cursor(cursor: str, shape: type[Value]) -> Value:
    """Returns the value of a cursor. Raises Problem 400 for an invalid cursor."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=shape)
    except (ValueError, msgspec.MsgspecError):
        raise bad_cursor("Invalid cursor.") from None


def decode_offset(cursor: object) -> int:
    """Returns the offset, from 0, that a cursor holds; 0 without one. Raises Problem 400 for an invalid cursor."""
    return decode_cursor(str(cursor), _Offset) if cursor else 0


def encode_position(list_name: str, score: float, member: str) -> str:
    """Returns the cursor of a position in the list of this name."""
    return encode_cursor((list_name, score, member))


def decode_position(cursor: object, list_name: str) -> ListPosition | None:
    """Returns the position after which the page begins; None without a cursor.

    Raises Problem 400 for an invalid cursor and for one that belongs to a list of another name.
    """
    if not cursor:
        return None
    belongs_to, score, member = decode_cursor(str(cursor), tuple[str, float, str])
    if belongs_to != list_name:
        raise bad_cursor("This cursor belongs to another list.")
    return ListPosition(score, member)


def bad_cursor(what: str) -> Problem:
    """Returns the 400 for a cursor that is not one of this list; `what` is the reason, as a sentence."""
    detail = f"{what} Send `next_cursor` of the previous page unchanged, or omit `cursor` to read the first page."
    return Problem(400, "bad_cursor", detail, [{"pointer": "query:cursor", "detail": detail}])
