"""Event validation: valid events are published with pseudonyms, invalid ones are rejected with a location and a remedy."""

import json
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.ingest.event_errors import REMEDIES, EventRejected
from conversion_tracker.ingest.events_request import (
    MAX_EVENTS,
    NDJSON,
    parse_foreign_payload,
    split_array,
    split_events,
)
from conversion_tracker.ingest.program_terms import ProgramTerms, program_terms
from conversion_tracker.ingest.validation import EventValidator, ValidationResult
from referral.catalog.view import Catalog
from referral.events.examples import example
from referral.events.facts import FACT_ALIASES, ClickToken, EventLine, Fact, OrderPaid
from referral.events.ids import is_person_id
from referral.events.schemas import types_by_tag
from referral.events.timestamps import to_ms
from referral.http.problems import Problem
from referral.people.people_view import People, people_in_memory
from tests.support.builders.challenges import with_challenges
from tests.support.builders.conversion_tracker import CODE_CIPHER, TOKENS, catalog, program_version, token
from tests.support.builders.participants import AMY, BO, PROGRAM, PSEUDONYMS, START, day, person_id
from tests.support.examples import examples

GOOD = {
    "type": "person.followed",
    "id": "e",
    "program": PROGRAM,
    "person": "xhs:u",
    "occurred_at": "2026-11-03T00:00:00Z",
}
BOM = b"\xef\xbb\xbf"
ORDER = {**GOOD, "type": "order.paid", "data": {"order": "o", "amount": "1", "currency": "CNY"}}


CATALOG = catalog(with_challenges(program_version()))


def _look_up(program: str) -> ProgramTerms:
    if program != PROGRAM:
        raise EventRejected("unknown_program", "/program", "Unknown program.")
    return program_terms(program, CATALOG)


def _validator(max_bytes: int = 8192, lateness_days: int = 35, people: People | None = None) -> EventValidator:
    return EventValidator(
        TOKENS,
        PSEUDONYMS,
        people or people_in_memory(),
        CODE_CIPHER,
        timedelta(minutes=5),
        max_bytes,
        timedelta(days=lateness_days),
    )


def _validate(*raws: bytes) -> ValidationResult:
    return _validator().validate(raws, to_ms(day(10)), _look_up)


def _published(external_id: str = "xhs:u", **more: object) -> dict[str, object]:
    """The line of a follow with these further fields."""
    person, look_alike = person_id(external_id), PSEUDONYMS.look_alike(PROGRAM, external_id)
    return {**GOOD, "person": person, "look_alike": look_alike, **more}


def _key(external_id: str = "xhs:u") -> str:
    return f"{PROGRAM}|{person_id(external_id)}"


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


@pytest.mark.parametrize("code", ["  ", "\ufdfa" * 128], ids=["empty", "longer in its normal form"])
def test_an_order_is_recorded_without_what_is_no_code_of_a_reward(code: str) -> None:
    """A character may stand for many: sealed they would not fit into the line, and no fold could read the order."""
    order = {**ORDER, "data": {**ORDER["data"], "reward_code": code, "reward_amount": "1"}}  # type: ignore[dict-item] # a dict
    found = _validate(json.dumps(order, ensure_ascii=False).encode())
    assert not found.rejected
    assert [(warning.code, warning.pointer) for warning in found.warnings] == [("invalid_value", "/data/reward_code")]
    [(_, line)] = found.accepted
    assert set(json.loads(line)["data"]) == {"order", "amount", "currency"}


@pytest.mark.parametrize(("amount", "currency", "least"), [("0.004", "CNY", "0.01 CNY"), ("0.4", "JPY", "1 JPY")])
def test_less_than_a_minor_unit_of_a_reward_is_rejected_with_the_least(amount: str, currency: str, least: str) -> None:
    """It is no amount that could be taken from a reward."""
    data = {**ORDER["data"], "currency": currency, "reward_code": "7F3KQ2M4", "reward_amount": amount}  # type: ignore[dict-item]
    (error,) = _validate(json.dumps({**ORDER, "data": data}).encode()).rejected
    assert error.pointer == "/data/reward_amount"
    assert least in error.detail


