"""`GET` and `POST /v1/adapters/wechat/{program}`: what a WeChat official account's server calls.

WeChat believes an answer `success`, and calls again after any other within its three tries; so `success` means: on the log.
In plaintext mode the signature does not cover the body (domain/adapters/wechat.py cites WeChat's page); the first event under a
signature binds it. In encrypted mode it does: what is overheard can be sent again, and is the same event.
"""

import hashlib

import msgspec
from flask import Response, request
from flask_smorest import Blueprint
from redis.exceptions import RedisError

from conversion_tracker.ingest.adapters.adapted_validation import validate_mapped
from conversion_tracker.ingest.adapters.adapters_openapi import ECHO, WECHAT
from conversion_tracker.ingest.adapters.mapped_event import MappedEvent
from conversion_tracker.ingest.adapters.wechat.authentication import (
    NAME,
    check_plaintext_signature,
    decrypt_message,
    has_aes_key,
    wechat_account,
)
from conversion_tracker.ingest.adapters.wechat.callback import TOLERANCE_S, to_event
from conversion_tracker.ingest.adapters.wechat.callback_request import MAX_BYTES, parse_callback, parse_encrypted
from conversion_tracker.ingest.ingest_response import publish_accepted
from conversion_tracker.ingest.program_access import check_program_exists
from referral.events.adapters import WechatAccount
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.rate_limit import unlimited
from referral.telemetry.metrics import counter

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
@blueprint.doc(**ECHO)
def echo(program: str) -> Response:
    """Show WeChat that this address is the account's: `echostr` is answered as it came, or what was encrypted in it."""
    said = request.args.get("echostr", "")[:1024]
    if "msg_signature" in request.args:
        return Response(decrypt_message(program, said, wechat_account(program)), mimetype="text/plain")
    check_plaintext_signature(program)
    return Response(said, mimetype="text/plain")


@blueprint.post(_ROUTE)
@blueprint.doc(**WECHAT)
@unlimited
def callback(program: str) -> Response:
    """Take a callback: a follow (with the scene of the QR code as its code), a scan or an unfollow becomes an event.

    Anything else is answered `success` and not kept. Not `success` means that WeChat should call again. Encrypted callbacks
    (安全模式) are opened with the account's EncodingAESKey.
    """
    request.max_content_length = MAX_BYTES
    account = wechat_account(program)
    encrypted = _is_encrypted(program, account)
    if encrypted:
        body = decrypt_message(program, parse_encrypted(request.get_data(cache=False)), account)
    else:
        check_plaintext_signature(program)
        body = request.get_data(cache=False)
    fact = to_event(parse_callback(body), program)
    if fact is None:
        counter("adapter_passed_over").labels(NAME).inc()
    else:
        line = _encode(fact)
        if not encrypted:
            _bind_signature(line)
        publish_accepted(validate_mapped([MappedEvent(line, _SOURCE_POINTERS)], check_program_exists))
    return Response("success", mimetype="text/plain")


def _is_encrypted(program: str, account: WechatAccount) -> bool:
    """Whether the callback is to be read by its encrypted part. Raises Problem 403 for plaintext where the program refuses that.

    In compatible mode WeChat sends both; the encrypted part is believed more, since its signature covers it, once there is a key.
    """
    is_sent = request.args.get("encrypt_type") == "aes"
    if account.mode == "encrypted" and not is_sent:
        detail = (
            f"{program} takes encrypted callbacks only (`wechat.mode`). Set the account's message mode to 安全模式."
        )
        raise Problem(403, "plaintext_refused", detail)
    return is_sent and (account.mode == "encrypted" or has_aes_key(program))


def _bind_signature(line: bytes) -> None:
    """Lets a signature stand for one event. Raises Problem 403 where it came with another before; without Redis nobody knows."""
    place = f"http:wechat:{request.args['signature']}"
    mine = hashlib.blake2b(line, digest_size=16).digest()
    try:
        redis = context().redis
        first = mine if redis.set(place, mine, nx=True, ex=2 * TOLERANCE_S) else redis.get(place)
    except RedisError:
        return
    if first not in (None, mine):
        raise Problem(
            403, "replayed_signature", "This signature came with another event before. Sign each request anew."
        )
