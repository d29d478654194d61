"""Mapping of other platforms' JSON: values are read from the declared paths, and errors point into the payload."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.adapters.json_mapping.json_path import parse_path, resolve_path, to_pointer
from conversion_tracker.ingest.adapters.json_mapping.mapping import map_payload
from conversion_tracker.ingest.adapters.json_mapping.minor_units import in_main_unit
from conversion_tracker.ingest.adapters.json_mapping.ping import is_ping
from conversion_tracker.ingest.adapters.json_mapping.text_values import TEXT_FIELDS
from conversion_tracker.ingest.adapters.mapped_event import (
    DATA_FIELDS,
    IgnoredItem,
    MappedEvent,
    MappedItem,
    MappingError,
)
from referral.events.adapters import FACT_TYPES, Adapter
from referral.events.currencies import CURRENCY_CODES, minor_unit_digits
from referral.events.facts import FACT_ALIASES, Fact
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
        "id": "shop:subscribed:17",
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


@pytest.mark.parametrize(("name", "meant"), FACT_ALIASES.items())
def test_an_event_name_may_map_to_another_name_of_a_fact(name: str, meant: str) -> None:
    """A shop has customers who sign up; the line has the one name that the folds know."""
    signing = msgspec.structs.replace(SHOP, types={"subscribed": name})
    assert _line(ITEM, adapter=signing)["type"] == meant


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
    ("time_format", "time"), [("seconds", Decimal("1793692800.000321")), ("milliseconds", Decimal("1793692800000.321"))]
)
def test_numbers_keep_their_microseconds(time_format: Any, time: object) -> None:
    """They decide the order of what happened within a millisecond."""
    adapter = msgspec.structs.replace(SHOP, time_format=time_format)
    assert _line(ITEM | {"at": time}, adapter)["occurred_at"] == "2026-11-03T08:00:00.000321Z"


@pytest.mark.parametrize(
    ("more", "code", "pointer"),
    [
        ({"id": None}, "not_mapped", "/events/1/id"),
        ({"id": {"a": 1}}, "wrong_type", "/events/1/id"),
        ({"id": 12.5}, "wrong_type", "/events/1/id"),
        ({"id": Decimal("12.0")}, "wrong_type", "/events/1/id"),
        ({"id": True}, "wrong_type", "/events/1/id"),
        ({"user": {"id": Decimal("1E+3")}}, "wrong_type", "/events/1/user/id"),
        ({"user": 3}, "not_mapped", "/events/1/user/id"),
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


@pytest.mark.parametrize(
    ("more", "reason", "pointer"),
    [
        ({"event": {"name": "flew"}}, "unmapped_type", "/events/1/event/name"),
        ({"event": {"name": 7}}, "unmapped_type", "/events/1/event/name"),
        ({"event": {"name": None}}, "no_type", "/events/1/event/name"),
        ({"event": {"name": ""}}, "no_type", "/events/1/event/name"),
        ({"event": {}}, "no_type", "/events/1/event/name"),
        ({"event": {"name": "flew"}, "id": None, "user": None}, "unmapped_type", "/events/1/event/name"),
        ({"user": None}, "no_person", "/events/1/user/id"),
        ({"user": {}}, "no_person", "/events/1/user/id"),
        ({"user": []}, "no_person", "/events/1/user/id"),
        ({"user": {"id": None}}, "no_person", "/events/1/user/id"),
        ({"user": {"id": ""}}, "no_person", "/events/1/user/id"),
        ({"user": {"id": 0}}, "no_person", "/events/1/user/id"),
        ({"user": {"id": "0"}}, "no_person", "/events/1/user/id"),
        ({"user": None, "at": None}, "no_person", "/events/1/user/id"),
    ],
)
def test_what_the_adapter_does_not_map_is_passed_over(more: Any, reason: str, pointer: str) -> None:
    """An event name that is not mapped, and an event without a person, such as a guest's order; the others are mapped."""
    good, ignored, also_good = _items(ITEM, ITEM | more, ITEM)
    assert isinstance(good, MappedEvent)
    assert isinstance(also_good, MappedEvent)
    assert isinstance(ignored, IgnoredItem)
    assert (ignored.reason, ignored.pointer) == (reason, pointer)


