"""Parses a request into CloudEvents: structured, batched or binary content mode.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md, section 3.
"""

import msgspec
from flask import Request

from conversion_tracker.ingest.adapters.cloudevents.translation import header_attributes, map_cloudevent
from conversion_tracker.ingest.adapters.mapped_event import MappedItem, MappingError
from conversion_tracker.ingest.events_request import check_count, parse_payload, split_array
from referral.http.problems import Problem

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_ANY = "application/cloudevents"


def parse_cloudevents(request: Request) -> list[MappedItem] | None:
    """The mapped CloudEvents of a request; None if neither its media type nor a `ce-` header marks it as CloudEvents.

    Raises Problem 400 (cannot be parsed), 413 (too many events) or 415 (a CloudEvents format other than JSON).
    """
    if request.mimetype.startswith(_ANY):
        return _parse_structured_mode(request.get_data(cache=False), request.mimetype)
    return [parse_binary_mode(request)] if "ce-specversion" in request.headers else None


def parse_binary_mode(request: Request) -> MappedItem:
    """The CloudEvent of a binary-mode request: the attributes are headers, the data is the body. Raises Problem 400."""
    body = request.get_data(cache=False)
    content_type = {"datacontenttype": request.mimetype} if request.mimetype and body else {}
    data = {"data": parse_payload(body)} if body else {}
    try:
        return map_cloudevent(header_attributes(request.headers.items()) | content_type | data)
    except MappingError as error:
        return error


def _parse_structured_mode(body: bytes, mimetype: str) -> list[MappedItem]:
    if mimetype == STRUCTURED:
        return [_map_or_error(parse_payload(body))]
    if mimetype != BATCH:
        detail = f"Send CloudEvents as {STRUCTURED} or {BATCH}, not {mimetype}."
        raise Problem(415, "unsupported_media_type", detail)
    raws = split_array(body)  # a batch may be empty: JSON event format 1.0.2, section 4
    return [_map_raw(raw) for raw in check_count(raws)] if raws else []


def _map_raw(raw: bytes | msgspec.Raw) -> MappedItem:
    """Maps one item of a batch; an item that cannot be parsed does not affect the others."""
    try:
        return _map_or_error(parse_payload(bytes(raw)))
    except Problem as problem:
        return MappingError("malformed_json", "", problem.detail)


def _map_or_error(sent: object) -> MappedItem:
    try:
        return map_cloudevent(sent)
    except MappingError as error:
        return error
