"""Event validation: valid events are published unchanged, invalid ones are rejected with a location and a remedy."""

import json
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.event_errors import REMEDIES, EventRejected
from conversion_tracker.ingest.events_request import MAX_EVENTS, NDJSON, split_events
from conversion_tracker.ingest.validation import EventValidator, ValidationResult
from referral.events.examples import example
from referral.events.facts import ClickToken, EventLine, Fact
from referral.events.schemas import types_by_tag
from referral.events.timestamps import to_ms
from referral.http.problems import Problem
from tests.support.builders.conversion_tracker import TOKENS, token
from tests.support.builders.participants import AMY, PROGRAM, day

GOOD = {
    "type": "person.followed",
    "id": "e",
    "program": PROGRAM,
    "person": "xhs:u",
    "occurred_at": "2026-11-03T00:00:00Z",
}
ORDER = {**GOOD, "type": "order.paid", "data": {"order": "o", "amount": "1", "currency": "CNY"}}


def _check_program(program: str) -> None:
    if program != PROGRAM:
        raise EventRejected("unknown_program", "/program", "Unknown program.")


def _validate(*raws: bytes, tokens: object = TOKENS) -> ValidationResult:
    validator = EventValidator(tokens, timedelta(minutes=5), 8192)  # type: ignore[arg-type]
    return validator.validate(raws, to_ms(day(10)), _check_program)


def _with(**more: object) -> bytes:
    return json.dumps({**GOOD, **more}).encode()


def _without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


FOREIGN = TOKENS.sign_click(
    ClickToken(id="c", program="prg_other", participant=AMY.id, code="X", clicked_at_ms=to_ms(day(1)))
)


@pytest.mark.parametrize(("sent", "remedy"), [("RMB", "write CNY"), ("¥", "write CNY or JPY"), ("Yuan", "write CNY")])
def test_an_order_in_an_unknown_currency_is_rejected_with_the_code_that_is_meant(sent: str, remedy: str) -> None:
    """An order in RMB would never meet a threshold in CNY."""
    (error,) = _validate(json.dumps({**ORDER, "data": {**ORDER["data"], "currency": sent}}).encode()).rejected  # type: ignore[dict-item]
    assert error.pointer == "/data/currency"
    assert f"got '{sent}': {remedy}" in error.detail


def test_an_order_in_small_letters_is_accepted() -> None:
    """Payment platforms send cny."""
    assert _validate(json.dumps({**ORDER, "data": {**ORDER["data"], "currency": "cny"}}).encode()).accepted  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("raw", "code", "pointer"),
    [
        (b'{"type":', "malformed_json", ""),
        (b'{"type":"\xff"}', "malformed_json", ""),
        (b"[" * 100_000, "too_large", ""),
        (b'{"type":"person.followed","data":' + b"[" * 8000, "wrong_type", "/data"),
        (_with(device="d" * 8192), "too_large", ""),
        (b"[]", "wrong_type", ""),
        (b"17", "wrong_type", ""),
        (_with(type="person.flew"), "unknown_type", "/type"),
        (_with(type="clock.ticked"), "internal_type", "/type"),
        (_with(type="link.clicked"), "internal_type", "/type"),
        (_without("type"), "missing_field", "/type"),
        (_without("person"), "missing_field", "/person"),
        (_with(type="friend.tagged"), "missing_field", "/data"),
        (_with(surname="x"), "unknown_field", "/surname"),
        (_with(data={"a/b": 1}), "unknown_field", "/data/a~1b"),
        (_with(cause=["events", 0, 0, 0, 0]), "unknown_field", "/cause"),
        (_with(person=17), "wrong_type", "/person"),
        (_with(type="post.published", data={"post": "p", "hashtags": ["#a", 3]}), "wrong_type", "/data/hashtags/1"),
        (_with(person=""), "invalid_value", "/person"),
        (_with(id="x" * 65), "invalid_value", "/id"),
        (_with(channel="fax"), "invalid_value", "/channel"),
        (_with(occurred_at="yesterday"), "invalid_value", "/occurred_at"),
        (_with(occurred_at="2026-11-03T00:00:00"), "invalid_value", "/occurred_at"),
        (_with(occurred_at="2026-11-11T00:05:01Z"), "in_the_future", "/occurred_at"),
        (_with(occurred_at="1970-01-01T00:00:00Z"), "too_long_ago", "/occurred_at"),
        (_with(occurred_at="0001-01-01T00:00:00+14:00"), "too_long_ago", "/occurred_at"),
        (_with(program="prg_other"), "unknown_program", "/program"),
        (_with(click="forged.token"), "bad_token", "/click"),
        (_with(click=token(AMY, 1) + "x"), "bad_token", "/click"),
        (_with(click=FOREIGN), "bad_token", "/click"),
        (_with(click=token(AMY, 11)), "bad_token", "/click"),
        (_with(click=token(AMY, -391)), "expired_token", "/click"),
        (json.dumps({**ORDER, "data": {**ORDER["data"], "amount": "NaN"}}).encode(), "invalid_value", "/data/amount"),  # type: ignore[dict-item]
        (
            json.dumps({**ORDER, "data": {**ORDER["data"], "amount": "1e99999999"}}).encode(),
            "invalid_value",
            "/data/amount",
        ),  # type: ignore[dict-item]
        (json.dumps({**ORDER, "data": {**ORDER["data"], "amount": "-1"}}).encode(), "invalid_value", "/data/amount"),  # type: ignore[dict-item]
        (
            json.dumps({**ORDER, "data": {**ORDER["data"], "currency": "XXX"}}).encode(),
            "invalid_value",
            "/data/currency",
        ),  # type: ignore[dict-item]
        (json.dumps({**ORDER, "data": {**ORDER["data"], "currency": ""}}).encode(), "invalid_value", "/data/currency"),  # type: ignore[dict-item]
    ],
)
def test_an_invalid_event_is_rejected_with_its_location_and_a_remedy(raw: bytes, code: str, pointer: str) -> None:
    """The error names the field to correct; the other events of the batch are accepted."""
    found = _validate(_with(), raw, _with(id="f"))
    assert [key for key, _ in found.accepted] == [f"{PROGRAM}|xhs:u"] * 2
    (error,) = found.rejected
    assert (error.index, error.code, error.pointer) == (1, code, pointer)
    assert error.detail.endswith(REMEDIES[error.code])
    assert len(error.detail) < 512


