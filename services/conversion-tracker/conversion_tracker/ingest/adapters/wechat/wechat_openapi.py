"""OpenAPI of the WeChat callback."""

from typing import Any

from conversion_tracker.ingest.ingest_openapi import ERROR_RESPONSES

_SIGNATURE = [
    {"in": "query", "name": name, "required": True, "schema": {"type": "string"}, "description": description}
    for name, description in (
        ("signature", "SHA-1 of token, timestamp and nonce, sorted and joined"),
        ("timestamp", "seconds since 1970, at most five minutes from the server's clock"),
        ("nonce", "random"),
    )
]
_ENCRYPTION = [
    {"in": "query", "name": name, "schema": {"type": "string"}, "description": description}
    for name, description in (
        ("encrypt_type", "`aes` if the callback has an encrypted part (兼容模式, 安全模式)"),
        ("msg_signature", "SHA-1 of token, timestamp, nonce and Encrypt, sorted and joined"),
    )
]
_ECHOSTR = {"in": "query", "name": "echostr", "schema": {"type": "string"}, "description": "returned as received"}
_TEXT = {"text/plain": {"schema": {"type": "string"}}}
_REJECTED: dict[int, Any] = {
    400: {"description": "A signature parameter is missing, or the body is not a WeChat callback."},
    403: {
        "description": "The signature is invalid, too old, or already used for another content; or the program accepts only"
        " encrypted callbacks; or the callback is for another account."
    },
    404: {
        "description": "The token or the key is not set: `referral adapters set wechat PROGRAM`, `… wechat-aes PROGRAM`."
    },
    429: ERROR_RESPONSES[429],
}
_CALLBACK = """<xml>
<ToUserName><![CDATA[gh_glow]]></ToUserName>
<FromUserName><![CDATA[oAbc123]]></FromUserName>
<CreateTime>1793692800</CreateTime>
<MsgType><![CDATA[event]]></MsgType>
<Event><![CDATA[subscribe]]></Event>
<EventKey><![CDATA[qrscene_AMY88]]></EventKey>
</xml>"""

GET_ECHO: dict[str, Any] = {
    "parameters": [*_SIGNATURE, _ENCRYPTION[1], _ECHOSTR],
    "responses": {
        200: {"description": "`echostr`, decrypted if it was encrypted.", "content": _TEXT},
        **_REJECTED,
        422: {"description": "`echostr` is encrypted and cannot be decrypted."},
    },
}
POST_CALLBACK: dict[str, Any] = {
    "parameters": [*_SIGNATURE, *_ENCRYPTION],
    "requestBody": {
        "required": True,
        "content": {"text/xml": {"schema": {"type": "string"}, "example": _CALLBACK}},
    },
    "responses": {
        200: {
            "description": "The account's reply (encrypted like the callback), or `success`: what was reported is durable.",
            "content": {**_TEXT, "text/xml": {"schema": {"type": "string"}}},
        },
        **_REJECTED,
        413: {"description": "The body is larger than 64 KiB."},
        422: {"description": "The callback is encrypted and cannot be decrypted, or its event is invalid."},
        503: ERROR_RESPONSES[503],
    },
}
