"""`GET` and `POST /v1/adapters/wechat/{program}`: the callback URL of a WeChat official account.

WeChat calls again, up to three times, unless the response is `success`; so `success` means that the event is durably written to the
log. In plaintext mode the signature does not cover the body (callback.py cites WeChat's page), so a signature is bound to the first
event that it is received with. In encrypted mode it does: a captured request can only be repeated, and then is the same event.
"""

import hashlib

import msgspec
from flask import Response, request
from flask_smorest import Blueprint
from redis.exceptions import RedisError

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.mapped_event import MappedEvent
from conversion_tracker.ingest.adapters.wechat.authentication import (
    TOKEN_SECRET,
    decrypt_message,
    has_aes_key,
    require_plaintext_signature,
    wechat_account,
)
from conversion_tracker.ingest.adapters.wechat.callback import TOLERANCE_S, to_event
from conversion_tracker.ingest.adapters.wechat.callback_request import MAX_BYTES, parse_callback, parse_encrypted
from conversion_tracker.ingest.adapters.wechat.wechat_openapi import GET_ECHO, POST_CALLBACK
from conversion_tracker.ingest.ingest_response import publish_accepted, validate_mapped
from conversion_tracker.ingest.program_access import check_program_exists
from referral.events.adapters import WechatAccount
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit

blueprint = Blueprint("wechat", __name__, description="Callbacks of a WeChat official account.")
_ROUTE = "/v1/adapters/wechat/<program>"
_SOURCE_POINTERS = {
    "": "",
    "/person": "/FromUserName",
    "/occurred_at": "/CreateTime",
    "/code": "/EventKey",
    "/data": "/EventKey",
}
_encode = msgspec.json.Encoder().encode


@blueprint.get(_ROUTE)
@blueprint.doc(**GET_ECHO)
def echo(program: str) -> Response:
    """Confirm to WeChat that the URL belongs to the account: returns `echostr`, decrypted if it is encrypted."""
    echostr = request.args.get("echostr", "")[:1024]
    if "msg_signature" in request.args:
        return Response(decrypt_message(program, echostr, wechat_account(program)), mimetype="text/plain")
    require_plaintext_signature(program)
    return Response(echostr, mimetype="text/plain")


@blueprint.post(_ROUTE)
@blueprint.doc(**POST_CALLBACK)
@without_rate_limit
def callback(program: str) -> Response:
    """Accept a callback: a follow (the scene of the QR code is the referral code), a scan or an unfollow becomes an event.

    Other messages are answered with `success` and ignored. After any other response WeChat calls again. Encrypted callbacks
    (安全模式) are decrypted with the account's EncodingAESKey.
    """
    request.max_content_length = MAX_BYTES
    account = wechat_account(program)
    encrypted = _is_encrypted(program, account)
    if encrypted:
        body = decrypt_message(program, parse_encrypted(request.get_data(cache=False)), account)
    else:
        require_plaintext_signature(program)
        body = request.get_data(cache=False)
    fact = to_event(parse_callback(body), program)
    if fact is None:
        dependencies().count_ignored(TOKEN_SECRET, "no_event")
    else:
        line = _encode(fact)
        if not encrypted:
            _bind_signature(line)
        publish_accepted(validate_mapped([MappedEvent(line, _SOURCE_POINTERS)], check_program_exists))
    return Response("success", mimetype="text/plain")


def _is_encrypted(program: str, account: WechatAccount) -> bool:
    """Whether to read the callback's encrypted part. Raises Problem 403 for plaintext if the program accepts only encryption.

    In compatible mode WeChat sends both. Once a key is set, the encrypted part is read, because its signature covers the body.
    """
    is_sent = request.args.get("encrypt_type") == "aes"
    if account.mode == "encrypted" and not is_sent:
        detail = (
            f"{program} accepts only encrypted callbacks (`wechat.mode`). Set the account's message mode to 安全模式."
        )
        raise Problem(403, "plaintext_refused", detail)
    return is_sent and (account.mode == "encrypted" or has_aes_key(program))


def _bind_signature(line: bytes) -> None:
    """Binds the signature to this event. Raises Problem 403 if it is bound to another; not checked if Redis is unavailable."""
    key = f"http:wechat:{request.args['signature']}"
    digest = hashlib.blake2b(line, digest_size=16).digest()
    try:
        redis = context().redis
        bound = digest if redis.set(key, digest, nx=True, ex=2 * TOLERANCE_S) else redis.get(key)
    except RedisError:
        return
    if bound not in (None, digest):
        detail = "This signature was already used for another event. Sign each request separately."
        raise Problem(403, "replayed_signature", detail)
