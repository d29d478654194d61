"""Why an event is refused: one table of codes, each with what to do about it. docs and tests read the same table."""

import re
from typing import Literal

import msgspec

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
    "malformed_json": "Send one valid JSON object in UTF-8 for each event.",
    "too_large": "Leave out what the API does not ask for; REFERRAL_MAX_EVENT sets the bound.",
    "unknown_type": "Use one of the event types that /docs lists.",
    "internal_type": "This type is written by the system itself; leave it out.",
    "missing_field": "Add it; /docs shows an example of every type.",
    "unknown_field": "Remove it, or check its spelling; free data is not kept.",
    "wrong_type": "Send the JSON type that the schema in /openapi.json names.",
    "invalid_value": "Send a value that the schema in /openapi.json allows.",
    "unknown_program": "Apply the program first: PUT /v1/programs/{id} at link-issuer.",
    "other_program": "Use an API key that is bound to this program, or to none.",
    "in_the_future": "Check the sender's clock, and send UTC or a zone offset.",
    "too_long_ago": "Check the unit: `occurred_at` is RFC 3339, not a number of seconds.",
    "bad_token": "Send the value of `rt` exactly as the redirect gave it, or leave `click` out.",
    "expired_token": "Leave `click` out: no program's window reaches back so far.",
    "not_mapped": "Mend the payload, or what the program file says of it under `adapters:`; docs/adapters.md shows how.",
    "not_a_cloudevent": "Send a CloudEvent 1.0 as docs/adapters.md shows it.",
}

INTERNAL_TYPES = ("clock.ticked", "link.clicked", "click.reclassed", "person.banned", "person.unbanned")


class EventError(msgspec.Struct, frozen=True, gc=False):
    """One event that was refused: its place in the body, a stable code, a JSON pointer into the event, what to do."""

    index: int
    code: EventErrorCode
    pointer: str
    detail: str


class EventRejected(Exception):
    """This event is refused; caught where the batch is inspected."""

    def __init__(self, code: EventErrorCode, pointer: str, what: str) -> None:
        super().__init__(f"{what} {REMEDIES[code]}")
        self.code, self.pointer = code, pointer

    def to_event_error(self, index: int) -> EventError:
        """The refusal of the event at this place."""
        return EventError(index, self.code, self.pointer, str(self))


_MESSAGE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(.+)`")
_UNKNOWN = re.compile(r"unknown field `(.+)`", re.DOTALL)
_TYPE = re.compile(r"Invalid value '(.*)'", re.DOTALL)
_PATH_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_MAX_ECHOED = 64


def from_decode_error(error: Exception) -> EventRejected:
    """What msgspec says of an event it could not take, as a refusal. The wording is msgspec's and is read here only."""
    if not isinstance(error, msgspec.ValidationError):
        return EventRejected("malformed_json", "", "This is not a JSON object in UTF-8.")
    what, pointer = split_message(error)
    if missing := _MISSING.search(what):
        return EventRejected("missing_field", f"{pointer}/{_escape(missing[1])}", f"`{missing[1]}` is missing.")
    if unknown := _UNKNOWN.search(what):
        name = unknown[1][:_MAX_ECHOED]
        return EventRejected("unknown_field", f"{pointer}/{_escape(name)}", f"`{name}` is not a field of this event.")
    if pointer == "/type" and (kind := _TYPE.match(what)):
        return _invalid_type(kind[1][:_MAX_ECHOED])
    code: EventErrorCode = "wrong_type" if ", got `" in what else "invalid_value"
    return EventRejected(code, pointer, f"{what[:256]}.")


def split_message(error: msgspec.ValidationError) -> tuple[str, str]:
    """What msgspec says is wrong, and the JSON pointer of where."""
    found = _MESSAGE.match(str(error))
    return (found["what"], _pointer(found["path"] or "")) if found else (str(error), "")


def _invalid_type(kind: str) -> EventRejected:
    code: EventErrorCode = "internal_type" if kind in INTERNAL_TYPES else "unknown_type"
    return EventRejected(code, "/type", f"There is no event type `{kind}` to send.")


def _pointer(path: str) -> str:
    """msgspec's `.data.hashtags[1]` as a JSON pointer (RFC 6901)."""
    return "".join(f"/{_escape(name or index)}" for name, index in _PATH_STEP.findall(path))


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
