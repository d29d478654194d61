"""Takes a request body apart into events, still undecoded: one object, an array, or NDJSON."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from referral.http.problems import Problem

MAX_EVENTS = 1000
NDJSON = "application/x-ndjson"
_JSON_TYPES = ("", "application/json")
_NDJSON_TYPES = (NDJSON, "application/ndjson", "application/jsonl")
_decode_one = msgspec.json.Decoder(msgspec.Raw).decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode

Parsed = TypeVar("Parsed")
RawEvents = Sequence[bytes | msgspec.Raw]


def split_events(body: bytes, mimetype: str) -> RawEvents:
    """The events of a body. Raises Problem 400 (unparseable), 413 (too many) or 415 (a media type that is none of ours)."""
    if mimetype in _NDJSON_TYPES:
        return _check_count([line for line in body.split(b"\n") if line.strip()])
    if mimetype not in _JSON_TYPES:
        wanted = f"application/json, {NDJSON} or application/cloudevents+json"
        raise Problem(415, "unsupported_media_type", f"Send events as {wanted}, not {mimetype}.")
    start = body.lstrip()[:1]
    if start == b"{":
        return (_parse(_decode_one, body),)
    if start != b"[":
        raise _unparseable("it is empty" if not start else "it begins with neither { nor [")
    return _check_count(_parse(_decode_array, body))


def _parse(decode: Callable[[bytes], Parsed], body: bytes) -> Parsed:
    try:
        return decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unparseable(str(error)) from None


def _check_count(raws: RawEvents) -> RawEvents:
    if len(raws) > MAX_EVENTS:
        raise too_many_events(len(raws))
    if not raws:
        raise _unparseable("there is no event in it")
    return raws


def too_many_events(count: int) -> Problem:
    """413: more events than one request may bring."""
    return Problem(413, "too_many_events", f"The body has {count} events; send at most {MAX_EVENTS} at once.")


def _unparseable(why: str) -> Problem:
    detail = f"The body could not be taken apart: {why}. Send an event as a JSON object, an array of them, or NDJSON."
    return Problem(400, "malformed_body", detail)
