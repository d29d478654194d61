"""`GET` and `POST /v1/adapters/wechat/{program}`: what a WeChat official account's server calls.

WeChat believes an answer `success`, and calls again after any other within its three tries; so `success` means: on the log.
The signature does not cover the body (domain/adapters/wechat.py cites WeChat's page); the first event under a signature binds it.
"""

import hashlib

import msgspec
from flask import Response, request
from flask_smorest import Blueprint
from redis.exceptions import RedisError

from conversion_tracker.domain.adapters.mapped import Mapped
from conversion_tracker.domain.adapters.wechat import TOLERANCE_S, fact_of, genuine, timely
from conversion_tracker.http_api.adapters.documented import ECHO, WECHAT
from conversion_tracker.http_api.adapters.secrets import secrets_of
from conversion_tracker.http_api.adapters.verdicts import inspected
from conversion_tracker.http_api.adapters.wechat_xml import MAX_BYTES, callback_in
from conversion_tracker.http_api.admission import existing
from conversion_tracker.http_api.receipts import keep
from referral.http.context import context
from referral.http.limits import unlimited
from referral.http.problems import Problem
from referral.telemetry.metrics import counter

blueprint = Blueprint("wechat", __name__, description="Callbacks of a WeChat official account.")
_ROUTE = "/v1/adapters/wechat/<program>"
_NAME = "wechat"
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
    """Show WeChat that this address is the account's: `echostr` is answered as it came."""
    _check_signature(program)
    return Response(request.args.get("echostr", "")[:1024], mimetype="text/plain")


@blueprint.post(_ROUTE)
@blueprint.doc(**WECHAT)
@unlimited
def callback(program: str) -> Response:
    """Take a callback: a follow (with the scene of the QR code as its code), a scan or an unfollow becomes an event.

    Anything else is answered `success` and not kept. Not `success` means that WeChat should call again.
    """
    _check_signature(program)
    request.max_content_length = MAX_BYTES
    fact = fact_of(callback_in(request.get_data(cache=False)), program)
    if fact is None:
        counter("adapter_passed_over").labels(_NAME).inc()
    else:
        line = _encode(fact)
        _bind(line)
        keep(inspected([Mapped(line, _PLACES)], existing))
    return Response("success", mimetype="text/plain")


def _check_signature(program: str) -> None:
    """Raises Problem 404 without a token, 400 without the parameters, 403 for a signature that is forged or too old."""
    tokens = secrets_of(program, _NAME)
    said, timestamp, nonce = (_parameter(name) for name in ("signature", "timestamp", "nonce"))
    if not genuine(tokens, said, timestamp, nonce):
        detail = f"The signature is not made with the token of {program}. Let both sides have the same: `referral adapters set`."
        raise Problem(403, "bad_signature", detail)
    if not timely(timestamp, context().clock.now_ms()):
        detail = (
            f"The signature's timestamp is more than {TOLERANCE_S} seconds from our clock. Sign anew; check the clocks."
        )
        raise Problem(403, "stale_signature", detail)


def _parameter(name: str) -> str:
    value = request.args.get(name, "")
    if not 0 < len(value) <= 128:
        detail = f"WeChat sends `{name}` in the query, 1 to 128 characters. This address is for WeChat's server."
        raise Problem(400, "missing_parameter", detail, [{"pointer": f"query:{name}", "detail": detail}])
    return value


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