@pytest.mark.parametrize(
    "twice",
    ['{"type":"clock.ticked","type":"person.followed",%s}', '{"type":"person.followed","type":"clock.ticked",%s}'],
)
def test_a_duplicate_type_field_does_not_bypass_validation(twice: str) -> None:
    """The folds would read a line that starts like a clock tick as one."""
    rest = json.dumps({key: value for key, value in GOOD.items() if key != "type"})[1:-1]
    assert [one.code for one in _validate((twice % rest).encode()).rejected] == ["internal_type"]


def test_valid_events_are_published_byte_for_byte() -> None:
    """Including whitespace: no re-encoding can lose anything."""
    raw = b'{ "type" : "person.followed", "id":"e","program":"prg_glow","person":"xhs:u","occurred_at":"2026-11-03T00:00:00.12Z"}'
    assert _validate(raw).accepted == [(f"{PROGRAM}|xhs:u", raw)]


@pytest.mark.parametrize("raw", [json.dumps(GOOD, indent=2).encode(), _with(occurred_at="2026-11-03T08:00:00+08:00")])
def test_a_line_with_a_line_break_or_another_time_zone_is_re_encoded(raw: bytes) -> None:
    """A record is NDJSON in UTC; the re-encoded line is the same event."""
    ((_, line),) = _validate(raw).accepted
    assert b"\n" not in line
    assert line == msgspec.json.encode(msgspec.json.decode(_with(), type=Fact))


@pytest.mark.parametrize("kind", types_by_tag(Fact))
def test_every_documented_example_is_accepted(kind: str) -> None:
    """With a click token that is signed with the test's key."""
    fact = msgspec.json.decode(example(kind), type=Fact)
    signed = msgspec.structs.replace(fact, click=token(AMY, 2)) if fact.click else fact
    assert _validate(msgspec.json.encode(signed)).rejected == []


@given(
    st.binary(max_size=200)
    | st.dictionaries(st.text(), st.text() | st.integers()).map(lambda found: json.dumps(found).encode())
)
def test_any_input_is_accepted_or_rejected_and_accepted_lines_can_be_decoded(raw: bytes) -> None:
    """No input raises an exception, and no accepted line is invalid for the folds."""
    found = _validate(raw)
    assert len(found.accepted) + len(found.rejected) == 1
    for _, line in found.accepted:
        msgspec.json.decode(line, type=EventLine)


@pytest.mark.parametrize(
    ("body", "mimetype", "count"),
    [
        (_with(), "application/json", 1),
        (b" \n" + _with(), "", 1),
        (b"[" + _with() + b"," + _with() + b"]", "application/json", 2),
        (_with() + b"\r\n\n" + _with() + b"\n", NDJSON, 2),
        (b'not json\n{"type":1}', NDJSON, 2),
        (b"[1, {}]", "application/json", 2),
    ],
)
def test_a_body_is_one_event_an_array_or_ndjson(body: bytes, mimetype: str, count: int) -> None:
    """Each part is validated on its own afterwards, even if it is not an event."""
    assert len(split_events(body, mimetype)) == count


@pytest.mark.parametrize(
    ("body", "mimetype", "status"),
    [
        (b"", "application/json", 400),
        (b"  ", NDJSON, 400),
        (b"[]", "application/json", 400),
        (b'{"type":', "application/json", 400),
        (b"[{},", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"hello", "application/json", 400),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"[" + b",".join([b"{}"] * (MAX_EVENTS + 1)) + b"]", "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_split_is_a_problem(body: bytes, mimetype: str, status: int) -> None:
    """Without events to validate, the request as a whole is rejected."""
    with pytest.raises(Problem) as caught:
        split_events(body, mimetype)
    assert caught.value.status == status


def test_every_error_code_has_a_remedy() -> None:
    """Each remedy is a sentence."""
    assert all(remedy.endswith(".") for remedy in REMEDIES.values())


def test_the_error_of_a_too_large_event_has_the_configured_maximum() -> None:
    """It is the value of REFERRAL_MAX_EVENT."""
    found = EventValidator(TOKENS, timedelta(minutes=5), 300).validate(
        [_with(device="d" * 300)], to_ms(day(10)), _check_program
    )
    assert "; the maximum is 300." in found.rejected[0].detail


def test_a_program_is_checked_once_per_batch() -> None:
    """A look-up for each event would cost more than the rest of its validation."""
    checked: list[str] = []
    check_program: Callable[[str], None] = checked.append
    EventValidator(TOKENS, timedelta(minutes=5), 8192).validate([_with()] * 10, to_ms(day(10)), check_program)
    assert checked == [PROGRAM]
