"""Which page of an export is requested."""

from typing import Annotated

from marshmallow import Schema, fields, validate
from msgspec import Meta, Struct

from link_issuer.privacy.person_lines import ReadPosition, is_topic
from referral.http.paging import bad_cursor, decode_cursor, encode_cursor


class _Position(Struct, array_like=True):
    topic: str
    offset: Annotated[int, Meta(ge=0, lt=2**63)]


class ExportQuery(Schema):
    """Which page."""

    cursor = fields.String(
        load_default=None,
        validate=validate.Length(max=256),
        metadata={"description": "`next_cursor` of the previous page; the first page without it."},
    )


def encode_position(position: ReadPosition | None) -> str | None:
    """The cursor that leads to a position; None for None."""
    return None if position is None else encode_cursor(tuple(position))


def decode_position(cursor: str) -> ReadPosition:
    """The position in a cursor. Raises Problem 400 for one that no export returned."""
    found = decode_cursor(cursor, _Position)
    if not is_topic(found.topic):
        raise bad_cursor("This cursor belongs to another list.")
    return ReadPosition(found.topic, found.offset)
