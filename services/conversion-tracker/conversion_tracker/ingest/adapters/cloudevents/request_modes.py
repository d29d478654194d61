"""Takes a request apart into CloudEvents: structured, batched or binary mode.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md, section 3.
"""

import msgspec
from flask import Request

from conversion_tracker.ingest.adapters.cloudevents.translation import attributes, mapped
from conversion_tracker.ingest.adapters.json_mapping.payload import counted, payload_in, raws_in
from conversion_tracker.ingest.adapters.mapped_event import Item, Unmapped
from referral.http.problems import Problem

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_ANY = "application/cloudevents"


def cloudevents_in(request: Request) -> list[Item] | None:
    """The CloudEvents of a request, each mapped or with why not; None where it brings none by media type or `ce-` headers.

    Raises Problem 400 (unparseable), 413 (too many) or 415 (CloudEvents in another format).
    """
    if request.mimetype.startswith(_ANY):
        return _structured(request.get_data(cache=False), request.mimetype)
    return [binary(request)] if "ce-specversion" in request.headers else None


def binary(request: Request) -> Item:
    """The CloudEvent of a binary-mode request: attributes in headers, the body is its data. Raises Problem 400."""
    body = request.get_data(cache=False)
    kind = {"datacontenttype": request.mimetype} if request.mimetype and body else {}
    data = {"data": payload_in(body)} if body else {}
    try:
        return mapped(attributes(request.headers.items()) | kind | data)
    except Unmapped as unmapped:
        return unmapped


def _structured(body: bytes, mimetype: str) -> list[Item]:
    if mimetype == STRUCTURED:
        return [_item(payload_in(body))]
    if mimetype != BATCH:
        detail = f"Send CloudEvents as {STRUCTURED} or {BATCH}, not {mimetype}."
        raise Problem(415, "unsupported_media_type", detail)
    return [_decoded(raw) for raw in counted(raws_in(body))]


def _decoded(raw: msgspec.Raw) -> Item:
    """An item of a batch; one that cannot be read spoils no other."""
    try:
        return _item(payload_in(bytes(raw)))
    except Problem as problem:
        return Unmapped("malformed_json", "", problem.detail)


def _item(sent: object) -> Item:
    try:
        return mapped(sent)
    except Unmapped as unmapped:
        return unmapped
