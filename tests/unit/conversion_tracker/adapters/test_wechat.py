"""WeChat callbacks: signatures, the event of each callback, and repeated callbacks."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.adapters.wechat.callback import (
    Callback,
    event_id,
    external_id,
    is_recent,
    is_signed_by_any,
    millisecond_in_second,
    signature,
    to_event,
)
from conversion_tracker.ingest.adapters.wechat.callback_request import UnusableCallback, parse_callback, parse_fields
from referral.events.facts import CodeScanned, Fact, PersonFollowed, PersonUnfollowed
from referral.events.timestamps import to_ms
from referral.http.problems import Problem
from tests.support.builders.participants import PROGRAM, person_id

NOW = 1_793_692_800
XML = (
    "<xml><ToUserName><![CDATA[gh_glow]]></ToUserName><FromUserName><![CDATA[oAmy]]></FromUserName>"
    "<CreateTime>1793692800</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event>"
    "<EventKey><![CDATA[qrscene_AMY88]]></EventKey><Ticket><![CDATA[T]]></Ticket></xml>"
)


def _event(name: str, key: str = "") -> Callback:
    return Callback("oAmy", NOW, "event", name, key)


AMY_ID = person_id("wechat:oAmy")


def _to_event(callback: Callback, millisecond: int = 0) -> Fact | None:
    """The event of a callback in a program."""
    person = person_id(external_id(callback))
    return to_event(callback, PROGRAM, person, millisecond)


def test_the_signature_is_the_documented_one() -> None:
    """SHA-1 of the three parts, sorted and joined, as WeChat documents it."""
    assert signature("token", "2", "1") == hashlib.sha1(b"12token").hexdigest()


@given(st.text(), st.text(), st.text(), st.text())
def test_only_the_signature_of_a_valid_token_is_accepted(token: str, timestamp: str, nonce: str, other: str) -> None:
    """Any of the valid tokens may have made it, e.g. the one before a change; no other signature is accepted."""
    good = signature(token, timestamp, nonce)
    assert is_signed_by_any([token], good, timestamp, nonce)
    assert is_signed_by_any(["new", token], good, timestamp, nonce)
    assert not is_signed_by_any([], good, timestamp, nonce)
    assert is_signed_by_any([token], other, timestamp, nonce) == (other == good)


@pytest.mark.parametrize(
    ("timestamp", "fresh"),
    [
        (str(NOW), True),
        (str(NOW - 300), True),
        (str(NOW + 300), True),
        (str(NOW - 301), False),
        (str(NOW + 301), False),
        ("", False),
        ("-1", False),
        ("٣", False),
        ("9" * 20, False),
        (f"0{NOW}", False),
        (str(NOW)[:9], False),
        (f"{NOW}.0", False),
    ],
)
def test_a_signature_is_valid_for_five_minutes(timestamp: str, fresh: bool) -> None:
    """A captured signature cannot be used later."""
    assert is_recent(timestamp, NOW * 1000) is fresh


def test_a_follow_by_a_parametric_qr_code_has_the_code() -> None:
    """The scene is the referral code."""
    fact = _to_event(parse_callback(XML.encode()))
    assert isinstance(fact, PersonFollowed)
    assert (fact.code, fact.person, fact.channel, to_ms(fact.occurred_at)) == (
        "AMY88",
        "wechat:oAmy",
        "wechat",
        NOW * 1000,
    )


@pytest.mark.parametrize("key", ["", "last_trade_no_4002752001201704258347703919", "qrscene_"])
def test_a_follow_without_a_scene_has_no_code(key: str) -> None:
    """The number of a payment is not used as a code."""
    fact = _to_event(_event("subscribe", key))
    assert isinstance(fact, PersonFollowed)
    assert fact.code is None


def test_a_scan_has_its_scene_and_an_unfollow_is_an_unfollow() -> None:
    """The two other callbacks that have an event."""
    scan, unfollow = _to_event(_event("SCAN", "AMY88")), _to_event(_event("unsubscribe"))
    assert isinstance(scan, CodeScanned)
    assert scan.data.scene == "AMY88"
    assert isinstance(unfollow, PersonUnfollowed)


@pytest.mark.parametrize(
    "callback", [Callback("oAmy", NOW, "text"), _event("CLICK"), Callback("o", NOW, "text", "SCAN")]
)
def test_other_callbacks_have_no_event(callback: Callback) -> None:
    """Messages to the account are not stored."""
    assert _to_event(callback) is None


def test_an_event_id_cannot_be_computed_from_an_openid() -> None:
    """Who has a list of openids cannot find out whose events are on the log."""
    assert event_id(_event("subscribe"), AMY_ID) != event_id(_event("subscribe"), "wechat:oAmy")


def test_only_a_repeated_callback_has_the_same_id() -> None:
    """A callback is identified by FromUserName, CreateTime and the event."""
    callbacks = [
        _event("subscribe", "qrscene_AMY88"),
        _event("unsubscribe"),
        Callback("oBo", NOW, "event", "subscribe"),
        Callback("oAmy", NOW + 1, "event", "subscribe"),
    ]
    facts = [_to_event(one) for one in callbacks * 2]
    assert len({fact.id for fact in facts if fact}) == len(callbacks)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><FromUserName>&b;</FromUserName></xml>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><FromUserName>&a;</FromUserName></xml>'
SECURE = "<xml><ToUserName>gh</ToUserName><Encrypt>AAAA</Encrypt></xml>"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BOMB, "malformed_callback"),
        (OUTSIDE, "malformed_callback"),
        ("", "malformed_callback"),
        ("<xml>", "malformed_callback"),
        ("<xml></xml>", "malformed_callback"),
        ("{}", "malformed_callback"),
        (XML.replace("1793692800", "soon"), "malformed_callback"),
        (SECURE, "encrypted_callback"),
    ],
)
def test_hostile_malformed_or_encrypted_xml_is_rejected(body: str, code: str) -> None:
    """No entity is expanded and no external file is read; for encryption, the error names what to configure."""
    with pytest.raises(Problem) as caught:
        parse_callback(body.encode())
    assert caught.value.code == code


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_rejected(body: bytes) -> None:
    """No body raises another exception, and only one that XML cannot represent is unusable."""
    with pytest.raises((Problem, UnusableCallback)) as caught:
        parse_callback(body)
    assert isinstance(caught.value, UnusableCallback) or caught.value.status == 400


NOT_XML = [
    "\x00",
    "\x08",
    "\x0b",
    "\x10",
    "\x1d",
    "\x1f",
    "\ufffe",
    "\uffff",
    "&#8;",
    "&#x1d;",
    "&#xD800;",
    "&#99999999;",
]
MESSAGE = (
    "<xml><ToUserName><![CDATA[gh_glow]]></ToUserName><FromUserName><![CDATA[oAmy]]></FromUserName>"
    "<CreateTime>1793692800</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>%s</Content></xml>"
)


@pytest.mark.parametrize("character", NOT_XML)
@pytest.mark.parametrize("content", ["<![CDATA[hi%sthere]]>", "hi%sthere"])
def test_a_message_with_characters_that_xml_lacks_is_a_callback(character: str, content: str) -> None:
    """WeChat delivers what its users type; a refusal would show them that the account is out of order."""
    callback = parse_callback((MESSAGE % (content % character)).encode())
    assert (callback.person, callback.message_type) == ("oAmy", "text")


@pytest.mark.parametrize("broken", [b"\xff", b"\xed\xa0\x80", b"\xf0\x9f\x98"])
def test_a_message_with_broken_utf8_is_a_callback(broken: bytes) -> None:
    """Half of a surrogate pair, or an emoji that was cut."""
    assert parse_callback((MESSAGE % "hi-there").encode().replace(b"-", broken)).message_type == "text"


@given(st.text(max_size=30))
def test_any_text_a_user_types_is_a_callback(content: str) -> None:
    """In a CDATA section, as WeChat sends it."""
    body = (MESSAGE % f"<![CDATA[{content.replace(']]>', '')}]]>").encode("utf-8", "surrogatepass")
    assert parse_callback(body).message_type == "text"


@pytest.mark.parametrize("character", NOT_XML)
def test_a_follow_with_such_characters_is_kept_without_the_scene(character: str) -> None:
    """The scene is lost, the follow is not; elsewhere the characters do not matter."""
    fact = _to_event(parse_callback(XML.replace("AMY88]]", f"AMY{character}88]]").encode()))
    assert isinstance(fact, PersonFollowed)
    assert fact.code is None
    fact = _to_event(parse_callback(XML.replace("[T]", f"[{character}]").encode()))
    assert isinstance(fact, PersonFollowed)
    assert fact.code == "AMY88"
    fact = _to_event(parse_callback(XML.replace("AMY88", "A" * 200).encode()))
    assert isinstance(fact, PersonFollowed)
    assert fact.code is None


@pytest.mark.parametrize("place", ["[oAmy]", "1793692800", "[event]", "<FromUserName>"])
@pytest.mark.parametrize("character", ["\x08", "\x1d", "\ufffe"])
def test_a_callback_whose_sender_or_time_is_lost_is_unusable(place: str, character: str) -> None:
    """It is passed over, never refused. A message type that is lost is one that has no event."""
    body = XML.replace(place, place[:2] + character + place[2:], 1).encode()
    if place == "[event]":
        assert _to_event(parse_callback(body)) is None
        return
    with pytest.raises(UnusableCallback):
        parse_callback(body)


def test_leading_blanks_and_a_declaration_do_not_matter() -> None:
    """A byte order mark, line breaks before the declaration, and any declared encoding."""
    for before in (
        "\ufeff",
        "\n \n",
        "\ufeff\n<?xml version='1.0' encoding='utf-8'?>",
        "<?xml version='1.0' encoding='GBK'?>",
    ):
        assert parse_callback((before + XML).encode()).person == "oAmy"


@given(st.permutations(["subscribe", "unsubscribe", "SCAN"]))
def test_events_of_one_second_have_the_order_of_arrival(names: list[str]) -> None:
    """CreateTime has whole seconds: the place among the events of a second is the millisecond, and the id does not change."""
    facts = [_to_event(_event(name), millisecond_in_second(place, NOW, NOW * 1000)) for place, name in enumerate(names)]
    times = [to_ms(fact.occurred_at) for fact in facts if fact]
    assert times == [NOW * 1000, NOW * 1000 + 1, NOW * 1000 + 2]
    assert [fact.id for fact in facts if fact] == [event_id(_event(name), AMY_ID) for name in names]


@given(st.none() | st.integers(0, 10**6), st.integers(-(10**6), 10**6), st.integers(0, 10**6))
def test_an_event_stays_in_its_second_and_in_order(place: int | None, late_ms: int, more: int) -> None:
    """Whatever the place and the server's clock; a later place or a later clock is never an earlier time."""
    now_ms = NOW * 1000 + late_ms
    at = millisecond_in_second(place, NOW, now_ms)
    assert 0 <= at < 1000
    assert at <= millisecond_in_second(None if place is None else place + more, NOW, now_ms + more)


def test_answers_about_subscription_messages_are_read() -> None:
    """At most ten; what is no template or no answer is left out, and each part belongs to the signed content."""

    def body(*answers: tuple[str, str]) -> bytes:
        lists = "".join(
            f"<List><TemplateId>{template}</TemplateId><SubscribeStatusString>{answer}</SubscribeStatusString>"
            "<PopupScene>2</PopupScene></List>"
            for template, answer in answers
        )
        return (
            "<xml><FromUserName>oBo</FromUserName><CreateTime>1610969440</CreateTime><MsgType>event</MsgType>"
            f"<Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent>{lists}</SubscribeMsgPopupEvent></xml>"
        ).encode()

    good, bad = ("T" * 43, "accept"), ("t" * 43, "reject")
    found = parse_callback(body(good, bad, ("no template", "accept"), ("U" * 43, "maybe")))
    assert [(one.template, one.accepted) for one in found.answers] == [("T" * 43, True), ("t" * 43, False)]
    assert len(parse_callback(body(*[good] * 30)).answers) == 10
    assert parse_fields(body(good)) != parse_fields(body(bad))
