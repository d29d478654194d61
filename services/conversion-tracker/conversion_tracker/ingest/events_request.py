"""Request bodies: split into events without decoding them (`split_events`), or decoded as another platform's payload."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from referral.http.problems import Problem
from referral.validation.half_characters import may_have_half_characters, replace_half_characters

MAX_EVENTS = 1000
NDJSON = "application/x-ndjson"
_BOM = b"\xef\xbb\xbf"  # Windows programs write it before UTF-8
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_JSON_TYPES = ("", "application/json")
_NDJSON_TYPES = (NDJSON, "application/ndjson", "application/jsonl")
_decode_raw = msgspec.json.Decoder(msgspec.Raw).decode
_decode_raw_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
# Decimal keeps every digit of an amount; a float would round it.
_decode_payload: Callable[[bytes], object] = msgspec.json.Decoder(float_hook=Decimal).decode

Parsed = TypeVar("Parsed")
RawEvents = Sequence[bytes | msgspec.Raw]
_Events = TypeVar("_Events", bound=Sequence[object])


def split_events(body: bytes, mimetype: str) -> RawEvents:
    """The undecoded events of a body: one object, an array, or NDJSON.

    Raises Problem 400 (cannot be parsed, or empty), 413 (too many events) or 415 (unsupported media type).
    """
    if body.startswith(_BOM):  # each part of concatenated files has one
        body = b"\n".join(line.removeprefix(_BOM) for line in body.split(b"\n"))
    if mimetype in _NDJSON_TYPES:
        return check_count([line for line in body.split(b"\n") if line.strip()])
    if mimetype not in _JSON_TYPES:
        supported = f"application/json, {NDJSON} or application/cloudevents+json"
        raise Problem(415, "unsupported_media_type", f"Send events as {supported}, not {mimetype}.")
    start = body.lstrip()[:1]
    if start == b"{":
        return _check_object(body)
    if start != b"[":
        raise _malformed_body(_wrong_start(body) if start else "it is empty")
    return check_count(split_array(body))


def _wrong_start(body: bytes) -> str:
    return "it is encoded in UTF-16 and must be in UTF-8" if body.startswith(_UTF_16) else "it must start with { or ["


def _check_object(body: bytes) -> RawEvents:
    try:
        return (_parse(_decode_raw, body),)
    except Problem:
        if not may_have_half_characters(body):
            raise
    _parse(_decode_raw, replace_half_characters(body))
    return (body,)


def split_array(body: bytes) -> RawEvents:
    """The undecoded items of a JSON array. A half character spoils its own item alone. Raises Problem 400."""
    try:
        return _parse(_decode_raw_array, body)
    except Problem:
        if not may_have_half_characters(body):
            raise
    return _split_around_half_characters(body)


def _split_around_half_characters(body: bytes) -> list[bytes]:
    """The items as they were sent: where each is follows from a body of the same length without half characters."""
    repaired, items, end = replace_half_characters(body), list[bytes](), 0
    for item in map(bytes, _parse(_decode_raw_array, repaired)):
        start = repaired.index(item, end)  # only white space and commas are between two items
        end = start + len(item)
        items.append(body[start:end])
    return items


def parse_payload(body: bytes) -> object:
    """The decoded JSON of another platform's payload, numbers with a fraction as Decimal. Raises Problem 400."""
    return _parse(_decode_payload, body)


def parse_foreign_payload(body: bytes) -> object:
    """`parse_payload` with U+FFFD in place of half characters, such as a name that was cut within an emoji.

    A platform cannot repair its payload, and may stop sending to a URL that refuses.
    """
    return parse_payload(replace_half_characters(body) if may_have_half_characters(body) else body)


def check_count(events: _Events) -> _Events:
    """Returns the same events. Raises Problem 413 for more than 1,000 and 400 for none."""
    if len(events) > MAX_EVENTS:
        raise Problem(413, "too_many_events", f"The body has {len(events)} events; the maximum is {MAX_EVENTS}.")
    if not events:
        raise _malformed_body("it contains no events")
    return events


def _parse(decode: Callable[[bytes], Parsed], body: bytes) -> Parsed:
    try:
        return decode(body.removeprefix(_BOM))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise _malformed_body(str(error)) from None


def _malformed_body(reason: str) -> Problem:
    detail = f"The body could not be parsed: {reason}. Send one JSON object, an array of objects, or NDJSON."
    return Problem(400, "malformed_body", detail)
