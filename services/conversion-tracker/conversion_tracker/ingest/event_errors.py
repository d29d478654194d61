"""Errors of rejected events: a stable code, a JSON pointer into the event, and what to send instead. One table of codes."""

import re
from typing import Annotated, Literal, get_args

import msgspec

from conversion_tracker.ingest.event_fields import allowed_values, explain_field, explain_type
from referral.events.facts import LOG_ONLY_FIELDS, EventLine, Fact
from referral.events.line import type_tag
from referral.json_pointer import json_pointer

EventErrorCode = Literal[
    "malformed_json",
    "too_large",
    "unknown_type",
    "internal_type",
    "missing_field",
    "unknown_field",
    "wrong_type",
    "invalid_value",
    "unknown_program",
    "other_program",
    "in_the_future",
    "too_long_ago",
    "bad_token",
    "expired_token",
    "not_mapped",
    "not_a_cloudevent",
]

REMEDIES: dict[EventErrorCode, str] = {
    "malformed_json": "Send each event as a valid JSON object in UTF-8, without half a character (a lone surrogate).",
    "too_large": "Send only the fields that the schema lists; REFERRAL_MAX_EVENT sets the limit.",
    "unknown_type": "Use one of the event types listed in /docs.",
    "internal_type": "Only the system itself writes this type; do not send it.",
    "missing_field": "Add it; /docs shows an example of every type.",
    "unknown_field": "Remove it or check its spelling; additional fields are not stored.",
    "wrong_type": "Send the JSON type given by the schema in /openapi.json.",
    "invalid_value": "Send a value allowed by the schema in /openapi.json.",
    "unknown_program": "Create the program first: PUT /v1/programs/{id} at link-issuer.",
    "other_program": "Use an API key for this program, or one that is not limited to programs.",
    "in_the_future": "Check the sender's clock; the time must be in UTC or have a UTC offset.",
    "too_long_ago": "Check the format: `occurred_at` must be an RFC 3339 timestamp, not a number of seconds.",
    "bad_token": "Send the `rt` parameter of the landing page URL unchanged, or omit `click`.",
    "expired_token": "Omit `click`: the click is older than any attribution window.",
    "not_mapped": "Correct the payload, or the `adapters` section of the program file; see docs/adapters.md.",
    "not_a_cloudevent": "Send a CloudEvents 1.0 event; see docs/adapters.md.",
}

INTERNAL_TYPES = tuple(type_tag(kind) for kind in get_args(EventLine) if kind not in get_args(Fact))


class EventError(msgspec.Struct, frozen=True, gc=False):
    """Why one event of a request was rejected."""

    index: Annotated[int, msgspec.Meta(description="Position of the event in the body, starting at 0.")]
    code: EventErrorCode
    pointer: Annotated[str, msgspec.Meta(description="JSON pointer into what was sent.")]
    detail: Annotated[str, msgspec.Meta(description="What is wrong, and what to send instead.")]


class EventRejected(Exception):
    """Raised for an invalid event; the validator turns it into an EventError. `problem` is the message without the remedy."""

    def __init__(self, code: EventErrorCode, pointer: str, problem: str) -> None:
        super().__init__(f"{problem} {REMEDIES[code]}")
        self.code, self.pointer, self.problem = code, pointer, problem

    def to_event_error(self, index: int) -> EventError:
        """Returns the error for the event at this position of the body."""
        return EventError(index, self.code, self.pointer, str(self))


def unknown_field(parent: str, name: str, meant: str = ".") -> EventRejected:
    """The error of a field that senders cannot set, of the object at the pointer `parent`; `meant` ends the sentence."""
    return EventRejected("unknown_field", parent + json_pointer(name), f"`{name}` is not a field of this event{meant}")


_MESSAGE = re.compile(r"^(?P<message>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(.+)`")
_UNKNOWN = re.compile(r"unknown field `(.+)`", re.DOTALL)
_TYPE = re.compile(r"Invalid value '(.*)'", re.DOTALL)
_VALUE = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
_PATH_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_MAX_ECHOED = 64


def from_decode_error(error: Exception, sent: object = None) -> EventRejected:
    """Returns the error for an event that msgspec could not decode. This module is the only one that parses msgspec's messages.

    `sent` is the event as plain JSON, if it is that: with it the message names the type, field or value that is probably meant.
    """
    if not isinstance(error, msgspec.ValidationError):
        return EventRejected("malformed_json", "", "The event is not a JSON object in UTF-8.")
    message, pointer = split_message(error)
    event_type = sent.get("type") if isinstance(sent, dict) else None
    if missing := _MISSING.search(message):
        return EventRejected("missing_field", pointer + json_pointer(missing[1]), f"`{missing[1]}` is missing.")
    if unknown := _UNKNOWN.search(message):
        name = unknown[1][:_MAX_ECHOED]
        meant = explain_field(event_type, pointer, name) or "."
        return unknown_field(pointer, name, meant)
    if log_only := _log_only_field(pointer):
        return unknown_field(*log_only)
    if pointer == "/type" and (invalid := _TYPE.match(message)):
        return _invalid_type(invalid[1][:_MAX_ECHOED])
    code: EventErrorCode = "wrong_type" if ", got `" in message else "invalid_value"
    return EventRejected(code, pointer, _describe_value(message, pointer, allowed_values(event_type, pointer)))


def _log_only_field(pointer: str) -> tuple[str, str] | None:
    """The object and the name of the field that senders cannot set which a pointer leads into; None if there is none."""
    steps = pointer.split("/")
    return next((("/".join(steps[:at]), name) for at, name in enumerate(steps) if name in LOG_ONLY_FIELDS), None)


def _describe_value(message: str, pointer: str, allowed: tuple[str, ...]) -> str:
    name = pointer[1:].replace("/", ".")
    if pointer == "/occurred_at":
        return f"`{name}` must be a time with a UTC offset, such as 2026-11-03T08:00:00Z: {message[:256]}."
    if not allowed:
        return f"`{name}`: {message[:256]}." if name else f"{message[:256]}."
    value = _VALUE.search(message)
    got = f"; got {value[1][:_MAX_ECHOED]!r}" if value else ""
    return f"`{name}` must be one of {', '.join(allowed)}{got}."


def split_message(error: msgspec.ValidationError) -> tuple[str, str]:
    """Returns msgspec's message without the path, and the path as a JSON pointer."""
    found = _MESSAGE.match(str(error))
    return (found["message"], _pointer(found["path"] or "")) if found else (str(error), "")


def _invalid_type(event_type: str) -> EventRejected:
    code: EventErrorCode = "internal_type" if event_type in INTERNAL_TYPES else "unknown_type"
    meant = explain_type(event_type) if code == "unknown_type" else ""
    return EventRejected(code, "/type", f"`{event_type}` is not an event type that can be sent{meant or '.'}")


def _pointer(path: str) -> str:
    """Returns the JSON pointer for a path as msgspec writes it, e.g. `.data.hashtags[1]`."""
    return json_pointer(*(name or index for name, index in _PATH_STEP.findall(path)))
