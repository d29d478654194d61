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

from conversion_tracker.ingest.adapters.adapted_validation import inspected
from conversion_tracker.ingest.adapters.adapters_openapi import ECHO, WECHAT
from conversion_tracker.ingest.adapters.mapped_event import Mapped
from conversion_tracker.ingest.adapters.wechat.callback import TOLERANCE_S, fact_of
from conversion_tracker.ingest.adapters.wechat.signatures import NAME, account_of, has_key, opened, trust_plain
from conversion_tracker.ingest.adapters.wechat.xml import MAX_BYTES, callback_in, encrypted_in
from conversion_tracker.ingest.ingest_response import keep
from conversion_tracker.ingest.program_access import existing
from referral.events.adapters import WechatAccount
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.rate_limit import unlimited
from referral.telemetry.metrics import counter

blueprint = Blueprint("wechat", __name__, description="Callbacks of a WeChat official account.")
_ROUTE = "/v1/adapters/wechat/<program>"
_PLACES = {
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
        return Response(opened(program, said, account_of(program)), mimetype="text/plain")
    trust_plain(program)
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
    account = account_of(program)
    encrypted = _encrypted(program, account)
    if encrypted:
        body = opened(program, encrypted_in(request.get_data(cache=False)), account)
    else:
        trust_plain(program)
        body = request.get_data(cache=False)
    fact = fact_of(callback_in(body), program)
    if fact is None:
        counter("adapter_passed_over").labels(NAME).inc()
    else:
        line = _encode(fact)
        if not encrypted:
            _bind(line)
        keep(inspected([Mapped(line, _PLACES)], existing))
    return Response("success", mimetype="text/plain")


def _encrypted(program: str, account: WechatAccount) -> bool:
    """Whether the callback is to be read by its encrypted part. Raises Problem 403 for plaintext where the program refuses that.

    In compatible mode WeChat sends both; the encrypted part is believed more, since its signature covers it, once there is a key.
    """
    is_sent = request.args.get("encrypt_type") == "aes"
    if account.mode == "encrypted" and not is_sent:
        detail = (
            f"{program} takes encrypted callbacks only (`wechat.mode`). Set the account's message mode to 安全模式."
        )
        raise Problem(403, "plaintext_refused", detail)
    return is_sent and (account.mode == "encrypted" or has_key(program))


def _bind(line: bytes) -> None:
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
