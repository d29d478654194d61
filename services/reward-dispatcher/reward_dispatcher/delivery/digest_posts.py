"""The requests that send a digest to a group chat, and how the answer is read. Pure.

Feishu and DingTalk sign with HMAC-SHA256 over the time and the secret; WeCom and Slack have no signature. Feishu, DingTalk and
WeCom answer 200 to a refused message too: `code` or `errcode` is then not 0.
"""

import hashlib
import hmac
from base64 import b64encode
from typing import assert_never
from urllib.parse import urlencode

import msgspec

from referral.digest_targets import DigestTarget
from referral.events.promoter_messages import DigestKind

_MAX_BYTES: dict[DigestKind, int] = {"wecom": 2048, "dingtalk": 15_000, "feishu": 15_000, "slack": 15_000}
"""How long a text may be in UTF-8. WeCom's limit is 2,048, those of DingTalk and Feishu 20,000 for the whole request."""
_CUT = "…"
_encode = msgspec.json.Encoder().encode


class _Answer(msgspec.Struct, frozen=True):
    """What Feishu, DingTalk and WeCom answer; 0 is success."""

    code: int = 0
    errcode: int = 0


_decode = msgspec.json.Decoder(_Answer).decode


def digest_request(target: DigestTarget, text: str, now_s: int) -> tuple[str, bytes]:
    """Returns the URL and the JSON body of the POST; `now_s` is the real time in seconds, which signatures contain."""
    short = cut(text, _MAX_BYTES.get(target.kind, len(text.encode())))
    match target.kind:
        case "feishu":
            return target.address, _encode({**_feishu_signature(target.secret, now_s), **_feishu_text(short)})
        case "dingtalk":
            return target.address + _dingtalk_signature(target.secret, now_s * 1000), _text_message(short)
        case "wecom":
            return target.address, _text_message(short)
        case "slack":
            return target.address, _encode({"text": _slack_text(short)})
        case "email":
            raise ValueError("an e-mail is not posted")
        case _:
            assert_never(target.kind)


def is_accepted(kind: DigestKind, status: int, answer: bytes) -> bool:
    """Whether an answer confirms that the chat has the message."""
    if not 200 <= status < 300:
        return False
    if kind == "slack":
        return True
    try:
        found = _decode(answer)
    except msgspec.MsgspecError:
        return False
    return found.code == 0 and found.errcode == 0


def cut(text: str, most: int) -> str:
    """Returns the text, or what is within `most` bytes of UTF-8 of its whole lines, and an ellipsis."""
    if len(text.encode()) <= most:
        return text
    room = most - len(_CUT.encode()) - 1
    beginning = text.encode()[:room].decode(errors="ignore")
    whole = beginning.rpartition("\n")[0] or beginning
    return f"{whole}\n{_CUT}"


def _text_message(text: str) -> bytes:
    return _encode({"msgtype": "text", "text": {"content": text}})


def _feishu_text(text: str) -> dict[str, object]:
    return {"msg_type": "text", "content": {"text": text}}


def _feishu_signature(secret: str, now_s: int) -> dict[str, object]:
    """Feishu signs nothing with a key that is made of the time and the secret."""
    if not secret:
        return {}
    signature = hmac.new(f"{now_s}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": str(now_s), "sign": b64encode(signature).decode()}


def _dingtalk_signature(secret: str, now_ms: int) -> str:
    """DingTalk signs time and secret with the secret; both are parameters of the URL."""
    if not secret:
        return ""
    signature = hmac.new(secret.encode(), f"{now_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return "&" + urlencode({"timestamp": now_ms, "sign": b64encode(signature).decode()})


def _slack_text(text: str) -> str:
    """Slack's three control characters as it wants them to be written."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
