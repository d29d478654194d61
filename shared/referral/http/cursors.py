"""Cursors: where a listing goes on. Opaque to callers, so that what is inside may change."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TypeVar

import msgspec

from referral.http.problems import Problem

Position = TypeVar("Position")


def write(position: object) -> str:
    """The cursor of a position (anything JSON can hold)."""
    return urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def read(cursor: str, shape: type[Position]) -> Position:
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
