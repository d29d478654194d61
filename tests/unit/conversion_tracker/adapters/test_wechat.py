"""WeChat's callbacks: who is believed, what each tells, and that a repetition is the same event."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracker.ingest.adapters.wechat.callback import (
    Callback,
    is_recent,
    is_signed_by_any,
    signature,
    to_event,
)
from conversion_tracker.ingest.adapters.wechat.callback_request import parse_callback
from referral.events.facts import CodeScanned, PersonFollowed, PersonUnfollowed
from referral.events.timestamps import to_ms
from referral.http.problems import Problem

NOW = 1_793_692_800
XML = (
    "<xml><ToUserName><![CDATA[gh_glow]]></ToUserName><FromUserName><![CDATA[oAmy]]></FromUserName>"
    "<CreateTime>1793692800</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event>"
    "<EventKey><![CDATA[qrscene_AMY88]]></EventKey><Ticket><![CDATA[T]]></Ticket></xml>"
)


def _event(name: str, key: str = "") -> Callback:
    return Callback("oAmy", NOW, "event", name, key)


def test_the_signature_is_wechats() -> None:
    """SHA-1 of the three, sorted and joined, as WeChat's page says."""
    assert signature("token", "2", "1") == hashlib.sha1(b"12token").hexdigest()


@given(st.text(), st.text(), st.text(), st.text())
def test_only_a_token_that_counts_is_believed(token: str, timestamp: str, nonce: str, said: str) -> None:
    """Neither another signature nor another token passes; the token before a change does while it counts."""
    good = signature(token, timestamp, nonce)
    assert is_signed_by_any([token], good, timestamp, nonce)
    assert is_signed_by_any(["new", token], good, timestamp, nonce)
    assert not is_signed_by_any([], good, timestamp, nonce)
    assert is_signed_by_any([token], said, timestamp, nonce) == (said == good)


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
    ],
)
def test_a_signature_lives_five_minutes(timestamp: str, fresh: bool) -> None:
    """What was overheard cannot be used later."""
    assert is_recent(timestamp, NOW * 1000) is fresh


def test_a_follow_by_a_parametric_qr_code_says_the_code() -> None:
    """The scene is who brought them."""
    fact = to_event(parse_callback(XML.encode()), "prg_glow")
    assert isinstance(fact, PersonFollowed)
    assert (fact.code, fact.person, fact.channel, to_ms(fact.occurred_at)) == (
        "AMY88",
        "wechat:oAmy",
        "wechat",
        NOW * 1000,
    )


@pytest.mark.parametrize("key", ["", "last_trade_no_4002752001201704258347703919", "qrscene_"])
def test_a_follow_without_a_scene_has_no_code(key: str) -> None:
    """A payment's number is not taken for a code."""
    fact = to_event(_event("subscribe", key), "prg_glow")
    assert isinstance(fact, PersonFollowed)
    assert fact.code is None


def test_a_scan_tells_its_scene_and_an_unfollow_is_one() -> None:
    """The two other events that bear on who brought whom."""
    scan, unfollow = to_event(_event("SCAN", "AMY88"), "prg_glow"), to_event(_event("unsubscribe"), "prg_glow")
    assert isinstance(scan, CodeScanned)
    assert scan.data.scene == "AMY88"
    assert isinstance(unfollow, PersonUnfollowed)


@pytest.mark.parametrize(
    "callback", [Callback("oAmy", NOW, "text"), _event("CLICK"), Callback("o", NOW, "text", "SCAN")]
)
def test_anything_else_is_no_fact(callback: Callback) -> None:
    """What people write to the account stays between them."""
    assert to_event(callback, "prg_glow") is None


def test_a_repetition_has_the_same_id_and_nothing_else_has() -> None:
    """FromUserName, CreateTime and the event tell callbacks apart."""
    callbacks = [
        _event("subscribe", "qrscene_AMY88"),
        _event("unsubscribe"),
        Callback("oBo", NOW, "event", "subscribe"),
        Callback("oAmy", NOW + 1, "event", "subscribe"),
    ]
    facts = [to_event(one, "prg_glow") for one in callbacks * 2]
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
def test_xml_that_is_hostile_broken_or_encrypted_is_refused(body: str, code: str) -> None:
    """No entity is expanded, nothing outside is read, and the operator reads what to set."""
    with pytest.raises(Problem) as caught:
        parse_callback(body.encode())
    assert caught.value.code == code


@given(st.binary(max_size=300))
def test_whatever_comes_as_xml_gets_an_answer(body: bytes) -> None:
    """No bytes make the door fail."""
    with pytest.raises(Problem) as caught:
        parse_callback(body)
    assert caught.value.status == 400
