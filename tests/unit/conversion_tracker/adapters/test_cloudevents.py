"""Mapping of CloudEvents: nothing is lost, and errors name the sender's own attributes."""

import contextlib
import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.adapters.cloudevents.cloudevents_openapi import CLOUDEVENT_EXAMPLE
from conversion_tracker.ingest.adapters.cloudevents.translation import header_attributes, map_cloudevent
from conversion_tracker.ingest.adapters.mapped_event import MappingError
from referral.events.examples import example
from referral.events.facts import Fact
from referral.events.schemas import types_by_tag

SENT = {**CLOUDEVENT_EXAMPLE, "data": {}}


def _line(sent: object) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(map_cloudevent(sent).line)
    return line


def _mapping_error(sent: object) -> tuple[str, str]:
    with pytest.raises(MappingError) as caught:
        map_cloudevent(sent)
    return caught.value.code, caught.value.pointer


@pytest.mark.parametrize("kind", types_by_tag(Fact))
def test_every_event_type_can_be_sent_as_a_cloudevent(kind: str) -> None:
    """The mapped event equals the event sent directly."""
    fact = json.loads(example(kind))
    evidence = {
        name: fact[name] for name in ("channel", "code", "click", "mention", "device", "network") if name in fact
    }
    sent = {
        "specversion": "1.0",
        "id": "7",
        "source": "/apps/x",
        "type": f"com.example.{kind}",
        "subject": fact["person"],
        "time": fact["occurred_at"],
        "program": fact["program"],
        "data": fact.get("data", {}) | evidence,
    }
    assert _line(sent) == {**fact, "id": "/apps/x 7"}
    msgspec.json.decode(map_cloudevent(sent).line, type=Fact)


def test_an_event_is_identified_by_source_and_id() -> None:
    """As specified: two sources may use the same ids, and a repeated event has the same id."""
    long = "https://shop.example.com/prg_glow/" + "x" * 40
    ids = [_line({**SENT, "source": source, "id": id})["id"] for source in ("/prg_glow", long) for id in "12"]
    assert ids[:2] == ["/prg_glow 1", "/prg_glow 2"]
    assert len(set(ids)) == 4
    assert all(len(one) <= 64 for one in ids)
    assert _line({**SENT, "source": long, "id": "1"})["id"] == ids[2]


@pytest.mark.parametrize(
    ("more", "program"),
    [
        ({"source": "urn:prg_glow"}, "prg_glow"),
        ({"source": "https://a.example/v1/prg_glow?x=1"}, "prg_glow"),
        ({"source": "/prg_other", "program": "prg_glow"}, "prg_glow"),
    ],
)
def test_the_program_is_an_attribute_or_a_part_of_the_source(more: dict[str, str], program: str) -> None:
    """Senders that cannot add attributes can name the program in the source."""
    assert _line(SENT | more)["program"] == program


def test_evidence_in_attributes_takes_precedence_over_evidence_in_the_data() -> None:
    """Errors point to the one that is used."""
    sent = {**SENT, "code": "AMY88", "data": {"code": "BO88", "mention": "@bo", "content": "hacks"}}
    line = _line(sent)
    assert (line["code"], line["mention"], line["data"]) == ("AMY88", "@bo", {"content": "hacks"})
    assert [
        map_cloudevent(sent).source_pointer(pointer)
        for pointer in ("/code", "/mention", "/data/content", "/occurred_at")
    ] == [
        "/code",
        "/data/mention",
        "/data/content",
        "/time",
    ]


@pytest.mark.parametrize(
    ("sent", "code", "pointer"),
    [
        (17, "not_a_cloudevent", ""),
        ({}, "not_a_cloudevent", "/specversion"),
        ({**SENT, "specversion": "0.3"}, "not_a_cloudevent", "/specversion"),
        ({**SENT, "id": ""}, "not_a_cloudevent", "/id"),
        ({**SENT, "source": 3}, "not_a_cloudevent", "/source"),
        ({**SENT, "source": "/somewhere"}, "not_a_cloudevent", "/source"),
        ({**SENT, "datacontenttype": "text/xml"}, "not_a_cloudevent", "/datacontenttype"),
        ({**SENT, "data_base64": "AA=="}, "not_a_cloudevent", "/data_base64"),
    ],
)
def test_an_invalid_cloudevent_is_rejected_with_the_attribute(sent: object, code: str, pointer: str) -> None:
    """The pointer names the attribute to correct."""
    assert _mapping_error(sent) == (code, pointer)


def test_an_attribute_that_is_null_is_as_good_as_left_out() -> None:
    """JSON event format 1.0.2, section 2.2: libraries write null for what is not set."""
    unset = dict.fromkeys(("datacontenttype", "dataschema", "program", "code", "click", "data_base64", "traceparent"))
    sent = {**SENT, **unset, "data": {"code": "AMY88"}}
    assert _line(sent) == _line({**SENT, "data": {"code": "AMY88"}})
    assert _line({**SENT, "data": None}) == _line(SENT)
    assert _mapping_error({**SENT, "id": None}) == ("not_a_cloudevent", "/id")


@pytest.mark.parametrize("text", ['{"code": "AMY88", "content": "hacks"}', '\ufeff{"code":"AMY88","content":"hacks"}'])
def test_data_in_base64_are_read(text: str) -> None:
    """Senders that treat all data as binary encode JSON too."""
    sent = {**SENT, "data_base64": b64encode(text.encode()).decode()}
    del sent["data"]
    line = _line(sent)
    assert (line["code"], line["data"]) == ("AMY88", {"content": "hacks"})


@pytest.mark.parametrize("value", ["AA==", "e30", "e30=x", "{}", 17, "", "/w==", b64encode(b"[" * 20_000).decode()])
def test_data_that_are_not_json_in_base64_are_rejected(value: object) -> None:
    """The pointer names the attribute."""
    sent = {**SENT, "data_base64": value}
    del sent["data"]
    assert _mapping_error(sent) == ("not_a_cloudevent", "/data_base64")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_header_value_is_percent_decoded_once(value: str) -> None:
    """As the HTTP binding specifies."""
    assert header_attributes([("Ce-Subject", quote(value, safe=""))]) == {"subject": value}


def test_quoted_header_values_are_unquoted_and_invalid_utf8_is_rejected() -> None:
    """The binding requires both; overlong encodings are invalid UTF-8."""
    assert header_attributes([("CE-Id", '"a \\"b\\""'), ("Host", "x")]) == {"id": 'a "b"'}
    with pytest.raises(MappingError, match="ce-subject"):
        header_attributes([("ce-subject", "%C0%A0")])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_attribute_value_is_mapped_or_an_error(value: object) -> None:
    """No attribute value raises another exception."""
    for name in SENT:
        with contextlib.suppress(MappingError):
            assert map_cloudevent({**SENT, name: value}).source_pointer("/person") == "/subject"
