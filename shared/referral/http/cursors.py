"""Cursors: where a listing goes on. Opaque to callers, so that what is inside may change."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, TypeVar

import msgspec

from referral.http.problems import Problem

Position = TypeVar("Position")
_Number = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]  # more than any listing holds, and well within what Redis counts


def encode_cursor(position: object) -> str:
    """The cursor of a position (anything JSON can hold)."""
    return urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode_offset(cursor: str | None) -> int:
    """The place, from 0, that a cursor stands for in a listing; 0 without one. Raises Problem 400 for one that was not ours."""
    return decode_cursor(cursor, _Number) if cursor else 0


def decode_cursor(cursor: str, shape: type[Position]) -> Position:
    """The position of a cursor. Raises Problem 400 for one that was not ours."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=shape)
    except (ValueError, msgspec.MsgspecError):
        raise Problem(
            400,
            "bad_cursor",
            "This cursor is not one of ours. Begin without a cursor.",
            [{"pointer": "query:cursor", "detail": "unknown"}],
        ) from None
