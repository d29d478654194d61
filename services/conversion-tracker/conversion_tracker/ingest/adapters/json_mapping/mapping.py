"""Maps another platform's JSON to events by the `adapters` section of the program file. Errors point into the payload.

Whatever an adapter does not map is passed over, since a platform stops sending to a URL that refuses: an event name or status
that is not in `types`, and an event without a person, such as a guest's order.
"""

from collections.abc import Iterator

from conversion_tracker.ingest.adapters.json_mapping.item_mapper import Ignored, ItemMapper
from conversion_tracker.ingest.adapters.json_mapping.json_path import resolve_path, to_pointer
from conversion_tracker.ingest.adapters.mapped_event import (
    MappedItem,
    MappingError,
)
from referral.events.adapters import Adapter


def map_payload(payload: object, adapter: Adapter, program: str, event_name: str | None = None) -> list[MappedItem]:
    """Maps each item of a payload on its own. `event_name` is the value of the adapter's `type_header`.

    Raises MappingError if the adapter's list of items is missing.
    """
    items = _items(payload, adapter.items)
    return [_map_item(base, item, adapter, program, event_name) for base, item in items]


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


def _map_item(base: str, item: object, adapter: Adapter, program: str, event_name: str | None) -> MappedItem:
    try:
        return ItemMapper(base, item, adapter, event_name).event(program)
    except Ignored as ignored:
        return ignored.item
    except MappingError as error:
        return error
