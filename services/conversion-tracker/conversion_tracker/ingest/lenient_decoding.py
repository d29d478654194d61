"""Decodes events that the strict decoder refused: by another name of their type, and without optional fields that are invalid.

An invalid optional field costs only that field: what the event reports has happened nevertheless.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from conversion_tracker.ingest.event_errors import EventRejected, from_decode_error
from conversion_tracker.ingest.event_fields import may_be_left_out
from referral.events.facts import FACT_ALIASES, Fact

_MAX_CHANGES = 16
# Decimal keeps every digit of an amount; a float would round it.
_decode_any: Callable[[bytes], object] = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_MISSING = object()
_NOT_JSON = (msgspec.MsgspecError, UnicodeError, RecursionError)


def decode_leniently(
    line: bytes, decode: Callable[[bytes], Fact], error: msgspec.ValidationError
) -> tuple[Fact, list[EventRejected]]:
    """Returns the event, and why each field that it lost was invalid.

    `error` is what `decode` raised for the line. Raises EventRejected if a required part is invalid or unknown.
    """
    try:
        sent = _decode_any(line)
    except _NOT_JSON:
        raise from_decode_error(error) from None
    lost: list[EventRejected] = []
    rejected = from_decode_error(error, sent)
    while isinstance(sent, dict) and len(lost) < _MAX_CHANGES:
        if rejected.code == "unknown_type" and (meant := FACT_ALIASES.get(str(sent.get("type")))):
            sent["type"] = meant
        elif _remove(sent, rejected.pointer):
            lost.append(rejected)
        else:
            break
        try:
            return decode(_encode(sent)), lost
        except msgspec.ValidationError as found:
            rejected = from_decode_error(found, sent)
        except _NOT_JSON:
            break
    raise rejected


def _remove(sent: dict[str, object], pointer: str) -> bool:
    """Removes the field at a JSON pointer if the event is complete without it, and returns whether it did."""
    if not may_be_left_out(FACT_ALIASES.get(str(sent.get("type")), sent.get("type")), pointer):
        return False
    *parents, name = pointer.split("/")[1:]
    holder: object = sent
    for parent in parents:
        holder = holder.get(parent) if isinstance(holder, dict) else None
    return isinstance(holder, dict) and holder.pop(name, _MISSING) is not _MISSING
