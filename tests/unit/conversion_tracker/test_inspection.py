"""Events at the door: what is taken as it came, and what is refused with its place and what to do."""

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
from referral.events.schemas import kinds
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


def _admit(program: str) -> None:
    if program != PROGRAM:
        raise EventRejected("unknown_program", "/program", "No such program.")


def _inspect(*raws: bytes, tokens: object = TOKENS) -> ValidationResult:
    inspector = EventValidator(tokens, timedelta(minutes=5), 8192)  # type: ignore[arg-type]
    return inspector.validate(raws, to_ms(day(10)), _admit)


def _with(**more: object) -> bytes:
    return json.dumps({**GOOD, **more}).encode()


def _without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


FOREIGN = TOKENS.sign_click(
    ClickToken(id="c", program="prg_other", participant=AMY.id, code="X", clicked_at_ms=to_ms(day(1)))
)


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
    ],
)
def test_a_bad_event_is_refused_with_its_place_and_what_to_do(raw: bytes, code: str, pointer: str) -> None:
    """A platform's developer reads the answer and knows which field to mend; the others of the batch are unharmed."""
    found = _inspect(_with(), raw, _with(id="f"))
    assert [key for key, _ in found.accepted] == [f"{PROGRAM}|xhs:u"] * 2
    (refusal,) = found.rejected
    assert (refusal.index, refusal.code, refusal.pointer) == (1, code, pointer)
    assert refusal.detail.endswith(REMEDIES[refusal.code])
    assert len(refusal.detail) < 512


@pytest.mark.parametrize(
    "twice",
    ['{"type":"clock.ticked","type":"person.followed",%s}', '{"type":"person.followed","type":"clock.ticked",%s}'],
)
def test_a_type_said_twice_smuggles_nothing_in(twice: str) -> None:
    """A line that began like a clock tick would be taken for one by the folds."""
    rest = json.dumps({key: value for key, value in GOOD.items() if key != "type"})[1:-1]
    assert [one.code for one in _inspect((twice % rest).encode()).rejected] == ["internal_type"]


def test_good_bytes_go_to_the_log_untouched() -> None:
    """What was sent is what is kept, to the blank: nothing is lost in a translation that nobody needs."""
    raw = b'{ "type" : "person.followed", "id":"e","program":"prg_glow","person":"xhs:u","occurred_at":"2026-11-03T00:00:00.12Z"}'
    assert _inspect(raw).accepted == [(f"{PROGRAM}|xhs:u", raw)]


@pytest.mark.parametrize("raw", [json.dumps(GOOD, indent=2).encode(), _with(occurred_at="2026-11-03T08:00:00+08:00")])
def test_a_line_that_would_break_the_log_is_written_anew(raw: bytes) -> None:
    """A record is NDJSON in UTC; a pretty-printed event or another zone's is the same fact, compactly."""
    ((_, line),) = _inspect(raw).accepted
    assert b"\n" not in line
    assert line == msgspec.json.encode(msgspec.json.decode(_with(), type=Fact))


@pytest.mark.parametrize("kind", kinds(Fact))
def test_every_fact_of_the_documentation_is_taken(kind: str) -> None:
    """The examples are what people copy; they are taken with a token of ours."""
    fact = msgspec.json.decode(example(kind), type=Fact)
    signed = msgspec.structs.replace(fact, click=token(AMY, 2)) if fact.click else fact
    assert _inspect(msgspec.json.encode(signed)).rejected == []


@given(
    st.binary(max_size=200)
    | st.dictionaries(st.text(), st.text() | st.integers()).map(lambda found: json.dumps(found).encode())
)
def test_whatever_comes_gets_a_verdict_and_what_is_taken_can_be_folded(raw: bytes) -> None:
    """No input makes the door fail, and nothing passes it that a fold could not read."""
    found = _inspect(raw)
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
    """Each part is judged by itself afterwards, even where it is no event at all."""
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
def test_a_body_that_cannot_be_taken_apart_is_a_problem(body: bytes, mimetype: str, status: int) -> None:
    """Where there are no events to judge, the request itself is refused, with what to send instead."""
    with pytest.raises(Problem) as caught:
        split_events(body, mimetype)
    assert caught.value.status == status


def test_every_refusal_has_a_remedy() -> None:
    """A code without a remedy leaves its reader alone."""
    assert all(remedy.endswith(".") for remedy in REMEDIES.values())


def test_an_event_that_is_too_large_is_told_the_bound_that_is_set() -> None:
    """Whatever REFERRAL_MAX_EVENT is: the sender reads how much is too much."""
    found = EventValidator(TOKENS, timedelta(minutes=5), 300).validate(
        [_with(device="d" * 300)], to_ms(day(10)), _admit
    )
    assert "; the maximum is 300." in found.rejected[0].detail


def test_a_program_is_asked_for_once_a_batch() -> None:
    """A look-up an event would cost more than the rest of its inspection."""
    asked: list[str] = []
    admit: Callable[[str], None] = asked.append
    EventValidator(TOKENS, timedelta(minutes=5), 8192).validate([_with()] * 10, to_ms(day(10)), admit)
    assert asked == [PROGRAM]
