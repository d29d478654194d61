"""Callbacks of a WeChat official account: who may send them, and which fact each tells.

Sources, read 2026-11:
- signature = SHA-1 of token, timestamp and nonce, sorted and joined; `echostr` is answered as it came:
  https://developers.weixin.qq.com/doc/service/guide/dev/push
- subscribe (EventKey `qrscene_` and the scene, where a parametric QR code was scanned), unsubscribe, SCAN (EventKey is the scene);
  no answer within five seconds: sent again, three times; FromUserName and CreateTime tell repetitions:
  https://developers.weixin.qq.com/doc/service/en/guide/product/message/Receiving_event_pushes.html
- a subscribe after a payment has the EventKey `last_trade_no_…`, which is no scene:
  https://developers.weixin.qq.com/community/develop/doc/0008248a58caf84d8138649ed56400
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypedDict

from msgspec import Struct

from referral.events.facts import CodeScanned, PersonFollowed, PersonUnfollowed, Scan
from referral.events.ids import derive_id
from referral.events.timestamps import to_datetime

TOLERANCE_S = 300
_SCENE_PREFIX = "qrscene_"


class Callback(Struct, frozen=True):
    """What a callback says: who, when (seconds since the epoch), what kind of message, and for an event its name and key."""

    person: str
    created_s: int
    message_type: str
    event: str = ""
    key: str = ""


class _CommonFields(TypedDict):
    id: str
    program: str
    person: str
    occurred_at: datetime
    channel: Literal["wechat"]


def signature(token: str, timestamp: str, nonce: str) -> str:
    """What WeChat signs a request with."""
    joined = "".join(sorted((token, timestamp, nonce)))
    return hashlib.sha1(joined.encode()).hexdigest()  # noqa: S324 - WeChat's own choice


def is_signed_by_any(tokens: Iterable[str], said: str, timestamp: str, nonce: str) -> bool:
    """Whether one of the tokens made this signature; compared in constant time."""
    matches = [hmac.compare_digest(signature(one, timestamp, nonce).encode(), said.encode()) for one in tokens]
    return any(matches)


def is_recent(timestamp: str, now_ms: int) -> bool:
    """Whether the request was signed within the last five minutes, or at most so far ahead of our clock."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 16):
        return False
    return abs(now_ms - int(timestamp) * 1000) <= TOLERANCE_S * 1000


def to_event(callback: Callback, program: str) -> PersonFollowed | PersonUnfollowed | CodeScanned | None:
    """The fact that a callback tells; None for messages and for events that are none of ours."""
    match callback.event if callback.message_type == "event" else "":
        case "subscribe":
            scene = callback.key.removeprefix(_SCENE_PREFIX) if callback.key.startswith(_SCENE_PREFIX) else None
            return PersonFollowed(code=scene or None, **_common_fields(callback, program))
        case "unsubscribe":
            return PersonUnfollowed(**_common_fields(callback, program))
        case "SCAN":
            return CodeScanned(data=Scan(scene=callback.key or None), **_common_fields(callback, program))
    return None


def _common_fields(callback: Callback, program: str) -> _CommonFields:
    """What all facts have. A repetition of the callback gives the same id."""
    return {
        "id": derive_id("evt", "wechat", callback.person, str(callback.created_s), callback.event),
        "program": program,
        "person": f"wechat:{callback.person}",
        "occurred_at": to_datetime(callback.created_s * 1000),
        "channel": "wechat",
    }
