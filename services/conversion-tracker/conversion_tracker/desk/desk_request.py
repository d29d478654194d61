"""Bodies and queries of the desk's API."""

from typing import Annotated, TypedDict, get_args

import msgspec
from flask import request
from marshmallow import fields, validate
from msgspec import Meta, Struct

from conversion_tracker.desk.desk_row import DeskRow
from conversion_tracker.desk.line_decision import Happened, Source
from conversion_tracker.ingest.event_errors import split_message
from referral.events.facts import Channel
from referral.http.json_body import decode_json
from referral.http.problems import Problem
from referral.validation.strict_schema import StrictSchema

MAX_ROWS = 1_000
CHANNELS: tuple[Channel, ...] = get_args(Channel)
SOURCES: tuple[Source, ...] = get_args(Source)
HAPPENED: tuple[Happened, ...] = get_args(Happened)


def _one_of(names: tuple[str, ...], description: str, default: str) -> fields.String:
    rule = validate.OneOf(names, error="Must be one of {choices}; got {input}.")
    return fields.String(load_default=default, validate=rule, metadata={"description": description})


class Origin(TypedDict):
    """The decoded query of a check."""

    channel: Channel
    source: Source
    happened: Happened


class CheckQuery(StrictSchema):
    """Where the lines are from."""

    channel = _one_of(CHANNELS, "the platform where people wrote", "xiaohongshu")
    source = _one_of(SOURCES, "`followers`: each line is a follower, with or without a code", "comments")
    happened = _one_of(HAPPENED, "`written`: at the time beside each line, if there is one; `now`: now", "written")


class DeskRows(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of a check, as they were answered or as someone has decided them."""

    channel: Channel
    rows: Annotated[list[DeskRow], Meta(min_length=1, max_length=MAX_ROWS)]
    by: Annotated[str, Meta(max_length=128, description="who decided")] = ""


_, _COMPONENTS = msgspec.json.schema_components([DeskRows], ref_template="#/components/schemas/{name}")
ROWS_SCHEMA = {"DeskRows": _COMPONENTS["DeskRows"]}
"""The schema of the body; that of a row is the one of responses."""


def read_rows() -> DeskRows:
    """The rows in the body of this request. Raises Problem: 400 for invalid JSON, 422 with the place for anything else."""
    content = decode_json(request.get_data(cache=False))
    try:
        return msgspec.convert(content, DeskRows)
    except msgspec.ValidationError as error:
        message, pointer = split_message(error)
        detail = (
            f"The body must be {{channel, rows}} with 1 to {MAX_ROWS:,} rows as `POST …/desk/check` answers: {error}."
        )
        raise Problem(422, "invalid", detail, [{"pointer": pointer, "detail": message}]) from error
