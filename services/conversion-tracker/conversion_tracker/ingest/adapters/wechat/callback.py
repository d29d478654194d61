"""Callbacks of a WeChat official account: how they are signed, and the event of each.

Sources, read 2026-11:
- signature = SHA-1 of token, timestamp and nonce, sorted and joined; `echostr` is returned as received:
  https://developers.weixin.qq.com/doc/service/guide/dev/push
- subscribe (EventKey is `qrscene_` and the scene if a parametric QR code was scanned), unsubscribe, SCAN (EventKey is the scene);
  without an answer within five seconds WeChat sends it again, three times; repetitions have the same FromUserName and CreateTime:
  https://developers.weixin.qq.com/doc/service/en/guide/product/message/Receiving_event_pushes.html
- a subscribe after a payment has the EventKey `last_trade_no_…`, which is not a scene:
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
    """A parsed callback: the sender, seconds since the epoch, the message type, and for events the event name and its key."""

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


def signature(*parts: str) -> str:
    """WeChat's signature: token, timestamp and nonce, and in encrypted mode also Encrypt."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's own choice  # nosec B324


def is_signed_by_any(tokens: Iterable[str], received: str, *parts: str) -> bool:
    """Whether the received signature was made of `parts` with one of the tokens; compared in constant time."""
    matches = [hmac.compare_digest(signature(token, *parts).encode(), received.encode()) for token in tokens]
    return any(matches)


def is_recent(timestamp: str, now_ms: int) -> bool:
    """Whether a signature's timestamp (seconds) is within five minutes of the server's clock, before or after."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 16):
        return False
    return abs(now_ms - int(timestamp) * 1000) <= TOLERANCE_S * 1000


def to_event(callback: Callback, program: str) -> PersonFollowed | PersonUnfollowed | CodeScanned | None:
    """The event of a callback; None for messages and for events without an equivalent."""
    match callback.event if callback.message_type == "event" else "":
        case "subscribe":
            has_scene = callback.key.startswith(_SCENE_PREFIX)
            scene = callback.key.removeprefix(_SCENE_PREFIX) if has_scene else None
            return PersonFollowed(code=scene or None, **_common_fields(callback, program))
        case "unsubscribe":
            return PersonUnfollowed(**_common_fields(callback, program))
        case "SCAN":
            return CodeScanned(data=Scan(scene=callback.key or None), **_common_fields(callback, program))
    return None


def _common_fields(callback: Callback, program: str) -> _CommonFields:
    """The fields of every event. A repeated callback has the same id."""
    return {
        "id": derive_id("evt", "wechat", callback.person, str(callback.created_s), callback.event),
        "program": program,
        "person": f"wechat:{callback.person}",
        "occurred_at": to_datetime(callback.created_s * 1000),
        "channel": "wechat",
    }
