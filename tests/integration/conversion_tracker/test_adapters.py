"""Adapters on a real log: authenticated requests in other formats become events, each once."""

import base64
import hmac
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from redis import Redis
from werkzeug.test import TestResponse

from conversion_tracker.dependencies import init_app
from conversion_tracker.ingest.adapters.cloudevents.cloudevents_openapi import CLOUDEVENT_EXAMPLE
from conversion_tracker.ingest.adapters.wechat.callback import signature
from referral.config import Settings
from referral.encryption import seal
from referral.events.adapters import Adapter
from referral.events.entities import AdapterSecret, CatalogEntity
from referral.events.wechat_rules import WechatAccount
from referral.key_ring import KeyRing
from referral.log.publisher import Publisher
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM, PSEUDONYMS, START
from tests.support.builders.wechat import AES_KEY, APPID, encrypt, pad_message
from tests.support.processes import run_module
from tests.support.records import write_records
from tests.support.redis_servers import on_both_kinds_of_redis
from tests.support.settings import without_log
from tests.support.systems.conversion_tracker import CATALOG, ConversionTracker, serve_conversion_tracker
from tests.support.waiting import is_within, wait_until

pytestmark = pytest.mark.integration
TOKEN, OLD_TOKEN, SHOP_SECRET = "glowtoken2026", "glowtoken2025", "a secret of the shop"
SHOP: dict[str, Any] = {
    "id": "shop",
    "items": "events",
    "where": {"id": "no", "type": "name", "person": "user.id", "time": "at", "code": "user.code"},
    "types": {"subscribed": "person.followed", "bought": "order.paid"},
    "data": {"order": "order.no", "amount": "order.total", "currency": "order.currency"},
    "person_prefix": "shop:",
}
SIGNED = {**SHOP, "id": "signed", "signature": {"header": "X-Shop-Signature", "secret": "shop", "prefix": "sha256="}}
IN_BASE64 = {**SHOP, "id": "base64", "signature": {"header": "X-Hmac", "secret": "shop", "encoding": "base64"}}
UNSET = {**SHOP, "id": "unset", "signature": {"header": "X-Hmac", "secret": "nowhere"}}


OTHER_KEYS = KeyRing.parse("", "another signing key, long enough as well")


def _secret(name: str, *secrets: str, keys: KeyRing) -> AdapterSecret:
    sealed = tuple(seal(keys, PROGRAM, name, one) for one in secrets)
    return AdapterSecret(recorded_at=START, program=PROGRAM, name=name, sealed=sealed)


def _catalog(settings: Settings) -> tuple[CatalogEntity, ...]:
    adapters = tuple(msgspec.convert(one, Adapter) for one in (SHOP, SIGNED, IN_BASE64, UNSET))
    glow = program_version()
    declared = msgspec.structs.replace(glow, program=msgspec.structs.replace(glow.program, adapters=adapters))
    return (
        declared,
        *CATALOG[1:],
        _secret("wechat", TOKEN, OLD_TOKEN, keys=settings.key_ring()),
        _secret("shop", SHOP_SECRET, keys=settings.key_ring()),
    )


@pytest.fixture
def system(settings: Settings) -> Iterator[ConversionTracker]:
    """The API without folds."""
    with serve_conversion_tracker(settings, *_catalog(settings)) as system:
        yield system


def _now() -> int:
    return int(time.time())


def _query(token: str = TOKEN, timestamp: int | None = None, nonce: str = "n1") -> dict[str, str]:
    signed_at = str(_now() if timestamp is None else timestamp)
    return {"signature": signature(token, signed_at, nonce), "timestamp": signed_at, "nonce": nonce}


def _xml(event: str, key: str = "", person: str = "oBo", kind: str = "event", created: int | None = None) -> str:
    return (
        f"<xml><ToUserName>gh_glow</ToUserName><FromUserName><![CDATA[{person}]]></FromUserName>"
        f"<CreateTime>{created or _now()}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>"
        f"<Event><![CDATA[{event}]]></Event><EventKey><![CDATA[{key}]]></EventKey></xml>"
    )


def _callback(
    system: ConversionTracker, body: str | bytes, query: dict[str, str] | None = None, program: str = PROGRAM
) -> TestResponse:
    where = f"/v1/adapters/wechat/{program}"
    return system.app.test_client().post(where, query_string=query or _query(), data=body, content_type="text/xml")


