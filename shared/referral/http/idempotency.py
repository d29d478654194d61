"""Idempotency keys: a repeated request gets the response of the first one (draft-ietf-httpapi-idempotency-key-header).

A response is stored in Redis for 24 hours under the caller's API key, the route and the value of `Idempotency-Key`. Only
successful responses are stored: a request that was rejected or failed can be sent again with the same key.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import msgspec
import structlog
from flask import Response, g, make_response, request
from redis.exceptions import RedisError

from referral.http.context import context
from referral.http.openapi_annotations import annotate, annotations
from referral.http.problems import Problem
from referral.http.secret_field import SecretField

_RETENTION_S = 24 * 3600
_PENDING_S = 30  # how long a key is reserved for a request that has not finished
_REPLAYED_HEADERS = ("Location", "ETag")  # beside the status, the content type and the body
log = structlog.get_logger()

P = ParamSpec("P")


class _StoredResponse(msgspec.Struct, array_like=True):
    """The digest of the first request and, once it has finished, its response (status 0 until then)."""

    request_digest: bytes
    status: int = 0
    content_type: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_StoredResponse).decode


def idempotent(view: Callable[P, object]) -> Callable[P, Response]:
    """Makes a view honour `Idempotency-Key`; requests without the header are not changed.

    Belongs below `@requires`, so that a response is replayed only to a caller with the right key; checked on import. The view
    raises Problem 400 for an empty or too long key, 409 while the first request is in progress, 422 if the key was used with
    another body; RedisError (503) without Redis.
    """
    return _make_idempotent(view, None)


def idempotent_except(secret: SecretField) -> Callable[[Callable[P, object]], Callable[P, Response]]:
    """`idempotent` for a view whose response has a secret field, which is not stored."""
    return lambda view: _make_idempotent(view, secret)


def _make_idempotent(view: Callable[P, object], secret: SecretField | None) -> Callable[P, Response]:
    if "scope" in annotations(view):
        raise TypeError(
            "@idempotent belongs below @requires: a response must not be replayed before the key is checked"
        )

    @wraps(view)
    def run_once(*args: P.args, **kwargs: P.kwargs) -> Response:
        key = idempotency_key()
        if key is None:
            return make_response(view(*args, **kwargs))
        return _run_once(_redis_key(key), lambda: make_response(view(*args, **kwargs)), secret)

    annotate(run_once, idempotent=True)
    return run_once


def idempotency_key() -> str | None:
    """Returns the request's `Idempotency-Key`, None without one. Raises Problem 400 if it is empty or too long."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 0 < len(key) <= 255:
        detail = "`Idempotency-Key` must have 1 to 255 characters, e.g. a UUID."
        raise Problem(400, "bad_idempotency_key", detail, [{"pointer": "headers:Idempotency-Key", "detail": detail}])
    return key


def idempotency_key_reused() -> Problem:
    """Returns the 422 for an idempotency key that was used with another request."""
    detail = "This `Idempotency-Key` was used with another request body. Send a new key with a new request."
    return Problem(422, "idempotency_key_reused", detail)


def _redis_key(key: str) -> str:
    caller = g.key.id if "key" in g else ""
    digest = hashlib.sha256("\x1f".join((caller, request.method, request.path, key)).encode()).hexdigest()
    return f"http:idempotency:{digest}"


def _run_once(redis_key: str, call: Callable[[], Response], secret: SecretField | None) -> Response:
    request_digest = hashlib.sha256(request.query_string + b"\x1f" + request.get_data(cache=True)).digest()
    stored = _reserve(redis_key, request_digest)
    if stored is not None:
        return _replay(stored, request_digest, secret)
    try:
        response = call()
    except BaseException:
        _release(redis_key)
        raise
    if response.status_code < 400:
        _store(redis_key, request_digest, response, secret)
    else:
        _release(redis_key)
    return response


def _reserve(redis_key: str, request_digest: bytes) -> _StoredResponse | None:
    """Reserves the key and returns None if this request is the first; otherwise what the first one has stored."""
    redis = context().redis
    while True:
        if redis.set(redis_key, _encode(_StoredResponse(request_digest)), nx=True, ex=_PENDING_S):
            return None
        stored = redis.get(redis_key)
        if isinstance(stored, bytes):  # otherwise it has just expired, and this request is the first again
            return _decode(stored)


def _store(redis_key: str, request_digest: bytes, response: Response, secret: SecretField | None) -> None:
    headers = {name: response.headers[name] for name in _REPLAYED_HEADERS if name in response.headers}
    body = secret.remove(response.get_data()) if secret else response.get_data()
    stored = _StoredResponse(request_digest, response.status_code, response.content_type or "", headers, body)
    try:
        context().redis.set(redis_key, _encode(stored), ex=_RETENTION_S)
    except RedisError as error:  # the request has taken effect, so its response must not become an error
        log.warning("response not stored for replay", reason=type(error).__name__)


def _release(redis_key: str) -> None:
    try:
        context().redis.delete(redis_key)
    except RedisError:  # the reservation expires by itself, and the error of the view matters more
        log.warning("idempotency key of a failed request stays reserved", seconds=_PENDING_S)


def _replay(stored: _StoredResponse, request_digest: bytes, secret: SecretField | None) -> Response:
    if stored.request_digest != request_digest:
        raise idempotency_key_reused()
    if not stored.status:
        detail = "The first request with this `Idempotency-Key` is in progress. Retry after one second."
        raise Problem(409, "in_progress", detail, headers={"Retry-After": "1"})
    headers = stored.headers | {"Idempotent-Replayed": "true"}
    body = secret.restore(stored.body) if secret else stored.body
    return Response(body, stored.status, headers, content_type=stored.content_type)
