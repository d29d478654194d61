"""What became of one item that a platform sent: our event as a line, or why it is none; both speak of the platform's own places."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec

from referral.events.facts import Fact

MappingErrorCode = Literal[
    "not_mapped", "not_a_cloudevent", "missing_field", "wrong_type", "invalid_value", "malformed_json"
]
EVIDENCE_FIELDS = ("channel", "code", "click", "mention", "device", "network")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class MappedEvent:
    """An event still to be inspected. `places` leads from JSON pointers into it to pointers into what was sent."""

    line: bytes
    source_pointers: Mapping[str, str]

    def source_pointer(self, pointer: str) -> str:
        """Where in what was sent a place of our event is; the item as a whole where it has none there."""
        ours = max((one for one in self.source_pointers if _within(pointer, one)), key=len, default=None)
        return "" if ours is None else self.source_pointers[ours] + (pointer[len(ours) :] if ours else "")


class MappingError(Exception):
    """This item is no event of ours: a reason, a JSON pointer into what was sent, and what is wrong there."""

    def __init__(self, reason: MappingErrorCode, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.pointer, self.what = reason, pointer, detail


MappedItem = MappedEvent | MappingError


def build_event(fields: Mapping[str, object], source_pointers: Mapping[str, str]) -> MappedEvent:
    """An event of these fields, those that are None left out. Raises Unmapped for data that are too deep to write."""
    try:
        return MappedEvent(
            _encode({name: value for name, value in fields.items() if value is not None}), source_pointers
        )
    except RecursionError:
        raise MappingError("malformed_json", source_pointers.get("", ""), "It is nested too deeply.") from None


def _data_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The fields of a fact's `data`; none where it takes no data."""
    data = next((field.type for field in msgspec.structs.fields(kind) if field.name == "data"), None)
    return frozenset(data.__struct_fields__) if data is not None else frozenset()


DATA_FIELDS: Mapping[str, frozenset[str]] = {
    str(kind.__struct_config__.tag): _data_fields(kind) for kind in get_args(Fact)
}


def _within(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(f"{place}/")