def _code(answer: TestResponse) -> tuple[int, str]:
    code: str = answer.get_json()["code"]
    return answer.status_code, code


def test_the_echo_is_returned_only_for_a_valid_signature(system: ConversionTracker) -> None:
    """WeChat's check of the URL succeeds; without the token the response reveals nothing."""
    client, where = system.app.test_client(), f"/v1/adapters/wechat/{PROGRAM}"
    answer = client.get(where, query_string=_query() | {"echostr": "2958099473294221495"})
    assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/plain", "2958099473294221495")
    assert client.get(where, query_string=_query(OLD_TOKEN) | {"echostr": "1"}).text == "1"
    assert _code(client.get(where, query_string=_query("guessed") | {"echostr": "1"})) == (403, "bad_signature")
    assert _code(client.get(where, query_string=_query(timestamp=_now() - 301))) == (403, "stale_signature")
    assert _code(client.get(where)) == (400, "missing_parameter")
    assert _code(client.get("/v1/adapters/wechat/prg_other", query_string=_query())) == (404, "no_secret")


def test_callbacks_become_events_and_messages_are_ignored(system: ConversionTracker) -> None:
    """A follow with its scene, a scan and an unfollow become events; messages are answered and not stored."""
    told = [("subscribe", "qrscene_AMY88"), ("SCAN", "AMY88"), ("unsubscribe", ""), ("CLICK", "menu")]
    answers = [_callback(system, _xml(event, key), _query(nonce=event)) for event, key in told]
    answers.append(_callback(system, _xml("", kind="text"), _query(nonce="text")))
    assert [(answer.status_code, answer.mimetype, answer.text) for answer in answers] == [
        (200, "text/plain", "success")
    ] * 5
    metrics = system.app.test_client().get("/metrics").text
    assert 'referral_adapter_ignored_total{adapter="wechat",reason="no_event"}' in metrics
    lines = {line["type"]: line for line in system.named("events")}
    assert set(lines) == {"person.followed", "code.scanned", "person.unfollowed"}
    assert {line["person"] for line in lines.values()} == {"wechat:oBo"}
    assert (lines["person.followed"]["code"], lines["code.scanned"]["data"]) == ("AMY88", {"scene": "AMY88"})


def test_a_repeated_callback_counts_once(settings: Settings, environ: dict[str, str]) -> None:
    """Three calls with different signatures are one follow and one referral, even after the stored signatures are deleted."""
    with (
        serve_conversion_tracker(settings, *_catalog(settings)) as system,
        run_module(environ, "conversion_tracker", "fold", "attribute"),
        run_module(environ, "conversion_tracker", "fold", "screen"),
    ):
        body = _xml("subscribe", "qrscene_AMY88")
        answers = [_callback(system, body, _query(nonce=f"n{number}")) for number in range(3)]
        assert [answer.text for answer in answers] == ["success"] * 3
        assert len({line["id"] for line in system.named("events")}) == 1
        found = wait_until(lambda: system.person("wechat:oBo"))
        assert (found["status"], found["referrer"]["external_id"]) == ("follower", "xhs:amy")
        system.wait_until_folded()
        types = [line["type"] for line in system.decoded("attributions")]
        assert sorted(types) == ["edge.set", "referral.attributed"]


def test_an_invalid_or_replayed_signature_is_rejected(system: ConversionTracker) -> None:
    """Another token, an outdated signature, or a signature of another event; the same event again is a repetition."""
    body, query = _xml("subscribe", "qrscene_AMY88"), _query()
    assert _code(_callback(system, body, query | {"nonce": "n2"})) == (403, "bad_signature")
    assert _code(_callback(system, body, query | {"signature": "é" * 40})) == (403, "bad_signature")
    assert _code(_callback(system, body, _query(timestamp=_now() - 301))) == (403, "stale_signature")
    assert _code(_callback(system, body, _query(timestamp=_now() + 330))) == (403, "stale_signature")
    assert _callback(system, body, query).text == "success"
    assert _callback(system, body, query).text == "success"
    assert _code(_callback(system, _xml("subscribe", "qrscene_BO88", "oEve"), query)) == (403, "replayed_signature")
    assert {line["person"] for line in system.named("events")} == {"wechat:oBo"}


