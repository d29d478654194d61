"""Reads a JSON payload for mapping: numbers keep every digit, so that an amount is not rounded on the way."""

from decimal import Decimal
from typing import TypeVar

import msgspec

from conversion_tracker.ingest.events_request import MAX_EVENTS, too_many_events
from referral.http.problems import Problem

Sent = TypeVar("Sent")
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def parse_payload(body: bytes) -> object:
    """What a JSON body says. Raises Problem 400."""
    try:
        return _decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        detail = f"The body is not JSON in UTF-8: {error}. Send one JSON object, or an array of them."
        raise Problem(400, "malformed_body", detail) from None


def split_array(body: bytes) -> list[msgspec.Raw]:
    """The items of a JSON array, undecoded. Raises Problem 400."""
    try:
        return _decode_array(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Problem(400, "malformed_body", f"The body is no JSON array of events: {error}. Send one.") from None


def check_count(items: list[Sent]) -> list[Sent]:
    """The same items. Raises Problem 413 for too many, 400 for none."""
    if len(items) > MAX_EVENTS:
        raise too_many_events(len(items))
    if not items:
        raise Problem(400, "malformed_body", "There is no event in the body. Send at least one.")
    return items
