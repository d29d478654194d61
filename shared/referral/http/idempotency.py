"""Idempotency keys: the same request sent again gets the first answer (draft-ietf-httpapi-idempotency-key-header).

The answer is kept for 24 hours under the caller's key, the route and the header's value. Only what was done is kept: a request
that was refused or failed may be tried again.
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
_PENDING_S = 30
_REPLAYED = ("Location", "ETag")  # beside the status, the content type and the body
log = structlog.get_logger()

P = ParamSpec("P")


class _StoredResponse(msgspec.Struct, array_like=True):
    """What the first request asked, as a digest, and its answer once there is one (status 0 until then)."""

    request_digest: bytes
    status: int = 0
    content_type: str = ""
    headers: dict[str, str] = {}
    answer: bytes = b""


_write = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(_StoredResponse).decode


def idempotent(view: Callable[P, object]) -> Callable[P, Response]:
    """A view that honours `Idempotency-Key`; without the header it does what it does each time.

    Stands below `@requires`, so that an answer is replayed only to whoever may ask. Raises Problem 400 for an empty or long key,
    409 while the first request is under way, 422 where the same key came with another body; RedisError (503) without Redis.
    """
    return _make_idempotent(view, None)


def idempotent_except(withheld: SecretField) -> Callable[[Callable[P, object]], Callable[P, Response]]:
    """The same, for a view whose answer has a field that is not kept."""
    return lambda view: _make_idempotent(view, withheld)


def _make_idempotent(view: Callable[P, object], withheld: SecretField | None) -> Callable[P, Response]:
    if "scope" in annotations(view):
        raise TypeError("@idempotent stands below @requires: an answer must not be replayed before the key is checked")

    @wraps(view)
    def once(*args: P.args, **kwargs: P.kwargs) -> Response:
        name = idempotency_key()
        if name is None:
            return make_response(view(*args, **kwargs))
        return _once(_redis_key(name), lambda: make_response(view(*args, **kwargs)), withheld)

    annotate(once, idempotent=True)
    return once


def idempotency_key() -> str | None:
    """What the caller names this request by, if at all. Raises Problem 400 for an empty or a long name."""
    name = request.headers.get("Idempotency-Key")
    if name is not None and not 0 < len(name) <= 255:
        detail = "Idempotency-Key must have 1 to 255 characters: a UUID will do."
        raise Problem(400, "bad_idempotency_key", detail, [{"pointer": "headers:Idempotency-Key", "detail": detail}])
    return name


def key_reused() -> Problem:
    """422: the same name for two different requests."""
    detail = "This Idempotency-Key came with another body before. Use a new key for a new request."
    return Problem(422, "idempotency_key_reused", detail)


def _redis_key(name: str) -> str:
    caller = g.key.id if "key" in g else ""
    digest = hashlib.sha256("\x1f".join((caller, request.method, request.path, name)).encode()).hexdigest()
    return f"http:idempotency:{digest}"


def _once(place: str, act: Callable[[], Response], withheld: SecretField | None) -> Response:
    asked = hashlib.sha256(request.query_string + b"\x1f" + request.get_data(cache=True)).digest()
    kept = _claim(place, asked)
    if kept is not None:
        return _replay(kept, asked, withheld)
    try:
        done = act()
    except BaseException:
        _release(place)
        raise
    if done.status_code < 400:
        _store(place, asked, done, withheld)
    else:
        _release(place)
    return done


def _claim(place: str, asked: bytes) -> _StoredResponse | None:
    """None where this request is the first, else what the first left."""
    redis = context().redis
    while True:
        if redis.set(place, _write(_StoredResponse(asked)), nx=True, ex=_PENDING_S):
            return None
        kept = redis.get(place)
        if isinstance(kept, bytes):  # else it ran out just now: ours is the first again
            return _read(kept)


def _store(place: str, asked: bytes, done: Response, withheld: SecretField | None) -> None:
    headers = {name: done.headers[name] for name in _REPLAYED if name in done.headers}
    body = withheld.remove(done.get_data()) if withheld else done.get_data()
    answer = _StoredResponse(asked, done.status_code, done.content_type or "", headers, body)
    try:
        context().redis.set(place, _write(answer), ex=_RETENTION_S)
    except RedisError as error:  # what was done is done: it is answered, and not said to have failed
        log.warning("an answer was not kept for replay", reason=type(error).__name__)


def _release(place: str) -> None:
    try:
        context().redis.delete(place)
    except RedisError:  # it runs out by itself, and the reason of the failure matters more
        log.warning("a failed request holds its idempotency key", seconds=_PENDING_S)


def _replay(kept: _StoredResponse, asked: bytes, withheld: SecretField | None) -> Response:
    if kept.request_digest != asked:
        raise key_reused()
    if not kept.status:
        detail = "The first request with this Idempotency-Key is not answered yet. Ask again in a moment."
        raise Problem(409, "in_progress", detail, headers={"Retry-After": "1"})
    headers = kept.headers | {"Idempotent-Replayed": "true"}
    body = withheld.restore(kept.answer) if withheld else kept.answer
    return Response(body, kept.status, headers, content_type=kept.content_type)