@pytest.mark.parametrize("kind", ["order.paid", "order.refunded", "order.cancelled", "order.reinstated"])
@pytest.mark.parametrize("order", ["a\nb", "a\0b", "1\u202e2"])
def test_an_order_id_that_cannot_be_displayed_is_rejected(kind: str, order: str) -> None:
    """Answers, wallets and the console quote it, and no address can have it."""
    data = {**ORDER["data"], "order": order} if kind == "order.paid" else {"order": order}  # type: ignore[dict-item]
    (error,) = _validate(json.dumps({**ORDER, "type": kind, "data": data}).encode()).rejected
    assert (error.code, error.pointer) == ("invalid_value", "/data/order")
    assert "character 2 (U+" in error.detail


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
        (_with(type="person.signed_up", id=""), "invalid_value", "/id"),
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
        (_with(look_alike="lka_1"), "unknown_field", "/look_alike"),
        (_with(look_alike=17), "unknown_field", "/look_alike"),
        (_with(type="person.active", look_alike="lka_1"), "unknown_field", "/look_alike"),
        (_with(data={"handle_matches": [0]}), "unknown_field", "/data/handle_matches"),
        (_with(data={"handle_matches": ["x"]}), "unknown_field", "/data/handle_matches"),
        (_with(person=17), "wrong_type", "/person"),
        (_with(type="post.published", data={"post": "p", "hashtags": ["#a", 3]}), "wrong_type", "/data/hashtags/1"),
        (_with(person=""), "invalid_value", "/person"),
        *(
            (_with(person=id_), "invalid_value", "/person")
            for id_ in (" ", "xhs:\0u", "xhs: u", "xhs:u\u200b", "\u3000", "xhs:")
        ),
        (_with(type="friend.tagged", data={"by": "xhs:\0"}), "invalid_value", "/data/by"),
        (_with(type="friend.tagged", data=None), "wrong_type", "/data"),
        (_with(type="post.engaged", data={"post": "p", "kind": "hate"}), "invalid_value", "/data/kind"),
        (_with(type="post.engaged", data={"post": "p", "kind": "like", "count": 0}), "invalid_value", "/data/count"),
        (_with(id="x" * 65), "invalid_value", "/id"),
        (_with(occurred_at="yesterday"), "invalid_value", "/occurred_at"),
        (_with(occurred_at="2026-11-03T00:00:00"), "invalid_value", "/occurred_at"),
        (_with(occurred_at="2026-11-11T00:05:01Z"), "in_the_future", "/occurred_at"),
        (_with(occurred_at="1970-01-01T00:00:00Z"), "too_long_ago", "/occurred_at"),
        (_with(occurred_at="0001-01-01T00:00:00+14:00"), "too_long_ago", "/occurred_at"),
        (_with(program="prg_other"), "unknown_program", "/program"),
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
    assert [key for key, _ in found.accepted] == [_key()] * 2
    (error,) = found.rejected
    assert (error.index, error.code, error.pointer) == (1, code, pointer)
    assert error.detail.endswith(REMEDIES[error.code])
    assert len(error.detail) < 512


