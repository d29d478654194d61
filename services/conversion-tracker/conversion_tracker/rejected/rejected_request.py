"""Queries about lines that were set aside."""

import re
from typing import Annotated

from marshmallow import fields, validate
from msgspec import Meta

from conversion_tracker.rejected.store import LetterPlace
from referral.fold.lag import FOLDS
from referral.http.paging import PageQuery, decode_cursor, encode_cursor
from referral.validation.strict_schema import StrictSchema

_Place = Annotated[int, Meta(ge=0, lt=2**60)]
_ID = re.compile(r"rej_([0-9]{1,18})_([0-9]{1,6})")
_FOLD_NAMES = [source.fold for source in FOLDS]


class RejectedQuery(PageQuery, StrictSchema):
    """Which dead letters of a program, and which page of them."""

    fold = fields.String(
        load_default=None,
        validate=validate.OneOf(_FOLD_NAMES, error="Must be one of {choices}; got {input}."),
        metadata={"description": f"only those of one fold: {', '.join(_FOLD_NAMES)}"},
    )
    status = fields.String(
        load_default="all",
        validate=validate.OneOf(("waiting", "processed", "all"), error="Must be one of {choices}; got {input}."),
        metadata={"description": "`waiting`: not processed yet; `processed`: replayed, and decided by its fold"},
    )


class ReplayQuery(PageQuery, StrictSchema):
    """Which lines that wait are replayed, and from where on."""

    fold = fields.String(
        load_default=None,
        validate=validate.OneOf(_FOLD_NAMES, error="Must be one of {choices}; got {input}."),
        metadata={"description": f"only those of one fold: {', '.join(_FOLD_NAMES)}"},
    )


def parse_letter_id(id: str) -> LetterPlace | None:
    """The place that the id of a dead letter names; None if it is not such an id."""
    match = _ID.fullmatch(id)
    return LetterPlace(int(match[1]), int(match[2])) if match else None


def start_of_page(cursor: object) -> LetterPlace:
    """Where a page begins. Raises Problem 400 for an invalid cursor."""
    return LetterPlace(*decode_cursor(str(cursor), tuple[_Place, _Place])) if cursor else LetterPlace(0, 0)


def cursor_of(place: LetterPlace | None) -> str | None:
    """The cursor of the page that begins at a place; None without one."""
    return encode_cursor(place) if place else None