@pytest.mark.parametrize("item", [1, "subscribed", None, True, []])
def test_an_item_that_is_no_object_is_an_error(item: object) -> None:
    """It is not passed over: no platform sends it, so the adapter's `items` is wrong."""
    (mapped,) = _items(item)
    assert isinstance(mapped, MappingError)
    assert mapped.pointer == "/events/0"


@pytest.mark.parametrize(
    ("body", "mimetype", "ping"),
    [
        (b"webhook_id=1", "application/x-www-form-urlencoded", True),
        (b"webhook_id=4096\n", "text/plain", True),
        (b"test=true", "application/x-www-form-urlencoded", True),
        (b"", "application/json", True),
        (b" \r\n", "", True),
        (b"{}", "application/x-www-form-urlencoded", False),
        (b'{"webhook_id": 1}', "application/json", False),
        (b"webhook_id=1&payload=%7B%7D", "application/x-www-form-urlencoded", False),
        (b"payload=%7B%22id%22%3A1%7D", "application/x-www-form-urlencoded", False),
        (b"test=true", "application/json", False),
    ],
)
def test_a_ping_is_an_empty_body_or_a_form_with_one_field(body: bytes, mimetype: str, ping: bool) -> None:
    """Neither can contain an event, so it may come without a signature, as WooCommerce's does."""
    assert is_ping(body, mimetype) is ping


@pytest.mark.parametrize("number", [17, 820982911946154508, 2**53 + 1, 2**64, 10**30, -3])
def test_whole_numbers_become_text_with_every_digit(number: int) -> None:
    """Ids of events, people, orders, posts and codes may be numbers, also beyond 2^53 (Shopify)."""
    order = {"no": number, "total": 5, "currency": "CNY"}
    user = {"id": number, "invited_by": number, "mention": number}
    line = _line(ITEM | {"id": number, "event": {"name": "bought"}, "user": user, "order": order})
    text = str(number)
    assert (line["id"], line["person"], line["data"]["order"]) == (f"shop:bought:{text}", f"shop:{text}", text)
    assert (line["code"], line["mention"]) == (text, text)
    assert _line(ITEM | {"post": number})["data"] == {"content": text}


@given(st.sampled_from(sorted(TEXT_FIELDS)), st.data())
def test_every_text_field_of_an_event_takes_a_whole_number(event_type: str, data: st.DataObject) -> None:
    """The table of text fields is that of the events' types: numbers where an event has text, lists of them for lists."""
    texts = TEXT_FIELDS[event_type]
    adapter = msgspec.structs.replace(
        SHOP, items=None, types={"subscribed": event_type}, data={name: f"/data/{name}" for name in texts}
    )
    number = data.draw(st.integers(1, 10**18))
    sent = {name: [number] if is_list else number for name, is_list in texts.items()}
    (item,) = map_payload(ITEM | {"data": sent}, adapter, "prg_glow")
    assert isinstance(item, MappedEvent), item
    expected = {name: [str(number)] if is_list else str(number) for name, is_list in texts.items()}
    assert json.loads(item.line).get("data", {}) == expected


@pytest.mark.parametrize("number", [Decimal("12.5"), Decimal("12.0"), Decimal("1E+3"), True])
def test_a_number_that_is_not_whole_is_no_text(number: object) -> None:
    """JSON readers round such numbers. The event's own check refuses it, at its place in the payload."""
    order = {"no": number, "total": 5, "currency": "CNY"}
    (item,) = _items(ITEM | {"event": {"name": "bought"}, "order": order})
    assert isinstance(item, MappedEvent)
    with pytest.raises(msgspec.ValidationError, match=r"Expected `str`.*data\.order"):
        msgspec.json.decode(item.line, type=Fact)
    assert item.source_pointer("/data/order") == "/events/0/order/no"


