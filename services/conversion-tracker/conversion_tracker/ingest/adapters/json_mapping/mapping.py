"""Other platforms' JSON, mapped by what the program file says under `adapters:`. Errors name places in the platform's payload."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from conversion_tracker.ingest.adapters.json_mapping.json_path import parse_path, resolve_path, to_pointer
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
    """A verdict on each item of a payload; a bad one spoils no other. Raises Unmapped where the list is not there."""
    return [_map_item(base, item, adapter, program) for base, item in _items(payload, adapter.items)]


def _items(payload: object, place: str | None) -> Iterator[tuple[str, object]]:
    listed = payload if place is None else resolve_path(payload, place)
    base = "" if place is None else to_pointer(parse_path(place))
    if isinstance(listed, list):
        yield from ((f"{base}/{index}", item) for index, item in enumerate(listed))
    elif place is None:
        yield "", payload
    else:
        raise MappingError("not_mapped", base, f"A list of events is looked for at {base}; none is there.")


def _map_item(base: str, item: object, adapter: Adapter, program: str) -> MappedItem:
    try:
        return _ItemMapper(base, item, adapter).event(program)
    except MappingError as unmapped:
        return unmapped


class _ItemMapper:
    """One item under one adapter."""

    def __init__(self, base: str, item: object, adapter: Adapter) -> None:
        self._base, self._item, self._adapter = base, item, adapter

    def event(self, program: str) -> MappedEvent:
        """The item as an event. Raises Unmapped."""
        where, kind = self._adapter.where, self._event_type()
        person = f"{self._adapter.person_prefix or ''}{self._text('person', where.person)}"
        fields = {"id": self._id(), "type": kind, "program": program, "person": person, "occurred_at": self._time()}
        optional = {name: self._optional(getattr(where, name)) for name in _OPTIONAL}
        return build_event(
            fields | optional | {"channel": self._adapter.channel, "data": self._data(kind)}, self._source_pointers()
        )

    def _source_pointers(self) -> dict[str, str]:
        where, data = self._adapter.where, self._adapter.data
        named = {name: getattr(where, name) for name in where.__struct_fields__} | {
            f"data/{name}": place for name, place in data.items()
        }
        named["occurred_at"] = where.time
        return {"": self._base} | {f"/{name}": self._pointer(place) for name, place in named.items() if place}

    def _pointer(self, place: str) -> str:
        return self._base + to_pointer(parse_path(place))

    def _id(self) -> str:
        """The platform's id, after the adapter's name: two platforms may count alike."""
        own_id = self._text("id", self._adapter.where.id)
        together = f"{self._adapter.id}:{own_id}"
        return together if len(together) <= _MAX_ID else derive_id("evt", self._adapter.id, own_id)

    def _event_type(self) -> str:
        place = self._adapter.where.type
        said = self._text("type", place)
        if said not in self._adapter.types:
            known = ", ".join(self._adapter.types)
            what = f"{said[:64]!r} stands for none of our events; the adapter {self._adapter.id} knows {known}."
            raise MappingError("not_mapped", self._pointer(place), what)
        return self._adapter.types[said]

    def _required(self, name: str, place: str) -> object:
        value = resolve_path(self._item, place)
        if value is None or value == "":
            what = f"The adapter {self._adapter.id} looks for `{name}` at {self._pointer(place)}; nothing is there."
            raise MappingError("not_mapped", self._pointer(place), what)
        return value

    def _text(self, name: str, place: str) -> str:
        value = _as_text(self._required(name, place))
        if not isinstance(value, str):
            raise MappingError("wrong_type", self._pointer(place), f"`{name}` is neither a string nor a whole number.")
        return value

    def _optional(self, place: str | None) -> object:
        value = resolve_path(self._item, place) if place else None
        return _as_text(value) if value != "" else None

    def _time(self) -> object:
        place, form = self._adapter.where.time, self._adapter.time_format
        said = self._required("time", place)
        if form == "rfc3339":
            return said
        seconds = _number(said)
        if seconds is None:
            raise MappingError("wrong_type", self._pointer(place), f"`time` is no number of {form} since 1970.")
        seconds = seconds / 1000 if form == "milliseconds" else seconds
        if not _EARLIEST_S <= seconds < _LATEST_S:
            raise MappingError("invalid_value", self._pointer(place), f"`time` is in no year that there is, as {form}.")
        return _rfc3339(seconds)

    def _data(self, kind: str) -> dict[str, object] | None:
        """What the type's `data` may hold and the payload has. Types without data get none."""
        takes = DATA_FIELDS[kind]
        told = {name: resolve_path(self._item, place) for name, place in self._adapter.data.items() if name in takes}
        return {name: value for name, value in told.items() if value is not None} if takes else None


def _as_text(value: object) -> object:
    """Platforms often number people and events; for us an id is a string."""
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
    whole = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(seconds * 1000))
    return whole.isoformat(timespec="milliseconds").replace("+00:00", "Z")
