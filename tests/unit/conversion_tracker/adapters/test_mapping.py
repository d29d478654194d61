"""Other platforms' JSON: found where the program file says, and what is not there named by its place in their payload."""

import json
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.adapters.json_mapping.json_path import parse_path, resolve_path, to_pointer
from conversion_tracker.ingest.adapters.json_mapping.mapping import map_payload
from conversion_tracker.ingest.adapters.mapped_event import DATA_FIELDS, MappedEvent, MappedItem, MappingError
from referral.events.adapters import Adapter, FactType
from referral.events.facts import Fact
from referral.events.schemas import kinds
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


def test_a_payload_becomes_the_event_that_the_file_says() -> None:
    """Numbers become the strings that ids are; what nobody asked for is left behind."""
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


def test_each_type_gets_the_data_that_it_takes() -> None:
    """One table of places serves all types of a platform, and an amount keeps its digits."""
    order = {"no": "o1", "total": Decimal("19.90"), "currency": "CNY"}
    assert _line(ITEM | {"event": {"name": "bought"}, "order": order})["data"] == {
        "order": "o1",
        "amount": "19.90",
        "currency": "CNY",
    }
    assert "data" not in _line(ITEM | {"event": {"name": "left"}})


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("seconds", 1_793_692_800),
        ("seconds", "1793692800"),
        ("milliseconds", 1_793_692_800_000),
        ("seconds", Decimal("1793692800.0")),
    ],
)
def test_moments_may_be_numbers_since_1970(form: Any, said: object) -> None:
    """Many platforms count seconds or milliseconds."""
    adapter = msgspec.structs.replace(SHOP, time_format=form)
    assert _line(ITEM | {"at": said}, adapter)["occurred_at"] == "2026-11-03T08:00:00.000Z"


@pytest.mark.parametrize(
    ("more", "reason", "place"),
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
def test_what_does_not_map_is_named_by_its_place_and_spoils_nothing(more: Any, reason: str, place: str) -> None:
    """The reader looks there in their own payload; its neighbours are taken."""
    good, bad, also_good = _items(ITEM, ITEM | more, ITEM)
    assert isinstance(good, MappedEvent)
    assert isinstance(also_good, MappedEvent)
    assert isinstance(bad, MappingError)
    assert (bad.code, bad.pointer) == (reason, place)


@pytest.mark.parametrize("said", ["soon", True, "1e99", -(10**20), "NaN", [], "Infinity"])
def test_a_number_that_is_no_moment_is_refused(said: object) -> None:
    """Neither too far nor not at all."""
    (item,) = _items(ITEM | {"at": said}, adapter=msgspec.structs.replace(SHOP, time_format="seconds"))
    assert isinstance(item, MappingError)
    assert item.pointer == "/events/0/at"


def test_a_refusal_of_our_own_is_told_in_their_places() -> None:
    """The inspection speaks of our fields; the platform's developer knows only theirs."""
    (item,) = _items(ITEM)
    assert isinstance(item, MappedEvent)
    ours = ("/person", "/occurred_at", "/data/amount", "/data", "/program", "")
    assert [item.source_pointer(place) for place in ours] == [
        "/events/0/user/id",
        "/events/0/at",
        "/events/0/order/total",
        "/events/0",
        "/events/0",
        "/events/0",
    ]


def test_the_list_may_be_the_body_and_the_body_may_be_one_event() -> None:
    """Without `items` both forms are taken; with it, a body that lacks the list is told where it was looked for."""
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
def test_whatever_stands_at_a_place_gets_a_verdict(name: str, value: object, form: Any) -> None:
    """No payload makes the door fail, and every verdict names a place inside it."""
    (item,) = _items(ITEM | {name: value}, adapter=msgspec.structs.replace(SHOP, time_format=form))
    assert isinstance(item, MappedEvent) or item.pointer.startswith("/events/0/")


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5), st.integers())
def test_a_pointer_finds_what_stands_there(way: list[str], value: int) -> None:
    """RFC 6901: `~` and `/` in names are escaped, and nothing else is."""
    document: object = value
    for step in reversed(way):
        document = {step: document}
    pointer = json_pointer(*way)
    assert parse_path(pointer) == tuple(way)
    assert to_pointer(pointer) == pointer
    assert resolve_path(document, pointer) == value


def test_lists_are_gone_into_by_index_and_dots_say_the_same_as_slashes() -> None:
    """Both ways of writing a place lead to it; beside it there is nothing."""
    document = {"a": [{"b": 1}]}
    assert [resolve_path(document, place) for place in ("/a/0/b", "a.0.b", "/a/1/b", "/a/x", "/a/0/b/c")] == [
        1,
        1,
        None,
        None,
        None,
    ]


def test_the_types_of_an_adapter_are_those_of_the_facts() -> None:
    """A fact type that is added can be mapped to."""
    assert set(get_args(FactType)) == set(kinds(Fact)) == set(DATA_FIELDS)