@pytest.mark.parametrize(
    ("sent", "currency", "amount"),
    [
        (19900, "CNY", "199.00"),
        ("19900", "cny", "199.00"),
        (Decimal("19900.0"), "CNY", "199.00"),
        (5, "CNY", "0.05"),
        (0, "CNY", "0.00"),
        (500, "JPY", "500"),
        (1250, "KWD", "1.250"),
        (990, "TWD", "9.90"),
        (100, "IDR", "1.00"),
        (123456, "CLF", "12.3456"),
        (10**17 - 1, "USD", "999999999999999.99"),
    ],
)
def test_amounts_in_a_minor_unit_become_the_main_unit(sent: object, currency: str, amount: str) -> None:
    """By the exponents of ISO 4217: fen and cents have two digits, yen none, Kuwaiti fils three."""
    bought = ITEM | {"event": {"name": "bought"}, "order": {"no": "o1", "total": sent, "currency": currency}}
    assert _line(bought, msgspec.structs.replace(SHOP, amount_unit="minor"))["data"]["amount"] == amount
    assert _line(bought, msgspec.structs.replace(SHOP, amount_unit="main"))["data"]["amount"] in (sent, str(sent))


def test_the_amount_of_a_refund_is_converted_by_the_currency_beside_it() -> None:
    """The event of a refund has no currency of its own: the order has."""
    shop = msgspec.structs.replace(SHOP, amount_unit="minor", types={"returned": "order.refunded"})
    returned = ITEM | {"event": {"name": "returned"}, "order": {"no": "o1", "total": 990, "currency": "CNY"}}
    assert _line(returned, shop)["data"] == {"order": "o1", "amount": "9.90"}


@pytest.mark.parametrize(
    ("order", "pointer"),
    [
        ({"total": "199.5", "currency": "CNY"}, "/events/0/order/total"),
        ({"total": Decimal("199.5"), "currency": "CNY"}, "/events/0/order/total"),
        ({"total": "much", "currency": "CNY"}, "/events/0/order/total"),
        ({"total": True, "currency": "CNY"}, "/events/0/order/total"),
        ({"total": [1], "currency": "CNY"}, "/events/0/order/total"),
        ({"total": 10**24, "currency": "CNY"}, "/events/0/order/total"),
        ({"total": 19900, "currency": "RMB"}, "/events/0/order/currency"),
        ({"total": 19900, "currency": "XAU"}, "/events/0/order/currency"),
        ({"total": 19900, "currency": None}, "/events/0/order/currency"),
        ({"total": 19900}, "/events/0/order/currency"),
    ],
)
def test_a_minor_amount_that_cannot_be_converted_is_an_error(order: dict[str, object], pointer: str) -> None:
    """A fraction of a fen, or a currency whose minor unit is unknown: no amount is guessed."""
    bought = ITEM | {"event": {"name": "bought"}, "order": order | {"no": "o1"}}
    (item,) = _items(bought, adapter=msgspec.structs.replace(SHOP, amount_unit="minor"))
    assert isinstance(item, MappingError)
    assert (item.code, item.pointer) == ("invalid_value", pointer)


@given(st.integers(0, 10**15), st.sampled_from(sorted(CURRENCY_CODES)))
def test_a_minor_amount_converts_back_to_itself(amount: int, currency: str) -> None:
    """The conversion is exact, in every currency."""
    assert in_main_unit(amount, currency) * 10 ** minor_unit_digits(currency) == amount


@pytest.mark.parametrize("empty", [None, "", False, 0, [], {}])
def test_what_platforms_send_for_nothing_is_omitted(empty: object) -> None:
    """PHP encodes an empty object as [], and a missing value as false or 0."""
    assert "code" not in _line(ITEM | {"user": {"id": 1, "invited_by": empty}})


def test_two_events_with_one_id_of_the_platform_are_two_events() -> None:
    """Paid and refunded, follow and unfollow: platforms send the order's or the person's id. A repetition has the same id."""
    ids = [_line(ITEM | {"event": {"name": name}})["id"] for name in ("subscribed", "left", "bought", "left")]
    assert ids == ["shop:subscribed:17", "shop:left:17", "shop:bought:17", "shop:left:17"]


