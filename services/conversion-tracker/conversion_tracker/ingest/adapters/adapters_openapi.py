"""How the adapters stand in the API's documentation."""

from typing import Any

from conversion_tracker.ingest.adapters.cloudevents.cloudevents_openapi import CLOUDEVENT, CLOUDEVENT_EXAMPLE
from conversion_tracker.ingest.adapters.cloudevents.cloudevents_request import BATCH, STRUCTURED
from conversion_tracker.ingest.events_openapi import RECEIPT

_ANYTHING: dict[str, Any] = {"schema": {"type": ["object", "array"]}}
_TAKEN: dict[int, Any] = {
    202: {"description": "On the log for good.", "content": {"application/json": {"schema": RECEIPT}}},
    400: {"description": "The body cannot be taken apart."},
    413: {"description": "More bytes than `REFERRAL_MAX_BODY`, or more than 1,000 events."},
    422: {"description": "Every event was refused; `errors` names each, with its place in what was sent."},
    429: {"description": "Too many requests that nothing is known of came from this address."},
    503: {"description": "The log did not acknowledge in time, or too much is under way: send it again later."},
}
_SIGNED = [
    {"in": "query", "name": name, "required": True, "schema": {"type": "string"}, "description": meaning}
    for name, meaning in (
        ("signature", "SHA-1 of token, timestamp and nonce, sorted and joined"),
        ("timestamp", "seconds since 1970, at most five minutes from our clock"),
        ("nonce", "random"),
    )
]
_SEALED = [
    {"in": "query", "name": name, "schema": {"type": "string"}, "description": meaning}
    for name, meaning in (
        ("encrypt_type", "`aes` where the callback brings an encrypted part (兼容模式, 安全模式)"),
        ("msg_signature", "SHA-1 of token, timestamp, nonce and Encrypt, sorted and joined"),
    )
]
_ECHOSTR = {"in": "query", "name": "echostr", "schema": {"type": "string"}, "description": "answered as it came"}
_TEXT = {"text/plain": {"schema": {"type": "string"}}}
_DISTRUSTED: dict[int, Any] = {
    400: {"description": "A parameter of the signature is missing, or this is no callback of WeChat."},
    403: {
        "description": "The signature is forged, too old, or came with another event before; or plaintext is refused, or the"
        " account is another."
    },
    404: {"description": "No token is set, or no key: `referral adapters set wechat PROGRAM`, `… wechat-aes PROGRAM`."},
    429: _TAKEN[429],
}
_CALLBACK = """<xml>
<ToUserName><![CDATA[gh_glow]]></ToUserName>
<FromUserName><![CDATA[oAbc123]]></FromUserName>
<CreateTime>1793692800</CreateTime>
<MsgType><![CDATA[event]]></MsgType>
<Event><![CDATA[subscribe]]></Event>
<EventKey><![CDATA[qrscene_AMY88]]></EventKey>
</xml>"""

CLOUDEVENTS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            STRUCTURED: {"schema": CLOUDEVENT, "example": CLOUDEVENT_EXAMPLE},
            BATCH: {"schema": {"type": "array", "items": CLOUDEVENT, "minItems": 1, "maxItems": 1000}},
            "application/json": _ANYTHING,
        },
    },
    "responses": _TAKEN | {415: {"description": "CloudEvents in another format than JSON."}},
}
ECHO: dict[str, Any] = {
    "parameters": [*_SIGNED, _SEALED[1], _ECHOSTR],
    "responses": {
        200: {"description": "`echostr`, or what was encrypted in it.", "content": _TEXT},
        **_DISTRUSTED,
        422: {"description": "`echostr` is encrypted and cannot be opened."},
    },
}
WECHAT: dict[str, Any] = {
    "parameters": [*_SIGNED, *_SEALED],
    "requestBody": {
        "required": True,
        "content": {"text/xml": {"schema": {"type": "string"}, "example": _CALLBACK}},
    },
    "responses": {
        200: {
            "description": "`success`: an event is on the log for good, anything else was passed over.",
            "content": _TEXT,
        },
        **_DISTRUSTED,
        413: {"description": "More than 64 KiB."},
        422: {"description": "The callback is encrypted and cannot be opened, or its event was refused."},
        503: _TAKEN[503],
    },
}
GENERIC: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": _ANYTHING}},
    "responses": _TAKEN
    | {
        401: {"description": "Neither a signature, where the adapter declares one, nor a valid API key, where not."},
        403: {"description": "The signature is wrong, or the key lacks `events:write`."},
        404: {"description": "No such program in force, no such adapter in it, or no secret of its signature."},
    },
}