@pytest.mark.parametrize(
    ("sent", "code", "pointer", "problem"),
    [
        ({"click": "forged.token"}, "bad_token", "/click", "The click token is"),
        ({"click": token(AMY, 1) + "x"}, "bad_token", "/click", "The click token is"),
        ({"click": token(AMY, 1)[:-9]}, "bad_token", "/click", "The click token is"),
        ({"click": token(AMY, 1) + "&gclid=1"}, "bad_token", "/click", "The click token is"),
        ({"click": " "}, "bad_token", "/click", "The click token is"),
        ({"click": FOREIGN}, "bad_token", "/click", "for another program"),
        ({"click": token(AMY, 11)}, "bad_token", "/click", "from the future"),
        ({"click": token(AMY, -391)}, "expired_token", "/click", "has expired"),
        ({"click": ""}, "invalid_value", "/click", "length"),
        ({"click": 17}, "wrong_type", "/click", "got `int`"),
        ({"code": ""}, "invalid_value", "/code", "length"),
        ({"code": "  "}, "invalid_value", "/code", "contains no code"),
        ({"code": "「」"}, "invalid_value", "/code", "contains no code"),
        ({"code": 4711}, "wrong_type", "/code", "got `int`"),
        ({"code": ["AMY88"]}, "wrong_type", "/code", "got `array`"),
        ({"code": "x" * 129}, "invalid_value", "/code", "length"),
        ({"mention": "@"}, "invalid_value", "/mention", "contains no handle"),
        ({"mention": {}}, "wrong_type", "/mention", "got `object`"),
        ({"device": "d" * 129}, "invalid_value", "/device", "length"),
        ({"network": 1.5}, "wrong_type", "/network", "got `float`"),
        (
            {"channel": "rednote"},
            "invalid_value",
            "/channel",
            "one of xiaohongshu, wechat, weibo, douyin, web; got 'rednote'",
        ),
        ({"channel": ""}, "invalid_value", "/channel", "one of xiaohongshu, wechat, weibo, douyin, web; got ''"),
        ({"data": None}, "wrong_type", "/data", "got `null`"),
        ({"data": {"handle": ""}}, "invalid_value", "/data/handle", "length"),
        ({"data": {"content": 5}}, "wrong_type", "/data/content", "got `int`"),
    ],
)
def test_an_invalid_optional_field_costs_only_that_field(
    sent: dict[str, object], code: str, pointer: str, problem: str
) -> None:
    """What the event reports has happened: it is recorded without the field, and a warning names the field and the mistake."""
    found = _validate(_with(), _with(**sent), _with(id="f"))
    assert found.rejected == []
    (warning,) = found.warnings
    assert (warning.index, warning.code, warning.pointer) == (1, code, pointer)
    assert problem in warning.detail
    assert warning.detail.endswith(f"The event was accepted without `{pointer[1:].replace('/', '.')}`.")
    expected = json.dumps(_published()).encode()
    assert msgspec.json.decode(found.accepted[1][1], type=Fact) == msgspec.json.decode(expected, type=Fact)


def test_every_invalid_optional_field_is_reported() -> None:
    """One warning for each, and what is valid is kept."""
    found = _validate(
        _with(code="", mention=7, channel="fax", device="abc", click="x", data={"handle": 1, "post": "p"})
    )
    assert [one.pointer for one in found.warnings] == ["/code", "/mention", "/channel", "/data/handle", "/click"]
    device, post = PSEUDONYMS.device(PROGRAM, "abc"), PSEUDONYMS.post(PROGRAM, "p")
    assert json.loads(found.accepted[0][1]) == _published(device=device, data={"post": post})


def test_a_rejected_event_has_no_warnings() -> None:
    """Its error is what has to be corrected."""
    found = _validate(_with(code="", person=""), _with(code="nobody", occurred_at="1970-01-01T00:00:00Z"))
    assert (len(found.rejected), found.warnings) == (2, [])


@pytest.mark.parametrize(
    "id_", ["XHS:Mallory", " xhs:Mallory", "xhs:Mallory\n", "ｘｈｓ：Ｍａｌｌｏｒｙ", "\u3000xhs:Mallory\u00a0"]
)
def test_an_event_is_recorded_under_the_normal_form_of_the_persons_id(id_: str) -> None:
    """Another spelling is no other person, whether they follow or tag."""
    found = _validate(_with(), _with(person=id_), _with(type="friend.tagged", person="xhs:a", data={"by": id_}))
    assert [key for key, _ in found.accepted] == [_key(), _key("xhs:Mallory"), _key("xhs:a")]
    lines = [json.loads(line) for _, line in found.accepted]
    assert lines[:2] == [_published(), _published("xhs:Mallory")]
    assert lines[2]["data"] == {"by": person_id("xhs:Mallory")}


def test_ids_that_differ_in_case_are_of_different_people() -> None:
    """Platforms' own ids are case-sensitive: WeChat's contain capitals."""
    ids = ["wechat:oA1b_C-d", "wechat:oa1b_c-d"]
    assert [key for key, _ in _validate(*(_with(person=one) for one in ids)).accepted] == [_key(one) for one in ids]