@given(
    st.lists(st.tuples(st.text("ab:/", min_size=1), st.text("ab:/", min_size=1)), min_size=2, max_size=2, unique=True)
)
def test_different_events_have_different_ids(events: list[tuple[str, str]]) -> None:
    """Whatever characters the names and ids of events contain, also the colon that joins them."""
    adapter = msgspec.structs.replace(SHOP, types={name: "person.followed" for name, _ in events})
    ids = [_line(ITEM | {"id": id_, "event": {"name": name}}, adapter)["id"] for name, id_ in events]
    assert len(set(ids)) == 2
    assert all(len(one) <= 64 for one in ids)


def test_the_event_name_may_come_from_a_header() -> None:
    """Shopify and WooCommerce send the topic in a header; without it there is no event."""
    where = msgspec.structs.replace(SHOP.where, type=None)
    adapter = msgspec.structs.replace(
        SHOP, items=None, where=where, type_header="X-Shopify-Topic", types={"orders/paid": "person.followed"}
    )
    (item,) = map_payload(ITEM, adapter, "prg_glow", "orders/paid")
    assert isinstance(item, MappedEvent)
    assert json.loads(item.line)["id"] == "shop:orders/paid:17"
    for name, reason in (("orders/create", "unmapped_type"), ("", "no_type"), (None, "no_type")):
        (item,) = map_payload(ITEM, adapter, "prg_glow", name)
        assert isinstance(item, IgnoredItem)
        assert item.reason == reason


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("UTC", "2026-11-03T08:00:00", "2026-11-03T08:00:00Z"),
        ("Asia/Shanghai", "2026-11-03 16:00:00", "2026-11-03T08:00:00Z"),
        ("Asia/Shanghai", "2026-11-03T16:00", "2026-11-03T08:00:00Z"),
        ("UTC", "2026-11-03t08:00:00.123456789", "2026-11-03T08:00:00.123456Z"),
        ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),  # occurs twice: the first
        ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),  # skipped: the offset from before
        ("UTC", "2026-11-03T16:00:00+08:00", "2026-11-03T16:00:00+08:00"),
    ],
)
def test_times_without_a_zone_are_in_the_adapters(zone: str, local: str, utc: str) -> None:
    """WooCommerce's `date_created_gmt` has no zone; a time with a zone keeps its own."""
    assert _line(ITEM | {"at": local}, msgspec.structs.replace(SHOP, time_zone=zone))["occurred_at"] == utc


@given(st.datetimes(), st.timezone_keys())
def test_any_local_time_is_an_instant_or_an_error(local: datetime, zone: str) -> None:
    """The instant shows the same wall clock in that zone, except for a time that its clocks skip."""
    (item,) = _items(ITEM | {"at": local.isoformat()}, adapter=msgspec.structs.replace(SHOP, time_zone=zone))
    if isinstance(item, MappingError):
        assert (item.code, item.pointer) == ("invalid_value", "/events/0/at")
        return
    assert isinstance(item, MappedEvent)
    moment = datetime.fromisoformat(json.loads(item.line)["occurred_at"])
    assert moment == local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("time", ["2026-11-03T08:00:00", "2026-11-03 08:00"])
def test_a_time_without_a_zone_needs_one(time: str) -> None:
    """The error names the field of the adapter that is missing."""
    (item,) = _items(ITEM | {"at": time})
    assert isinstance(item, MappingError)
    assert (item.code, item.pointer) == ("invalid_value", "/events/0/at")
    assert "set `time_zone` of the adapter shop" in item.detail


@pytest.mark.parametrize("time", ["2026-13-03T08:00:00", "2026-11-31T08:00:00", "0001-01-01T00:00:00"])
def test_a_local_time_that_does_not_exist_is_an_error(time: str) -> None:
    """A month 13, a 31st of November, and a time before the year 1 in UTC."""
    (item,) = _items(ITEM | {"at": time}, adapter=msgspec.structs.replace(SHOP, time_zone="Asia/Shanghai"))
    assert isinstance(item, MappingError)
    assert item.pointer == "/events/0/at"


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
    assert set(FACT_TYPES) - set(FACT_ALIASES) == set(types_by_tag(Fact)) == set(DATA_FIELDS)
    assert set(FACT_ALIASES.values()) <= set(DATA_FIELDS)
