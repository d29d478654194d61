"""Request bodies of enrolments."""

import msgspec
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.http_api.participants.enrolment_decoding import decode_enrolments
from link_issuer.http_api.participants.enrolment_request import _read_by_schema, read_enrolments
from referral.http.problems import Problem


@pytest.mark.parametrize("body", [5, "Amy", True])
def test_a_body_that_is_not_an_object_is_rejected_with_the_fields(body: object) -> None:
    """The message names the fields of an enrolment."""
    with Flask("test").test_request_context(json=body), pytest.raises(Problem) as raised:
        read_enrolments()
    (error,) = raised.value.errors
    assert error["pointer"] == ""
    assert "in JSON an object) with external_id, display_name, mention" in error["detail"]


def test_a_device_is_a_hash_and_sent_once() -> None:
    """It is stored as sent; an invalid hash, and two devices of one person in a request, are rejected with pointers."""
    amy = {"external_id": "xhs:amy", "device": "9f86d081"}
    with Flask("test").test_request_context(json=amy):
        assert read_enrolments().enrolments[0].device == "9f86d081"
    for body, pointers in (
        ({**amy, "device": "d" * 129}, ["/device"]),
        ({**amy, "device": ""}, ["/device"]),
        ([amy, {**amy, "device": "another"}], ["/1/external_id"]),
        ([amy, amy], []),
    ):
        assert _pointers(body) == pointers


def _pointers(body: object) -> list[str]:
    with Flask("test").test_request_context(json=body):
        try:
            read_enrolments()
        except Problem as problem:
            return [str(one["pointer"]) for one in problem.errors]
    return []


@pytest.mark.parametrize("id_", ["XHS:amy", " xhs:amy", "xhs:amy\n", "ｘｈｓ：ａｍｙ"])
def test_a_person_is_enrolled_under_the_normal_form_of_their_id(id_: str) -> None:
    """So that events find them; another spelling in the same request is the same person."""
    with Flask("test").test_request_context(json={"external_id": id_}):
        assert read_enrolments().enrolments[0].external_id == "xhs:amy"
    assert _pointers([{"external_id": "xhs:amy", "display_name": "Amy"}, {"external_id": id_}]) == ["/1/external_id"]


@pytest.mark.parametrize("id_", ["", " ", "xhs:a\0my", "xhs:amy\u200b", "xhs: amy", "xhs:", "x" * 129, 7, None])
def test_an_id_with_blanks_or_invisible_characters_is_not_enrolled(id_: object) -> None:
    """Refused as in events."""
    assert _pointers({"external_id": id_}) == ["/external_id"]


_TEXTS = [
    "",
    " ",
    "Amy",
    " Amy ",
    "小美",
    "a\u0000",
    "@amy",
    "amy",
    "@",
    "a b",
    "x" * 65,
    "XHS:amy",
    "xhs:a b",
    "xhs:bo",
]
_OTHERS = [None, 5, True, [], ["messages"], ["else"], ["messages"] * 9]
_VALUES = st.sampled_from(
    [*_TEXTS, *_OTHERS, "en", "ZH-cn", "zh_CN", "192.0.2.7", "9f86d081", "a@example.com", "2026-11-01T00:00:00Z"]
)
_NAMES = ["external_id", "display_name", "mention", "device", "contact", "language", "consents", "public", "partner"]
_ITEMS = st.dictionaries(st.sampled_from([*_NAMES, "since", "x"]), _VALUES, max_size=5)


@given(st.lists(_ITEMS.map(lambda one: {"external_id": "xhs:u1", **one}) | st.sampled_from([5, None]), max_size=3))
def test_a_list_that_is_read_fast_is_read_as_by_the_schema(items: list[object]) -> None:
    """What is accepted without the schema is what the schema accepts, with the same values."""
    for body, place in ((items, ""), ({"participants": items}, "/participants")):
        decoded = decode_enrolments(msgspec.json.encode(body))
        if decoded is None:
            continue
        assert decoded[1] == place
        assert list(decoded[0]) == list(_read_by_schema(body).enrolments)


def test_an_ordinary_list_is_read_fast() -> None:
    """The schema reads it many times as slowly; one that is too long is left to it."""
    many = [{"external_id": f"xhs:u{number}", "display_name": "小美", "mention": "@mei"} for number in range(1000)]
    decoded = decode_enrolments(msgspec.json.encode(many))
    assert decoded is not None
    assert len(decoded[0]) == 1000
    assert decode_enrolments(msgspec.json.encode([*many, many[0]])) is None