@on_both_kinds_of_redis
def test_every_signature_is_bound_to_the_content_it_came_with(system: ConversionTracker) -> None:
    """Also that of a message or an echo, which have no event: with another body it is refused, with the same it is repeated."""
    client, where = system.app.test_client(), f"/v1/adapters/wechat/{PROGRAM}"
    message, echo, broken = _query(nonce="message"), _query(nonce="echo"), _query(nonce="broken")
    text = _xml("", kind="text")
    assert [_callback(system, text, message).text for _ in range(2)] == ["success"] * 2
    assert [client.get(where, query_string=echo | {"echostr": "1"}).text for _ in range(2)] == ["1"] * 2
    assert _code(_callback(system, "<xml/>", broken)) == (400, "malformed_callback")
    for captured in (message, echo, broken):
        assert _code(_callback(system, _xml("subscribe", "qrscene_AMY88", "oEve"), captured)) == (
            403,
            "replayed_signature",
        )
    assert _code(client.get(where, query_string=message | {"echostr": "1"})) == (403, "replayed_signature")
    assert _code(client.get(where, query_string=echo | {"echostr": "2"})) == (403, "replayed_signature")
    both = text.replace("</xml>", "<Encrypt>AAAA</Encrypt></xml>")
    assert _callback(system, both, message).text == "success"
    assert 0 < system.context.redis.ttl(f"http:wechat:{message['signature']}") <= 600
    assert system.lines("events") == []


@pytest.mark.parametrize("character", ["\x08", "\x10", "\x1d", "\ufffe"])
def test_messages_with_characters_that_xml_lacks_are_answered_with_success(
    system: ConversionTracker, character: str
) -> None:
    """After any other response WeChat shows the sender that the account is out of order."""
    text = f"<![CDATA[hi{character}]]></Content></xml>"
    bodies = [
        _xml("", kind="text").replace("</xml>", f"<Content>{text}"),
        _xml("subscribe", person=f"oB{character}o"),
        _xml("subscribe").replace("<CreateTime>", f"<CreateTime>{character}"),
    ]
    answers = [_callback(system, body, _query(nonce=str(number))) for number, body in enumerate(bodies)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "success")] * 3
    follow = _xml("subscribe", "qrscene_AMY88").replace("</xml>", f"<Ticket>{text.replace('Content', 'Ticket')}")
    assert _callback(system, follow, _query(nonce="follow")).text == "success"
    assert [line["code"] for line in system.named("events")] == ["AMY88"]
    metrics = system.app.test_client().get("/metrics").text
    assert 'referral_adapter_ignored_total{adapter="wechat",reason="unusable"}' in metrics


def test_callbacks_of_one_second_count_in_the_order_of_arrival(settings: Settings, environ: dict[str, str]) -> None:
    """CreateTime has whole seconds. Of twelve people six left and came back in one second, six the other way round."""
    with (
        serve_conversion_tracker(settings, *_catalog(settings)) as system,
        run_module(environ, "conversion_tracker", "fold", "attribute"),
        run_module(environ, "conversion_tracker", "fold", "screen"),
    ):
        second = _now() - 10
        for number in range(12):
            names = ["unsubscribe", "subscribe"] if number % 2 else ["subscribe", "unsubscribe"]
            person = f"oPerson{number}"
            assert _callback(
                system, _xml("subscribe", person=person, created=second - 60), _query(nonce=f"{number}")
            ).text
            for name in [*names, names[0]]:  # the first is repeated, as after a response that was lost
                nonce = f"{number}{name}{names.index(name)}"
                assert (
                    _callback(system, _xml(name, person=person, created=second), _query(nonce=nonce)).text == "success"
                )
        system.wait_until_folded()
        found = [system.person(f"wechat:oPerson{number}")["status"] for number in range(12)]
        assert found == ["unfollowed" if number % 2 == 0 else "follower" for number in range(12)]
        times: dict[str, set[str]] = {}
        for line in system.named("events"):
            times.setdefault(line["id"], set()).add(line["occurred_at"])
        assert all(len(one) == 1 for one in times.values())


def test_callbacks_of_one_second_are_accepted_without_redis(system: ConversionTracker) -> None:
    """Then the server's clock dates them, and no signature is remembered."""
    client = system.context.redis
    lost = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.1)
    system.app.extensions["referral"] = replace(system.context, redis=lost)
    assert _callback(system, _xml("subscribe")).text == "success"
    assert len(system.lines("events")) == 1
    system.app.extensions["referral"] = replace(system.context, redis=client)