@pytest.mark.parametrize(
    ("kind", "meant"), [("person.signed_up", "person.followed"), ("person.left", "person.unfollowed")]
)
def test_signing_up_and_leaving_are_other_names_of_the_same_facts(kind: str, meant: str) -> None:
    """A shop has customers who sign up instead of followers. The line has the one name that the folds know."""
    found = _validate(_with(type=kind, code="AMY88"))
    assert (found.rejected, found.warnings) == ([], [])
    assert (
        json.loads(found.accepted[0][1]).items()
        >= {"type": meant, "person": person_id("xhs:u"), "code": "AMY88"}.items()
    )


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        (_with(type="person.follow"), "did you mean `person.followed`?"),
        (_with(type="Person_Followed"), "did you mean `person.followed`?"),
        (_with(type="person.sign_up"), "did you mean `person.signed_up`?"),
        (_with(type="order.payed"), "did you mean `order.paid`?"),
        (_with(type="subscribe"), "did you mean `person.followed`?"),
        (_with(type="user.created"), "did you mean `person.signed_up`?"),
        (_with(occurred_at=1_762_128_000), "must be a time with a UTC offset, such as 2026-11-03T08:00:00Z"),
        (_with(occurred_at="2026-11-03 08:00"), "must be a time with a UTC offset, such as 2026-11-03T08:00:00Z"),
        (_with(cod="AMY88"), "did you mean `code`?"),
        (_with(rt="token"), "did you mean `click`?"),
        (_with(timestamp=1), "did you mean `occurred_at`?"),
        (_with(user_id="u"), "did you mean `person`?"),
        (_with(handle="amy"), "it belongs in `data`."),
        (_with(data={"code": "AMY88"}), "it belongs in the event itself, not in `data`."),
        (_with(data={"contnt": "c"}), "did you mean `content`?"),
        (_with(type="order.paid", data={"order_id": "o"}), "did you mean `order`?"),
        (
            _with(type="post.engaged", data={"post": "p", "kind": "likes"}),
            "one of view, like, save, comment, share; got 'likes'",
        ),
    ],
)
def test_a_refusal_names_the_type_field_or_value_that_is_meant(raw: bytes, hint: str) -> None:
    """So that the sender need not look it up."""
    (error,) = _validate(raw).rejected
    assert hint in error.detail


@pytest.mark.parametrize(
    "code",
    ["AMY88", "amy88", "AMY88 ", " AMY88", "AMY88\n", "ＡＭＹ８８", "「AMY88」", "AMY88。", '"AMY88"', "AMY\u200b88"],
)
def test_a_known_code_is_accepted_however_it_was_typed(code: str) -> None:
    """Without a warning, and the line has it as it was sent."""
    found = _validate(_with(code=code))
    assert (found.rejected, found.warnings) == ([], [])
    assert json.loads(found.accepted[0][1]) == _published(code=code)


@pytest.mark.parametrize(
    ("raw", "code", "pointer"),
    [
        (_with(code="NOBODY9"), "unknown_code", "/code"),
        (_with(code="我是AMY88推荐来的"), "unknown_code", "/code"),
        (_with(type="code.scanned", data={"scene": "NOBODY9"}), "unknown_code", "/data/scene"),
        (_with(type="code.scanned", code="NOBODY9"), "unknown_code", "/code"),
        (_with(type="content.shared", data={"code": "NOBODY9"}), "unknown_code", "/data/code"),
        (_with(mention="@nobody"), "unknown_mention", "/mention"),
    ],
)
def test_evidence_that_leads_to_no_one_is_a_warning(raw: bytes, code: str, pointer: str) -> None:
    """The event is recorded as it is: whether a code counts is decided by attribution."""
    found = _validate(_with(code="AMY88", mention="amy"), raw, raw)
    assert len(found.accepted) == 3
    assert [(one.index, one.code, one.pointer) for one in found.warnings] == [(1, code, pointer), (2, code, pointer)]
    assert PROGRAM in found.warnings[0].detail


@pytest.mark.parametrize("text", ["我是AMY88推荐来的", "my friend's code is amy88, thanks", "code:ＡＭＹ８８ 谢谢"])
def test_the_warning_about_a_sentence_names_the_code_in_it(text: str) -> None:
    """What to send instead; the sentence itself is not evidence."""
    (warning,) = _validate(_with(code=text)).warnings
    assert (warning.code, "it contains AMY88: send that alone" in warning.detail) == ("unknown_code", True)


def test_a_code_of_another_program_leads_to_no_one() -> None:
    """Codes are unique in the whole system, but count only in their own program."""
    other = replace(BO, program="prg_other", id=person_id("xhs:other", "prg_other"), code="OTHER22")
    both = Catalog([program_version(), AMY, other])
    found = _validator().validate([_with(code="OTHER22")], to_ms(day(10)), lambda program: program_terms(program, both))
    assert [one.code for one in found.warnings] == ["unknown_code"]


