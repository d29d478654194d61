"""Mapping of other platforms' JSON: values are read from the declared paths, and errors point into the payload."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.adapters.json_mapping.json_path import parse_path, resolve_path, to_pointer
from conversion_tracker.ingest.adapters.json_mapping.mapping import map_payload
from conversion_tracker.ingest.adapters.mapped_event import DATA_FIELDS, MappedEvent, MappedItem, MappingError
from referral.events.adapters import FACT_TYPES, Adapter
from referral.events.facts import Fact
from referral.events.schemas import types_by_tag
from referral.json_pointer import json_pointer

SHOP = msgspec.convert(
    {
        "id": "shop",
        "items": "/events",
        "where": {
            "id": "/id",
            "type": "event.name",
            "person": "/user/id",
            "time": "/at",
            "code": "/user/invited_by",
            "mention": "/user/mention",
        },
        "types": {"subscribed": "person.followed", "left": "person.unfollowed", "bought": "order.paid"},
        "data": {"order": "/order/no", "amount": "/order/total", "currency": "/order/currency", "content": "/post"},
        "channel": "web",
        "person_prefix": "shop:",
    },
    Adapter,
)
ITEM: dict[str, Any] = {
    "id": 17,
    "event": {"name": "subscribed"},
    "user": {"id": 42, "invited_by": "AMY88"},
    "at": "2026-11-03T08:00:00Z",
    "post": "hacks",
    "noise": [1, 2],
}


def _items(*sent: object, adapter: Adapter = SHOP) -> list[MappedItem]:
    return map_payload({"events": list(sent)}, adapter, "prg_glow")


def _line(sent: object, adapter: Adapter = SHOP) -> dict[str, Any]:
    (item,) = _items(sent, adapter=adapter)
    assert isinstance(item, MappedEvent), item
    line: dict[str, Any] = json.loads(item.line)
    return line


def test_a_payload_is_mapped_to_the_declared_event() -> None:
    """Numeric ids become strings; fields that are not declared are dropped."""
    assert _line(ITEM) == {
        "id": "shop:17",
        "type": "person.followed",
        "program": "prg_glow",
        "person": "shop:42",
        "occurred_at": "2026-11-03T08:00:00Z",
        "code": "AMY88",
        "channel": "web",
        "data": {"content": "hacks"},
    }


def test_each_type_gets_the_data_fields_that_it_has() -> None:
    """One table of paths serves all types of a platform, and an amount keeps all its digits."""
    order = {"no": "o1", "total": Decimal("19.90"), "currency": "CNY"}
    assert _line(ITEM | {"event": {"name": "bought"}, "order": order})["data"] == {
        "order": "o1",
        "amount": "19.90",
        "currency": "CNY",
    }
    assert "data" not in _line(ITEM | {"event": {"name": "left"}})


@pytest.mark.parametrize(
    ("time_format", "time"),
    [
        ("seconds", 1_793_692_800),
        ("seconds", "1793692800"),
        ("milliseconds", 1_793_692_800_000),
        ("seconds", Decimal("1793692800.0")),
    ],
)
def test_times_may_be_numbers_since_1970(time_format: Any, time: object) -> None:
    """Many platforms use seconds or milliseconds."""
    adapter = msgspec.structs.replace(SHOP, time_format=time_format)
    assert _line(ITEM | {"at": time}, adapter)["occurred_at"] == "2026-11-03T08:00:00.000Z"


@pytest.mark.parametrize(
    ("more", "code", "pointer"),
    [
        ({"id": None}, "not_mapped", "/events/1/id"),
        ({"id": {"a": 1}}, "wrong_type", "/events/1/id"),
        ({"user": {}}, "not_mapped", "/events/1/user/id"),
        ({"user": 3}, "not_mapped", "/events/1/user/id"),
        ({"event": {"name": "flew"}}, "not_mapped", "/events/1/event/name"),
        ({"event": {"name": True}}, "wrong_type", "/events/1/event/name"),
        ({"at": ""}, "not_mapped", "/events/1/at"),
    ],
)
def test_an_item_that_cannot_be_mapped_has_a_pointer_and_does_not_affect_others(
    more: Any, code: str, pointer: str
) -> None:
    """The pointer refers to the platform's payload; the items before and after are mapped."""
    good, bad, also_good = _items(ITEM, ITEM | more, ITEM)
    assert isinstance(good, MappedEvent)
    assert isinstance(also_good, MappedEvent)
    assert isinstance(bad, MappingError)
    assert (bad.code, bad.pointer) == (code, pointer)


@pytest.mark.parametrize("time", ["soon", True, "1e99", -(10**20), "NaN", [], "Infinity"])
def test_a_value_that_is_not_a_valid_time_is_an_error(time: object) -> None:
    """Not a number, or out of range."""
    (item,) = _items(ITEM | {"at": time}, adapter=msgspec.structs.replace(SHOP, time_format="seconds"))
    assert isinstance(item, MappingError)
    assert item.pointer == "/events/0/at"


def test_pointers_into_the_event_are_translated_to_the_payload() -> None:
    """Validation errors refer to fields of the event; the platform's developer knows only the payload."""
    (item,) = _items(ITEM)
    assert isinstance(item, MappedEvent)
    pointers = ("/person", "/occurred_at", "/data/amount", "/data", "/program", "")
    assert [item.source_pointer(pointer) for pointer in pointers] == [
        "/events/0/user/id",
        "/events/0/at",
        "/events/0/order/total",
        "/events/0",
        "/events/0",
        "/events/0",
    ]


def test_the_list_may_be_the_body_and_the_body_may_be_one_event() -> None:
    """Without `items` both forms are accepted; with it, the error for a missing list has its pointer."""
    bare = msgspec.structs.replace(SHOP, items=None)
    assert len(map_payload([ITEM, ITEM], bare, "prg_glow")) == 2
    assert len(map_payload(ITEM, bare, "prg_glow")) == 1
    with pytest.raises(MappingError) as caught:
        map_payload({"rows": []}, SHOP, "prg_glow")
    assert caught.value.pointer == "/events"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["id", "event", "user", "at", "order", "post"]), JSON, st.sampled_from(["rfc3339", "seconds"]))
def test_any_value_at_a_path_is_mapped_or_an_error(name: str, value: object, time_format: Any) -> None:
    """No payload raises another exception, and every error points into the item."""
    (item,) = _items(ITEM | {name: value}, adapter=msgspec.structs.replace(SHOP, time_format=time_format))
    assert isinstance(item, MappedEvent) or item.pointer.startswith("/events/0/")


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5), st.integers())
def test_a_pointer_resolves_to_its_value(path: list[str], value: int) -> None:
    """RFC 6901: `~` and `/` in names are escaped, no other characters."""
    document: object = value
    for step in reversed(path):
        document = {step: document}
    pointer = json_pointer(*path)
    assert parse_path(pointer) == tuple(path)
    assert to_pointer(pointer) == pointer
    assert resolve_path(document, pointer) == value


def test_list_items_have_indexes_and_dotted_paths_equal_pointers() -> None:
    """Both notations resolve to the same value; other paths resolve to None."""
    document = {"a": [{"b": 1}]}
    assert [resolve_path(document, path) for path in ("/a/0/b", "a.0.b", "/a/1/b", "/a/x", "/a/0/b/c")] == [
        1,
        1,
        None,
        None,
        None,
    ]


def test_an_adapter_can_map_to_every_event_type() -> None:
    """The types in the program file, the types that can be sent, and the table of data fields agree."""
    assert set(FACT_TYPES) == set(types_by_tag(Fact)) == set(DATA_FIELDS)