def test_callbacks_are_limited_in_size_and_parsed_safely(system: ConversionTracker) -> None:
    """Entities and oversized bodies are rejected."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><FromUserName>&a;</FromUserName></xml>'
    assert _code(_callback(system, bomb)) == (400, "malformed_callback")
    assert _code(_callback(system, b"<xml>" + b"x" * 70_000 + b"</xml>")) == (413, "too_large")
    assert _code(
        _callback(system, "<xml><ToUserName>g</ToUserName><Encrypt>A</Encrypt></xml>", _query(nonce="n2"))
    ) == (
        422,
        "encrypted_callback",
    )
    early = _callback(system, _xml("subscribe", created=_now() + 900), _query(nonce="n3"))
    assert [(one["code"], one["pointer"]) for one in early.get_json()["errors"]] == [("in_the_future", "/CreateTime")]
    assert system.lines("events") == []


def test_without_kafka_no_event_is_answered_with_success(system: ConversionTracker) -> None:
    """The response is 503 within two seconds, before WeChat's timeout of five; the next call is accepted."""
    away = Publisher(without_log(system.settings))
    system.app.extensions["conversion-tracker"] = replace(system.collaborators, publisher=away)
    body, began = _xml("subscribe"), time.monotonic()
    assert _code(_callback(system, body)) == (503, "unavailable")
    assert _callback(system, _xml("", kind="text"), _query(nonce="t")).text == "success"
    assert is_within(4, began)
    away.close()
    init_app(system.app)
    assert _callback(system, body).text == "success"
    assert [line["person"] for line in system.named("events")] == ["wechat:oBo"]


def test_a_secret_that_is_removed_or_encrypted_with_another_key_is_not_accepted(system: ConversionTracker) -> None:
    """A wrong signing key has its own error; a removed token disables the adapter."""
    for entity, wanted in (
        (
            _secret("wechat", TOKEN, keys=OTHER_KEYS),
            (503, "secret_unreadable"),
        ),
        (_secret("wechat", keys=OTHER_KEYS), (404, "no_secret")),
    ):
        write_records(system.settings, [entity])
        system.context.follower.read_to_end(30)
        assert _code(_callback(system, _xml("subscribe"))) == wanted


def test_requests_for_unknown_programs_are_rate_limited_and_callbacks_are_not(settings: Settings) -> None:
    """An unknown program costs a read of the catalog, so it counts against the address; valid callbacks do not."""
    with serve_conversion_tracker(replace(settings, miss_limit="2/minute"), *_catalog(settings)) as system:
        guesses = [_code(_callback(system, _xml("subscribe"), program=f"prg_{number}")) for number in range(3)]
        assert guesses == [(404, "no_secret"), (404, "no_secret"), (429, "rate_limited")]
        assert _code(_webhook(system, "shop", b"{}", {"Authorization": "Bearer rk_all"})) == (422, "events_refused")
        assert [_callback(system, _xml("unsubscribe"), _query(nonce=n)).text for n in "abc"] == ["success"] * 3


def _cloudevent(number: int, **more: object) -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    return CLOUDEVENT_EXAMPLE | {"id": str(number), "subject": f"xhs:{number}", "time": now} | more


@pytest.mark.parametrize("where", ["/v1/events", "/v1/adapters/cloudevents"])
def test_cloudevents_are_accepted_in_all_three_modes(system: ConversionTracker, where: str) -> None:
    """Structured, batched and binary mode give the same event; an error points to the sender's attribute."""
    client, key = system.app.test_client(), {"Authorization": "Bearer rk_all"}
    single = client.post(where, json=_cloudevent(1), headers=key | {"Content-Type": "application/cloudevents+json"})
    batch = [_cloudevent(2), _cloudevent(3, subject=None), _cloudevent(4, data={"code": 5}), {}, _cloudevent(6)]
    sent = json.dumps([*batch, 0]).encode().removesuffix(b"0]") + b"9" * 5000 + b"]"
    many = client.post(where, data=sent, headers=key, content_type="application/cloudevents-batch+json; charset=UTF-8")
    data = _cloudevent(7)
    said = {f"ce-{name}": str(value) for name, value in data.items() if name != "data"} | {"ce-subject": "xhs:%37"}
    binary = client.post(where, json=data["data"], headers=key | said)
    bare = client.post(
        where, headers=key | said | {"ce-id": "8", "ce-subject": "xhs:8", "ce-type": "person.unfollowed"}
    )
    assert [answer.status_code for answer in (single, many, binary, bare)] == [202] * 4
    assert [(one["index"], one["code"], one["pointer"]) for one in many.get_json()["rejected"]] == [
        (1, "missing_field", "/subject"),
        (3, "not_a_cloudevent", "/specversion"),
        (5, "malformed_json", ""),
    ]
    warnings = [(one["index"], one["code"], one["pointer"]) for one in many.get_json()["warnings"]]
    assert warnings == [(2, "wrong_type", "/data/code")]
    lines = {line["person"]: line for line in system.named("events")}
    assert set(lines) == {f"xhs:{number}" for number in (1, 2, 4, 6, 7, 8)}
    assert {(line["code"], line["data"]["content"]) for line in lines.values() if "data" in line} == {
        ("AMY88", "dry-skin-hacks")
    }