def test_a_follow_from_before_the_program_says_that_it_changes_nothing() -> None:
    """It is recorded; the warning names the time from which events count."""
    early = _with(occurred_at="2026-10-31T23:59:59Z")
    found = _validate(
        early, _with(occurred_at=START.isoformat()), _with(type="person.active", occurred_at="2026-10-01T00:00:00Z")
    )
    assert (len(found.accepted), found.rejected) == (3, [])
    (warning,) = found.warnings
    assert (warning.index, warning.code, warning.pointer) == (0, "before_program", "/occurred_at")
    assert "before prg_glow was applied (2026-11-01T00:00:00Z)" in warning.detail
    assert "changes no attribution" in warning.detail


def test_a_follow_that_arrives_beyond_the_lateness_bound_says_that_it_changes_nothing() -> None:
    """Attribution considers facts for as long as REFERRAL_LATENESS_DAYS."""
    validator = _validator(lateness_days=3)
    sent = [_with(occurred_at=day(number).isoformat()) for number in (6.9, 7.1)]
    found = validator.validate(sent, to_ms(day(10)), _look_up)
    assert [(one.index, one.code) for one in found.warnings] == [(0, "beyond_lateness")]
    assert "more than 3 days ago" in found.warnings[0].detail


@pytest.mark.parametrize(
    "twice",
    ['{"type":"clock.ticked","type":"person.followed",%s}', '{"type":"person.followed","type":"clock.ticked",%s}'],
)
def test_a_duplicate_type_field_does_not_bypass_validation(twice: str) -> None:
    """The folds would read a line that starts like a clock tick as one."""
    rest = json.dumps({key: value for key, value in GOOD.items() if key != "type"})[1:-1]
    assert [one.code for one in _validate((twice % rest).encode()).rejected] == ["internal_type"]


@pytest.mark.parametrize("kind", ["[]", "{}", "null", "17", '"clock.ticked"'])
def test_a_duplicate_type_field_of_another_json_type_is_an_error(kind: str) -> None:
    """Never an exception that answers 500."""
    rest = json.dumps({key: value for key, value in GOOD.items() if key != "type"})[1:-1]
    for first in ("person.signed_up", "person.flew"):
        assert len(_validate(f'{{"type":"{first}","type":{kind},{rest}}}'.encode()).rejected) == 1


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(GOOD, indent=2).encode(),
        b'{ "type" : "person.followed", "id":"e","program":"prg_glow","person":"xhs:u","occurred_at":"2026-11-03T00:00:00Z"}',
        _with(occurred_at="2026-11-03T08:00:00+08:00"),
    ],
)
def test_a_line_is_encoded_anew(raw: bytes) -> None:
    """A record is NDJSON in UTC; however the event was written, the line is the same."""
    ((_, line),) = _validate(raw).accepted
    assert b"\n" not in line
    assert line == _validate(_with()).accepted[0][1]
    assert json.loads(line) == _published()


def test_fractions_of_a_second_and_amounts_are_kept() -> None:
    """To the microsecond, and to the last digit."""
    raw = _with(occurred_at="2026-11-03T00:00:00.120003Z")
    assert json.loads(_validate(raw).accepted[0][1])["occurred_at"] == "2026-11-03T00:00:00.120003Z"
    order = json.dumps({**ORDER, "data": {**ORDER["data"], "amount": "0.10000000000000000001"}}).encode()  # type: ignore[dict-item]
    assert json.loads(_validate(order).accepted[0][1])["data"]["amount"] == "0.10000000000000000001"


@pytest.mark.parametrize(
    ("sent", "problem"),
    [("「」", "contains no code"), ("\ufdfa" * 8, "contains no code: one has 1 to 128 characters")],
)
def test_an_order_is_accepted_without_a_code_that_the_log_has_no_room_for(sent: str, problem: str) -> None:
    """One character may be 18 in the normal form of a code, and sealed be too long for any line."""
    order = json.dumps({**ORDER, "data": {**ORDER["data"], "reward_code": sent, "reward_amount": "1"}}).encode()  # type: ignore[dict-item]
    found = _validate(order)
    (warning,) = found.warnings
    assert (warning.pointer, problem in warning.detail) == ("/data/reward_code", True)
    assert json.loads(found.accepted[0][1])["data"].keys() == {"order", "amount", "currency"}


