"""Takes a request apart into CloudEvents: structured, batched or binary mode.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md, section 3.
"""

import msgspec
from flask import Request

from conversion_tracker.ingest.adapters.cloudevents.translation import header_attributes, map_cloudevent
from conversion_tracker.ingest.adapters.mapped_event import MappedItem, MappingError
from conversion_tracker.ingest.adapters.payload_request import check_count, parse_payload, split_array
from referral.http.problems import Problem

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_ANY = "application/cloudevents"


def parse_cloudevents(request: Request) -> list[MappedItem] | None:
    """The CloudEvents of a request, each mapped or with why not; None where it brings none by media type or `ce-` headers.

    Raises Problem 400 (unparseable), 413 (too many) or 415 (CloudEvents in another format).
    """
    if request.mimetype.startswith(_ANY):
        return _parse_structured_mode(request.get_data(cache=False), request.mimetype)
    return [parse_binary_mode(request)] if "ce-specversion" in request.headers else None


def parse_binary_mode(request: Request) -> MappedItem:
    """The CloudEvent of a binary-mode request: attributes in headers, the body is its data. Raises Problem 400."""
    body = request.get_data(cache=False)
    kind = {"datacontenttype": request.mimetype} if request.mimetype and body else {}
    data = {"data": parse_payload(body)} if body else {}
    try:
        return map_cloudevent(header_attributes(request.headers.items()) | kind | data)
    except MappingError as unmapped:
        return unmapped


def _parse_structured_mode(body: bytes, mimetype: str) -> list[MappedItem]:
    if mimetype == STRUCTURED:
        return [_map_or_error(parse_payload(body))]
    if mimetype != BATCH:
        detail = f"Send CloudEvents as {STRUCTURED} or {BATCH}, not {mimetype}."
        raise Problem(415, "unsupported_media_type", detail)
    return [_map_raw(raw) for raw in check_count(split_array(body))]


def _map_raw(raw: msgspec.Raw) -> MappedItem:
    """An item of a batch; one that cannot be read spoils no other."""
    try:
        return _map_or_error(parse_payload(bytes(raw)))
    except Problem as problem:
        return MappingError("malformed_json", "", problem.detail)


def _map_or_error(sent: object) -> MappedItem:
    try:
        return map_cloudevent(sent)
    except MappingError as unmapped:
        return unmapped