@pytest.mark.parametrize("where", ["/v1/events", "/v1/adapters/cloudevents"])
def test_an_empty_batch_of_cloudevents_is_accepted(system: ConversionTracker, where: str) -> None:
    """As specified; senders that flush by time have nothing to send at times."""
    headers = {"Authorization": "Bearer rk_all"}
    answer = system.app.test_client().post(
        where, data=b"[]", headers=headers, content_type="application/cloudevents-batch+json"
    )
    assert (answer.status_code, answer.get_json()) == (202, {"accepted": 0, "rejected": [], "warnings": []})
    assert system.lines("events") == []


def test_invalid_cloudevents_are_rejected_with_the_reason(system: ConversionTracker) -> None:
    """The same statuses as for other events: 415, 400, 422, 401."""
    client, key = system.app.test_client(), {"Authorization": "Bearer rk_all"}
    where = "/v1/adapters/cloudevents"

    def post(body: bytes, kind: str, headers: dict[str, str] = key) -> tuple[int, str]:
        return _code(client.post(where, data=body, headers=headers, content_type=kind))

    assert post(b"", "application/cloudevents+avro") == (415, "unsupported_media_type")
    assert post(b"{", "application/cloudevents+json") == (400, "malformed_body")
    assert post(b"[{]", "application/cloudevents-batch+json") == (400, "malformed_body")
    assert post(b"{}", "application/cloudevents-batch+json") == (400, "malformed_body")
    assert post(b"[" + b"{}," * 1000 + b"{}]", "application/cloudevents-batch+json") == (413, "too_many_events")
    assert post(b"[{}, 1]", "application/cloudevents-batch+json") == (422, "events_refused")
    assert post(b"{}", "application/cloudevents+json") == (422, "events_refused")
    assert post(b"{}", "application/json") == (422, "events_refused")
    assert post(b"{}", "application/cloudevents+json", {}) == (401, "missing_key")
    assert system.lines("events") == []


def _order(number: int, **more: object) -> dict[str, object]:
    order = {"no": f"o{number}", "total": 19.9, "currency": "CNY"}
    user = {"id": number, "code": "AMY88"}
    return {"no": number, "name": "bought", "user": user, "at": datetime.now(UTC).isoformat(), "order": order} | more


def _webhook(system: ConversionTracker, name: str, body: bytes, headers: dict[str, str]) -> TestResponse:
    where = f"/v1/adapters/{name}/{PROGRAM}"
    return system.app.test_client().post(where, data=body, headers=headers, content_type="application/json")


def test_another_platforms_json_is_mapped_as_declared(system: ConversionTracker) -> None:
    """Mapped events are on the log; an invalid one has an error with its pointer and a remedy, others are ignored."""
    broken = _order(4, order={"no": "o4", "total": "much", "currency": "CNY"})
    subscribed = _order(5, name="subscribed", user={"id": 5, "code": "AMY88。"})
    sent = {
        "events": [
            _order(1),
            _order(2, name="flew"),
            _order(3, user={}),
            broken,
            subscribed,
            _order(6, user={"id": 6, "code": "NOBODY9"}),
        ]
    }
    answer = _webhook(system, "shop", json.dumps(sent).encode(), {"Authorization": "Bearer rk_all"})
    assert answer.status_code == 202
    assert [(one["index"], one["code"], one["pointer"]) for one in answer.get_json()["rejected"]] == [
        (3, "invalid_value", "/events/3/order/total"),
    ]
    assert [(one["index"], one["code"], one["pointer"]) for one in answer.get_json()["warnings"]] == [
        (5, "unknown_code", "/events/5/user/code"),
    ]
    assert [(one["reason"], one["pointer"]) for one in answer.get_json()["ignored"]] == [
        ("unmapped_type", "/events/1/name"),
        ("no_person", "/events/2/user/id"),
    ]
    lines = {line["person"]: line for line in system.named("events")}
    assert (lines["shop:1"]["id"], lines["shop:1"]["data"]["amount"]) == (
        PSEUDONYMS.event(PROGRAM, "shop:bought:1"),
        "19.9",
    )
    assert (lines["shop:5"]["type"], lines["shop:5"]["code"]) == ("person.followed", "AMY88。")
    nowhere = _webhook(system, "shop", b'{"rows": []}', {"Authorization": "Bearer rk_all"})
    assert _code(nowhere) == (422, "events_refused")
    assert nowhere.get_json()["errors"][0]["pointer"] == "/events"
    assert "`adapters` section of the program file" in nowhere.get_json()["detail"]


