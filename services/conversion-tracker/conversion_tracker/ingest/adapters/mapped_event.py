"""The result of mapping one item that a platform sent: an event of this API, nothing to record, or the error.

All refer to the platform's payload.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import msgspec

from referral.events.facts import LOG_ONLY_FIELDS, Fact
from referral.events.line import type_tag

MappingErrorCode = Literal[
    "not_mapped", "not_a_cloudevent", "missing_field", "wrong_type", "invalid_value", "malformed_json"
]
IgnoredReason = Literal["unmapped_type", "no_type", "no_person", "not_paid", "no_event", "unusable"]
EVIDENCE_FIELDS = ("channel", "code", "click", "mention", "device", "network")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class MappedEvent:
    """An event that is still to be validated. `source_pointers` maps JSON pointers into it to pointers into the payload."""

    line: bytes
    source_pointers: Mapping[str, str]

    def source_pointer(self, pointer: str) -> str:
        """The pointer into the payload for a pointer into the event; that of the whole item for fields without one."""
        known = max((one for one in self.source_pointers if _is_within(pointer, one)), key=len, default=None)
        return "" if known is None else self.source_pointers[known] + (pointer[len(known) :] if known else "")


class MappingError(Exception):
    """This item cannot be mapped to an event: an error code, a JSON pointer into the payload, and what is wrong there."""

    def __init__(self, code: MappingErrorCode, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.pointer, self.detail = code, pointer, detail


class IgnoredItem(msgspec.Struct, frozen=True, gc=False):
    """What a platform sent that is no event of this API, such as a status that the adapter does not map."""

    reason: IgnoredReason
    pointer: Annotated[str, msgspec.Meta(description="JSON pointer into what was sent.")]
    detail: Annotated[
        str, msgspec.Meta(description="Why there is no event, and what to change if there should be one.")
    ]


MappedItem = MappedEvent | IgnoredItem | MappingError


def build_event(fields: Mapping[str, object], source_pointers: Mapping[str, str]) -> MappedEvent:
    """An event with these fields; None values are omitted. Raises MappingError for data that are nested too deeply to encode."""
    try:
        line = _encode({name: value for name, value in fields.items() if value is not None})
    except RecursionError:
        raise MappingError("malformed_json", source_pointers.get("", ""), "It is nested too deeply.") from None
    return MappedEvent(line, source_pointers)


def _data_fields(event_type: type[msgspec.Struct]) -> frozenset[str]:
    """The fields of an event type's `data`; empty for types without data."""
    data = next((field.type for field in msgspec.structs.fields(event_type) if field.name == "data"), None)
    return frozenset(data.__struct_fields__) - LOG_ONLY_FIELDS if data is not None else frozenset()


DATA_FIELDS: Mapping[str, frozenset[str]] = {
    type_tag(event_type): _data_fields(event_type) for event_type in get_args(Fact)
}


def _is_within(pointer: str, parent: str) -> bool:
    return pointer == parent or pointer.startswith(f"{parent}/")