@pytest.mark.parametrize("code", ["\u0390" * 64, "\u6f22" * 128, "\U00020000" * 128])
def test_an_order_with_any_code_that_is_accepted_can_be_decoded(code: str) -> None:
    """Sealed, the longest normal form in UTF-8 fits the line."""
    order = json.dumps({**ORDER, "data": {**ORDER["data"], "reward_code": code}}).encode()  # type: ignore[dict-item]
    fact = msgspec.json.decode(_validate(order).accepted[0][1], type=Fact)
    assert isinstance(fact, OrderPaid)
    assert fact.data.sealed_reward_code is not None


@pytest.mark.parametrize("amount", [0, -1, "NaN", "much", [], 10**15])
def test_a_refund_with_an_invalid_amount_is_refused(amount: object) -> None:
    """Without its amount it would be a refund of the whole order, so the field is not left out."""
    refund = {**GOOD, "type": "order.refunded", "data": {"order": "o", "amount": amount}}
    result = _validate(json.dumps(refund).encode())
    assert result.accepted == []
    assert [error.pointer for error in result.rejected] == ["/data/amount"]


@pytest.mark.parametrize("data", [{"order": "o"}, {"order": "o", "amount": "0.01"}, {"order": "o", "amount": None}])
def test_a_refund_is_of_a_part_or_of_the_whole_order(data: dict[str, object]) -> None:
    """An amount is optional."""
    assert _validate(json.dumps({**GOOD, "type": "order.refunded", "data": data}).encode()).rejected == []


@pytest.mark.parametrize("kind", types_by_tag(Fact))
def test_every_documented_example_is_accepted(kind: str) -> None:
    """With a click token that is signed with the test's key."""
    fact = msgspec.json.decode(example(kind), type=Fact)
    signed = replace(fact, click=token(AMY, 2)) if fact.click else fact
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    "type",
    "person",
    "code",
    "click",
    "mention",
    "device",
    "network",
    "channel",
    "data",
    "occurred_at",
    "id",
    "other",
)
KINDS = st.sampled_from([*types_by_tag(Fact), *FACT_ALIASES])