def test_what_is_no_event_is_answered_with_200_and_counted(system: ConversionTracker) -> None:
    """A platform stops sending to a URL that refuses. A signature is still required, but for a ping, which has no event."""

    def send(name: str, body: bytes, headers: dict[str, str], mimetype: str = "application/json") -> TestResponse:
        where = f"/v1/adapters/{name}/{PROGRAM}"
        return system.app.test_client().post(where, data=body, headers=headers, content_type=mimetype)

    key, form = {"Authorization": "Bearer rk_all"}, "application/x-www-form-urlencoded"
    for order in (_order(1, name="flew"), _order(2, name=None), _order(3, user=None)):
        body = json.dumps({"events": [order]}).encode()
        answer = send("shop", body, key)
        assert (answer.status_code, answer.get_json()["accepted"], len(answer.get_json()["ignored"])) == (200, 0, 1)
        signed = {"X-Shop-Signature": f"sha256={hmac.digest(SHOP_SECRET.encode(), body, 'sha256').hex()}"}
        assert send("signed", body, signed).status_code == 200
        assert _code(send("signed", body, {"X-Shop-Signature": "sha256=00"})) == (403, "bad_signature")
        assert _code(send("signed", body, {})) == (401, "missing_signature")
    assert send("shop", b'{"events": []}', key).status_code == 200
    for name in ("shop", "signed"):
        assert send(name, b"webhook_id=1", {}, form).get_json()["ignored"][0]["reason"] == "no_event"
    assert send("shop", b"webhook_id=1", key, form).status_code == 200
    assert _code(send("signed", b"webhook_id=1", {"X-Shop-Signature": "sha256=00"}, form)) == (403, "bad_signature")
    assert _code(send("nothing", b"webhook_id=1", {}, form)) == (404, "unknown_adapter")
    metrics = system.app.test_client().get("/metrics").text
    for reason, count in (("unmapped_type", 2), ("no_type", 2), ("no_person", 2), ("no_event", 3)):
        counted = re.findall(rf'adapter_ignored_total{{adapter="(?:shop|signed)",reason="{reason}"}} (\d+)', metrics)
        assert sum(map(int, counted)) >= count
    assert system.lines("events") == []


def test_pings_without_a_signature_are_rate_limited(settings: Settings) -> None:
    """They are the only requests that an adapter answers without authentication."""
    with serve_conversion_tracker(replace(settings, rate_limit="2/minute"), *_catalog(settings)) as system:
        codes = [_webhook(system, "signed", b"webhook_id=1", {}).status_code for _ in range(3)]
        assert codes == [200, 200, 429]


def test_an_adapter_requires_its_signature_or_an_api_key(system: ConversionTracker) -> None:
    """The declared signature; without a declaration, an API key with the scope for the program."""
    body = json.dumps({"events": [_order(1)]}).encode()
    made = hmac.digest(SHOP_SECRET.encode(), body, "sha256")
    key = {"Authorization": "Bearer rk_all"}

    def code(name: str, headers: dict[str, str]) -> tuple[int, str]:
        return _code(_webhook(system, name, body, headers))

    assert _webhook(system, "signed", body, {"X-Shop-Signature": f"sha256={made.hex()}"}).status_code == 202
    assert _webhook(system, "base64", body, {"X-Hmac": base64.b64encode(made).decode()}).status_code == 202
    assert code("signed", {"X-Shop-Signature": f"sha256={made[::-1].hex()}"}) == (403, "bad_signature")
    assert code("signed", {"X-Shop-Signature": "sha256=no hex at all"}) == (403, "bad_signature")
    assert code("signed", key) == (401, "missing_signature")
    assert code("unset", {"X-Hmac": made.hex()}) == (404, "no_secret")
    assert code("shop", {}) == (401, "missing_key")
    assert code("shop", {"Authorization": "Bearer rk_reader"}) == (403, "missing_scope")
    assert code("shop", {"Authorization": "Bearer rk_elsewhere"}) == (403, "other_program")
    assert code("nothing", key) == (404, "unknown_adapter")
    assert len(system.lines("events")) == 2


