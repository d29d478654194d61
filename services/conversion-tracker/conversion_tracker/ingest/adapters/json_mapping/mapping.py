"""Maps another platform's JSON to events by the `adapters` section of the program file. Errors point into the payload."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from conversion_tracker.ingest.adapters.json_mapping.json_path import resolve_path, to_pointer
from conversion_tracker.ingest.adapters.mapped_event import (
    DATA_FIELDS,
    MappedEvent,
    MappedItem,
    MappingError,
    build_event,
)
from referral.events.adapters import Adapter
from referral.events.ids import derive_id

_OPTIONAL = ("code", "mention", "click", "device", "network")
_MAX_ID = 64
_EARLIEST_S, _LATEST_S = -62_135_596_800, 253_402_300_800  # the years 1 to 9999


def map_payload(payload: object, adapter: Adapter, program: str) -> list[MappedItem]:
    """Maps each item of a payload on its own. Raises MappingError if the adapter's list of items is missing."""
    return [_map_item(base, item, adapter, program) for base, item in _items(payload, adapter.items)]


def _items(payload: object, path: str | None) -> Iterator[tuple[str, object]]:
    """Each item with the JSON pointer to it."""
    items = payload if path is None else resolve_path(payload, path)
    base = "" if path is None else to_pointer(path)
    if isinstance(items, list):
        yield from ((f"{base}/{index}", item) for index, item in enumerate(items))
    elif path is None:
        yield "", payload
    else:
        raise MappingError("not_mapped", base, f"The payload must have an array of events at {base}.")


def _map_item(base: str, item: object, adapter: Adapter, program: str) -> MappedItem:
    try:
        return _ItemMapper(base, item, adapter).event(program)
    except MappingError as error:
        return error


class _ItemMapper:
    """Maps one item by one adapter."""

    def __init__(self, base: str, item: object, adapter: Adapter) -> None:
        self._base, self._item, self._adapter = base, item, adapter

    def event(self, program: str) -> MappedEvent:
        """The item as an event. Raises MappingError."""
        where, event_type = self._adapter.where, self._event_type()
        fields = {
            "id": self._id(),
            "type": event_type,
            "program": program,
            "person": f"{self._adapter.person_prefix or ''}{self._require_text('person', where.person)}",
            "occurred_at": self._time(),
            **{name: self._optional_value(getattr(where, name)) for name in _OPTIONAL},
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

    def _id(self) -> str:
        """The platform's id, prefixed by the adapter's name: two platforms may use the same ids."""
        source_id = self._require_text("id", self._adapter.where.id)
        joined = f"{self._adapter.id}:{source_id}"
        return joined if len(joined) <= _MAX_ID else derive_id("evt", self._adapter.id, source_id)

    def _event_type(self) -> str:
        path = self._adapter.where.type
        source_type = self._require_text("type", path)
        if source_type not in self._adapter.types:
            known = ", ".join(self._adapter.types)
            detail = f"`type` must be one of {known} (adapter {self._adapter.id}); got {source_type[:64]!r}."
            raise MappingError("not_mapped", self._pointer(path), detail)
        return self._adapter.types[source_type]

    def _require_value(self, name: str, path: str) -> object:
        value = resolve_path(self._item, path)
        if value is None or value == "":
            pointer = self._pointer(path)
            detail = f"`{name}` is missing: the adapter {self._adapter.id} reads it from {pointer}."
            raise MappingError("not_mapped", pointer, detail)
        return value

    def _require_text(self, name: str, path: str) -> str:
        value = _as_text(self._require_value(name, path))
        if not isinstance(value, str):
            raise MappingError("wrong_type", self._pointer(path), f"`{name}` must be a string or an integer.")
        return value

    def _optional_value(self, path: str | None) -> object:
        value = resolve_path(self._item, path) if path else None
        return _as_text(value) if value != "" else None

    def _time(self) -> object:
        path, time_format = self._adapter.where.time, self._adapter.time_format
        value = self._require_value("time", path)
        if time_format == "rfc3339":
            return value
        number = _number(value)
        if number is None:
            raise MappingError(
                "wrong_type", self._pointer(path), f"`time` must be a number of {time_format} since 1970."
            )
        seconds = number / 1000 if time_format == "milliseconds" else number
        if not _EARLIEST_S <= seconds < _LATEST_S:
            detail = f"`time` must be within the years 1 to 9999, in {time_format} since 1970."
            raise MappingError("invalid_value", self._pointer(path), detail)
        return _rfc3339(seconds)

    def _data(self, event_type: str) -> dict[str, object] | None:
        """The fields that the event type's `data` may have and that the payload has; None for types without data."""
        allowed = DATA_FIELDS[event_type]
        values = {name: resolve_path(self._item, path) for name, path in self._adapter.data.items() if name in allowed}
        return {name: value for name, value in values.items() if value is not None} if allowed else None


def _as_text(value: object) -> object:
    """Integers as strings: many platforms use numbers for ids, and an id of this API is a string."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _rfc3339(seconds: Decimal) -> str:
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(seconds * 1000))
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
