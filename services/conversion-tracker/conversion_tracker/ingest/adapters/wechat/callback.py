"""Callbacks of a WeChat official account: how they are signed, and the event of each.

Sources, read 2026-11:
- signature = SHA-1 of token, timestamp and nonce, sorted and joined; `echostr` is returned as received:
  https://developers.weixin.qq.com/doc/service/guide/dev/push
- subscribe (EventKey is `qrscene_` and the scene if a parametric QR code was scanned), unsubscribe, SCAN (EventKey is the scene);
  without an answer within five seconds WeChat sends it again, three times; repetitions have the same FromUserName and CreateTime:
  https://developers.weixin.qq.com/doc/service/en/guide/product/message/Receiving_event_pushes.html
- subscribe_msg_popup_event (a person answers a request for subscription messages), subscribe_msg_change_event (they refuse further
  ones): https://developers.weixin.qq.com/doc/service/en/guide/product/subscription_messages/push.html
- a subscribe after a payment has the EventKey `last_trade_no_…`, which is not a scene:
  https://developers.weixin.qq.com/community/develop/doc/0008248a58caf84d8138649ed56400
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypedDict

from msgspec import Struct

from referral.events.deliveries import OpeningReason
from referral.events.facts import CodeScanned, PersonFollowed, PersonUnfollowed, Scan
from referral.events.ids import derive_id
from referral.events.timestamps import to_datetime
from referral.wechat.account_replies import ReplyOccasion

TOLERANCE_S = 300
_SCENE_PREFIX = "qrscene_"
_OPENINGS: dict[str, OpeningReason] = {"subscribe": "followed", "SCAN": "scanned", "CLICK": "clicked"}


class ConsentAnswer(Struct, frozen=True):
    """What a person answered when they were asked for a subscription message of a template."""

    template: str
    accepted: bool


class Callback(Struct, frozen=True):
    """A parsed callback: the sender, seconds since the epoch, the message type; for events the event name and its key.

    `account` is the account's own id at WeChat, `message` the id of a message and `text` what it says; empty for events. `answers`
    are about subscription messages.
    """

    person: str
    created_s: int
    message_type: str
    event: str = ""
    key: str = ""
    account: str = ""
    message: str = ""
    text: str = ""
    answers: tuple[ConsentAnswer, ...] = ()


class _CommonFields(TypedDict):
    id: str
    program: str
    person: str
    occurred_at: datetime
    channel: Literal["wechat"]


def signature(*parts: str) -> str:
    """WeChat's signature: token, timestamp and nonce, and in encrypted mode also Encrypt."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's own choice  # nosec B324


def is_signed_by_any(tokens: Iterable[str], received: str, *parts: str) -> bool:
    """Whether the received signature was made of `parts` with one of the tokens; compared in constant time."""
    matches = [hmac.compare_digest(signature(token, *parts).encode(), received.encode()) for token in tokens]
    return any(matches)


def is_recent(timestamp: str, now_ms: int) -> bool:
    """Whether a signature's timestamp (seconds) is within five minutes of the server's clock, before or after."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) == 10):
        return False  # the parts are signed as one text, so another length could move digits to or from the nonce
    return abs(now_ms - int(timestamp) * 1000) <= TOLERANCE_S * 1000


def external_id(callback: Callback) -> str:
    """The platform's id of the sender."""
    return f"wechat:{callback.person}"


def event_id(callback: Callback, person: str) -> str:
    """The id of the event; a repeated callback has the same. Made of the person id, it cannot be computed from an openid."""
    return derive_id("evt", "wechat", person, str(callback.created_s), callback.event)


def callback_id(callback: Callback, person: str) -> str:
    """What identifies a callback of any kind; a repeated one has the same. WeChat names messages by `MsgId`."""
    about = callback.message or f"{callback.created_s} {callback.event}"
    return derive_id("cbk", "wechat", person, callback.message_type, about, callback.key)


def opening_of(callback: Callback) -> OpeningReason | None:
    """What the person did, if the account may send them messages after it; None for any other event."""
    if callback.message_type != "event":
        return "wrote"
    return _OPENINGS.get(callback.event)


def occasion_of(callback: Callback) -> tuple[ReplyOccasion, str] | None:
    """What is replied to, and the message or menu key that chooses among keywords; None if nothing is."""
    match callback.message_type, callback.event:
        case "event", "subscribe":
            return "follow", ""
        case "event", "SCAN":
            return "scan", ""
        case "event", "CLICK":
            return "keyword", callback.key
        case "text", _:
            return "keyword", callback.text
    return None


def millisecond_in_second(arrival_number: int | None, created_s: int, now_ms: int) -> int:
    """The millisecond within the second of CreateTime at which an event is dated, so that the order of arrival is kept.

    CreateTime has whole seconds. `arrival_number` is the event's place among the person's events of that second; without it the
    server's clock decides.
    """
    number = now_ms - created_s * 1000 if arrival_number is None else arrival_number
    return min(max(number, 0), 999)


def to_event(
    callback: Callback, program: str, person: str, millisecond: int = 0
) -> PersonFollowed | PersonUnfollowed | CodeScanned | None:
    """The event of a callback, at that millisecond of its second; None for messages and for events without an equivalent.

    `person` is the sender's person id.
    """
    fields = _common_fields(callback, program, person, millisecond)
    match callback.event if callback.message_type == "event" else "":
        case "subscribe":
            has_scene = callback.key.startswith(_SCENE_PREFIX)
            scene = callback.key.removeprefix(_SCENE_PREFIX) if has_scene else None
            return PersonFollowed(code=scene or None, **fields)
        case "unsubscribe":
            return PersonUnfollowed(**fields)
        case "SCAN":
            return CodeScanned(data=Scan(scene=callback.key or None), **fields)
    return None


def _common_fields(callback: Callback, program: str, person: str, millisecond: int) -> _CommonFields:
    return {
        "id": event_id(callback, person),
        "program": program,
        "person": external_id(callback),
        "occurred_at": to_datetime(callback.created_s * 1000 + millisecond),
        "channel": "wechat",
    }