def _encrypted_query(message: str, token: str = TOKEN, **more: str) -> dict[str, str]:
    signed_at = str(_now())
    signed = signature(token, signed_at, "n1", message)
    return {"msg_signature": signed, "timestamp": signed_at, "nonce": "n1", "encrypt_type": "aes", **more}


def test_encrypted_callbacks_are_decrypted_and_plaintext_is_rejected(settings: Settings) -> None:
    """In encrypted mode (安全模式) messages encrypted for this account are accepted, with the previous key too."""
    declared = _catalog(settings)[0]
    account = WechatAccount(appid=APPID, mode="encrypted")
    safe = msgspec.structs.replace(declared, program=msgspec.structs.replace(declared.program, wechat=account))  # type: ignore[attr-defined]
    keys = _secret("wechat-aes", "N" * 43, AES_KEY, keys=settings.key_ring())
    with serve_conversion_tracker(settings, safe, *_catalog(settings)[1:], keys) as system:
        where, client = f"/v1/adapters/wechat/{PROGRAM}", system.app.test_client()

        def send(plain: bytes, token: str = TOKEN, key: str = AES_KEY) -> TestResponse:
            message = encrypt(plain, key)
            body = f"<xml><ToUserName>gh_glow</ToUserName><Encrypt><![CDATA[{message}]]></Encrypt></xml>"
            return _callback(system, body, _encrypted_query(message, token))

        follow = pad_message(_xml("subscribe", "qrscene_AMY88").encode())
        assert [(one.status_code, one.text) for one in (send(follow), send(follow))] == [(200, "success")] * 2
        assert _code(send(follow, token="guessed")) == (403, "bad_signature")
        assert _code(send(follow, key="B" * 43)) == (422, "undecipherable")
        assert _code(send(pad_message(b"<xml/>", b"wx0000000000000000"))) == (403, "other_account")
        assert _code(send(pad_message(b"<xml/>"))) == (400, "malformed_callback")
        plain = _callback(system, _xml("subscribe"))
        assert _code(plain) == (403, "plaintext_refused")
        assert "安全模式" in plain.get_json()["detail"]
        message = pad_message(_xml("", kind="text").replace("</xml>", "<Content>\x1d</Content></xml>").encode())
        unusable = pad_message(_xml("subscribe", person="o\x08o").encode())
        assert [send(one).text for one in (message, unusable)] == ["success"] * 2
        echo = encrypt(pad_message(b"2958099473294221495"))
        assert client.get(where, query_string=_encrypted_query(echo, echostr=echo)).text == "2958099473294221495"
        assert client.get(where, query_string=_query() | {"echostr": "hello"}).text == "hello"
        assert {line["person"] for line in system.named("events")} == {"wechat:oBo"}
        assert len({line["id"] for line in system.named("events")}) == 1


def test_in_compatible_mode_the_encrypted_part_is_read_once_a_key_is_set(settings: Settings) -> None:
    """Its signature covers the body; without the key the plaintext is read, and in encrypted mode the error names the command."""
    message = encrypt(pad_message(_xml("subscribe", person="oSealed").encode()))
    both = _xml("subscribe", person="oPlain").replace("</xml>", f"<Encrypt>{message}</Encrypt></xml>")
    keys = _secret("wechat-aes", AES_KEY, keys=settings.key_ring())
    query = _encrypted_query(message) | _query()
    for more, person in (((), "wechat:oPlain"), ((keys,), "wechat:oSealed")):
        with serve_conversion_tracker(settings, *_catalog(settings), *more) as system:
            assert _callback(system, both, query).text == "success"
            assert person in {line["person"] for line in system.named("events")}
            plain = _callback(system, _xml("subscribe", person="oPlain"), _query(nonce="n2"))
            assert plain.status_code == (403 if more else 200), "plaintext is refused once a key is set"