@settings(max_examples=examples(300))
@given(KINDS, st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_any_value_of_any_field_is_accepted_left_out_or_rejected(kind: str, sent: dict[str, object]) -> None:
    """Accepted events are valid for the folds and have person ids; warnings are only about accepted events."""
    found = _validate(json.dumps({**GOOD, "type": kind, **sent}).encode())
    assert len(found.accepted) + len(found.rejected) == 1
    assert not (found.rejected and found.warnings)
    for key, line in found.accepted:
        fact = msgspec.json.decode(line, type=Fact)
        assert key == f"{PROGRAM}|{fact.person}"
        assert is_person_id(fact.person)


@pytest.mark.parametrize(
    ("body", "mimetype", "count"),
    [
        (_with(), "application/json", 1),
        (b" \n" + _with(), "", 1),
        (b"[" + _with() + b"," + _with() + b"]", "application/json", 2),
        (_with() + b"\r\n\n" + _with() + b"\n", NDJSON, 2),
        (b'not json\n{"type":1}', NDJSON, 2),
        (BOM + _with(), "application/json", 1),
        (BOM + b" [" + _with() + b"]", "application/json", 1),
        (BOM + _with() + b"\n" + _with() + b"\n" + BOM + _with(), NDJSON, 3),
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
        (BOM, "application/json", 400),
        (BOM + b"x", "application/json", 400),
        ("[{}]".encode("utf-16"), "application/json", 400),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"[" + b",".join([b"{}"] * (MAX_EVENTS + 1)) + b"]", "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_split_is_a_problem(body: bytes, mimetype: str, status: int) -> None:
    """Without events to validate, the request as a whole is rejected."""
    with pytest.raises(Problem) as caught:
        split_events(body, mimetype)
    assert caught.value.status == status


_HALF = _with(person="xhs:friend\ud83d")


@pytest.mark.parametrize(
    ("body", "mimetype"),
    [
        (b"[" + _with() + b" ,\n" + _HALF + b"," + _with(id="f") + b"]", "application/json"),
        (_with() + b"\n" + _HALF + b"\n" + _with(id="f"), NDJSON),
    ],
)
def test_half_a_character_rejects_its_own_event_alone(body: bytes, mimetype: str) -> None:
    """A sender that cuts texts within an emoji loses that event, not the batch."""
    found = _validate(*split_events(body, mimetype))
    assert len(found.accepted) == 2
    assert [(one.index, one.code, one.pointer) for one in found.rejected] == [(1, "malformed_json", "")]
    assert "half a character" in found.rejected[0].detail


def test_an_event_alone_with_half_a_character_is_rejected_as_an_event() -> None:
    """As it would be in a batch; JSON that is broken elsewhere is a problem as before."""
    [rejected] = _validate(*split_events(_HALF, "application/json")).rejected
    assert rejected.code == "malformed_json"
    for broken in (_HALF[:-1], b"[" + _HALF):
        with pytest.raises(Problem):
            split_events(broken, "application/json")


@given(st.lists(st.text('a\ud83d\ude00\\",]', max_size=6), min_size=1, max_size=5), st.booleans())
def test_items_of_an_array_are_split_as_they_were_sent(texts: list[str], spaced: bool) -> None:
    """Wherever pairs, halves and escaped backslashes are."""
    items = [json.dumps({"name": text}).encode() for text in texts]
    body = b"[" + (b" , " if spaced else b",").join(items) + b"]"
    assert list(map(bytes, split_array(body))) == items


def test_half_a_character_in_the_payload_of_a_platform_is_replaced() -> None:
    """It cannot repair its payload; a whole pair stays."""
    payload = rb'{"nick": "Amy\ud83d", "bio": "\ud83d\ude00", "path": "c:\\ud83d"}'
    assert parse_foreign_payload(payload) == {"nick": "Amy\ufffd", "bio": "\U0001f600", "path": "c:\\ud83d"}


def test_a_byte_order_mark_is_no_part_of_an_event() -> None:
    """Windows programs write it before UTF-8. The events are published without it."""
    lines = BOM + _with() + b"\n" + BOM + _with(id="f")
    assert _validate(*split_events(lines, NDJSON)) == _validate(_with(), _with(id="f"))
    assert _validate(*split_events(BOM + _with(), "application/json")).accepted == _validate(_with()).accepted


def test_a_body_in_utf_16_is_named_as_such() -> None:
    """Its bytes would otherwise be called neither { nor [."""
    with pytest.raises(Problem, match="UTF-16 and must be in UTF-8"):
        split_events("{}".encode("utf-16"), "application/json")


def test_every_error_code_has_a_remedy() -> None:
    """Each remedy is a sentence."""
    assert all(remedy.endswith(".") for remedy in REMEDIES.values())


def test_the_error_of_a_too_large_event_has_the_configured_maximum() -> None:
    """It is the value of REFERRAL_MAX_EVENT."""
    found = _validator(max_bytes=300).validate([_with(device="d" * 300)], to_ms(day(10)), _look_up)
    assert "; the maximum is 300." in found.rejected[0].detail


def test_a_program_is_checked_once_per_batch() -> None:
    """A look-up for each event would cost more than the rest of its validation."""
    checked: list[str] = []

    def look_up(program: str) -> ProgramTerms:
        checked.append(program)
        return _look_up(program)

    _validator().validate([_with()] * 10, to_ms(day(10)), look_up)
    assert checked == [PROGRAM]


@pytest.mark.parametrize("kind", ["challenge.joined", "post.submitted", "submission.appealed", "post.voted"])
def test_an_event_of_an_unknown_challenge_is_refused_with_those_that_exist(kind: str) -> None:
    """Otherwise a misspelt challenge would look as if nobody took part."""
    about = {"post": "p"} if kind != "challenge.joined" else {}
    about |= {"author": "xhs:a"} if kind == "post.voted" else {}
    events = [{**GOOD, "type": kind, "data": {"challenge": name, **about}} for name in ("glow30", "glow31")]
    raws = [msgspec.json.encode(event) for event in events]
    result = _validator().validate(raws, to_ms(day(10)), _look_up)
    assert len(result.accepted) == 1
    [error] = result.rejected
    assert (error.code, error.pointer) == ("invalid_value", "/data/challenge")
    assert "glow30" in error.detail
    assert "glow31" in error.detail


def test_the_author_of_a_vote_is_replaced_like_its_person() -> None:
    """The log names no one by the platform's id."""
    vote = {**GOOD, "type": "post.voted", "data": {"challenge": "glow30", "post": "p", "author": "xhs:mei"}}
    result = _validator().validate([msgspec.json.encode(vote)], to_ms(day(10)), _look_up)
    [(_, line)] = result.accepted
    assert json.loads(line)["data"]["author"] == person_id("xhs:mei")
