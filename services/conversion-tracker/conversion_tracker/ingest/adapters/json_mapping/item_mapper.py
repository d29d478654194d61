"""Maps one item of a platform's payload to an event."""

from decimal import Decimal

from conversion_tracker.ingest.adapters.json_mapping.event_time import InvalidTime, event_time
from conversion_tracker.ingest.adapters.json_mapping.json_path import path_obstacle, resolve_path, to_pointer
from conversion_tracker.ingest.adapters.json_mapping.minor_units import in_main_unit
from conversion_tracker.ingest.adapters.json_mapping.text_values import (
    TEXT_FIELDS,
    NotText,
    text_or_invalid,
    text_value,
    texts_or_invalid,
)
from conversion_tracker.ingest.adapters.mapped_event import (
    DATA_FIELDS,
    IgnoredItem,
    IgnoredReason,
    MappedEvent,
    MappingError,
    build_event,
)
from referral.events.adapters import Adapter
from referral.events.facts import FACT_ALIASES
from referral.events.ids import derive_id
from referral.events.value_checks import InvalidValue

_OPTIONAL = ("code", "mention", "click", "device", "network")
_MAX_ID = 64
_EMPTY: tuple[object, ...] = (None, "", 0, [], {})
"""What platforms send for nothing; False equals 0. PHP encodes an empty object as []."""
_NO_PERSON = (*_EMPTY, "0")
"""What platforms send for no person: WooCommerce has customer 0 for a guest."""


class Ignored(Exception):
    """The item is no event."""

    def __init__(self, reason: IgnoredReason, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.item = IgnoredItem(reason, pointer, detail)


class ItemMapper:
    """Maps one item by one adapter."""

    def __init__(self, base: str, item: object, adapter: Adapter, event_name: str | None) -> None:
        self._base, self._item, self._adapter, self._event_name = base, item, adapter, event_name

    def event(self, program: str) -> MappedEvent:
        """The item as an event. Raises Ignored and MappingError."""
        if not isinstance(self._item, dict):
            raise MappingError("not_mapped", self._base, f"The adapter {self._adapter.id} maps JSON objects.")
        source_type = self._source_type()
        event_type = self._adapter.types[source_type]
        event_type = FACT_ALIASES.get(event_type, event_type)
        person = self._person()
        fields = {
            "id": self._id(source_type),
            "type": event_type,
            "program": program,
            "person": person,
            "occurred_at": self._time(),
            **{name: self._optional_text(getattr(self._adapter.where, name)) for name in _OPTIONAL},
            "channel": self._adapter.channel,
            "data": self._data(event_type),
        }
        return build_event(fields, self._source_pointers())

    def _source_pointers(self) -> dict[str, str]:
        where, data = self._adapter.where, self._adapter.data
        paths = {name: getattr(where, name) for name in where.__struct_fields__}
        paths |= {f"data/{name}": path for name, path in data.items()}
        paths["occurred_at"] = where.time
        return {"": self._base} | {f"/{name}": self._pointer(path) for name, path in paths.items() if path}

    def _pointer(self, path: str) -> str:
        return self._base + to_pointer(path)

    def _id(self, source_type: str) -> str:
        """The platform's id after the adapter's name and the event's: two platforms, and two events of an order, share ids.

        The name of an adapter contains no colon. If the event's name does, the id is a hash, so that no two events share one.
        """
        source_id = self._require_text("id", self._adapter.where.id)
        joined = f"{self._adapter.id}:{source_type}:{source_id}"
        if ":" in source_type or len(joined) > _MAX_ID:
            return derive_id("evt", self._adapter.id, source_type, source_id)
        return joined

    def _source_type(self) -> str:
        """The platform's name of the event, if the adapter maps it."""
        path, name = self._adapter.where.type, self._event_name
        where = self._pointer(path) if path else self._base
        place = f"the header {self._adapter.type_header}" if path is None else where
        if path is not None:
            value = resolve_path(self._item, path)
            name = None if value is None else self._text("type", path, value)
        if not name:
            raise Ignored("no_type", where, f"There is no event name in {place}.")
        if name not in self._adapter.types:
            known = ", ".join(self._adapter.types)[:512]
            detail = f"The adapter {self._adapter.id} maps {known}; {place} has {name[:64]!r}."
            raise Ignored("unmapped_type", where, detail)
        return name

    def _person(self) -> str:
        """The person's id with the adapter's prefix."""
        path = self._adapter.where.person
        value, obstacle = resolve_path(self._item, path), path_obstacle(self._item, path)
        if obstacle is not None:
            detail = f"`person` is read from {self._pointer(path)}; {self._base}{obstacle} must be an object."
            raise MappingError("not_mapped", self._pointer(path), detail)
        if value in _NO_PERSON:
            raise Ignored("no_person", self._pointer(path), f"There is no person at {self._pointer(path)}.")
        return f"{self._adapter.person_prefix or ''}{self._text('person', path, value)}"

    def _require_value(self, name: str, path: str) -> object:
        value = resolve_path(self._item, path)
        if value is None or value == "":
            pointer = self._pointer(path)
            detail = f"`{name}` is missing: the adapter {self._adapter.id} reads it from {pointer}."
            raise MappingError("not_mapped", pointer, detail)
        return value

    def _require_text(self, name: str, path: str) -> str:
        return self._text(name, path, self._require_value(name, path))

    def _text(self, name: str, path: str, value: object) -> str:
        try:
            return text_value(value)
        except NotText as error:
            raise MappingError("wrong_type", self._pointer(path), f"`{name}` {error}.") from None

    def _optional_text(self, path: str | None) -> object:
        value = resolve_path(self._item, path) if path else None
        return None if value in _EMPTY else text_or_invalid(value)

    def _time(self) -> object:
        path = self._adapter.where.time
        try:
            return event_time(self._require_value("time", path), self._adapter)
        except InvalidTime as error:
            raise MappingError(
                "wrong_type" if error.is_type else "invalid_value", self._pointer(path), str(error)
            ) from None

    def _data(self, event_type: str) -> dict[str, object] | None:
        """The fields that the event type's `data` may have and that the payload has; None for types without data."""
        allowed, texts = DATA_FIELDS[event_type], TEXT_FIELDS[event_type]
        values = {name: resolve_path(self._item, path) for name, path in self._adapter.data.items() if name in allowed}
        fields = {name: value for name, value in values.items() if value is not None and value != ""}
        for name in texts.keys() & fields.keys():
            fields[name] = texts_or_invalid(fields[name]) if texts[name] else text_or_invalid(fields[name])
        if self._adapter.amount_unit == "minor" and "amount" in fields:
            path = self._adapter.data.get("currency")  # of a refund too, whose event has no currency
            currency = resolve_path(self._item, path) if path else None
            fields["amount"] = self._in_main_unit(fields["amount"], currency or "")
        return fields if allowed else None

    def _in_main_unit(self, amount: object, currency: object) -> Decimal:
        try:
            return in_main_unit(amount, currency)
        except ValueError as error:
            name = "currency" if isinstance(error, InvalidValue) else "amount"
            pointer = self._pointer(self._adapter.data.get(name, ""))
            raise MappingError("invalid_value", pointer, f"`{name}` {error}.") from None
