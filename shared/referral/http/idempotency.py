"""Idempotency keys: a repeated request gets the response of the first one (draft-ietf-httpapi-idempotency-key-header).

A response is stored in Redis for 24 hours under the caller's API key, the route and the value of `Idempotency-Key`. Only
successful responses are stored: a request that was rejected or failed can be sent again with the same key.

Nothing that is stored identifies people, so that an erasure need not search for it: paths and bodies of requests are stored as
keyed hashes, and a view whose response names people stores a form of it that does not (`idempotent_except`).
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, Protocol

import msgspec
import structlog
from flask import Response, g, make_response, request
from redis.exceptions import RedisError

from referral.http.context import context
from referral.http.openapi_annotations import annotate, annotations
from referral.http.problems import Problem

KEY_REUSED = "idempotency_key_reused"
_RETENTION_S = 24 * 3600
_PENDING_S = 30  # how long a key is reserved for a request that has not finished
_REPLAYED_HEADERS = ("Location", "ETag")  # beside the status, the content type and the body
log = structlog.get_logger()

P = ParamSpec("P")


class StoredResponse(msgspec.Struct, array_like=True):
    """The digest of the first request and, once it has finished, its response (status 0 until then)."""

    request_digest: bytes
    status: int = 0
    content_type: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StoredResponse).decode


def idempotent(view: Callable[P, object]) -> Callable[P, Response]:
    """Makes a view honour `Idempotency-Key`; requests without the header are not changed.

    Belongs below `@requires`, so that a response is replayed only to a caller with the right key; checked on import. The view
    raises Problem 400 for an empty or too long key, 409 while the first request is in progress, 422 if the key was used with
    another body; RedisError (503) without Redis.
    """
    return _make_idempotent(view, None)


class StoredForm(Protocol):
    """What is stored of a response's JSON body in its place: without secrets, and without what identifies people.

    An erasure need not search Redis for stored responses then.
    """

    def remove(self, body: bytes) -> bytes:
        """Returns what is stored."""

    def restore(self, body: bytes) -> bytes:
        """Returns the body, from what was stored and from what is known now."""


def idempotent_except(form: StoredForm) -> Callable[[Callable[P, object]], Callable[P, Response]]:
    """`idempotent` for a view whose response has secrets or personal data, which are not stored."""
    return lambda view: _make_idempotent(view, form)


def _make_idempotent(view: Callable[P, object], form: StoredForm | None) -> Callable[P, Response]:
    if "scope" in annotations(view):
        raise TypeError(
            "@idempotent belongs below @requires: a response must not be replayed before the key is checked"
        )

    @wraps(view)
    def run_once(*args: P.args, **kwargs: P.kwargs) -> Response:
        key = idempotency_key()
        if key is None:
            return make_response(view(*args, **kwargs))
        return _run_once(idempotency_redis_key(key), lambda: make_response(view(*args, **kwargs)), form)

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
    return Problem(422, KEY_REUSED, detail)


def idempotency_redis_key(key: str) -> str:
    """The key in Redis for this caller, route and idempotency key."""
    caller = g.key.id if "key" in g else ""
    parts = (part.encode() for part in (caller, request.method, request.path, key))
    return f"http:idempotency:{context().pseudonyms.fingerprint(*parts)}"


def _run_once(redis_key: str, call: Callable[[], Response], form: StoredForm | None) -> Response:
    request_digest = bytes.fromhex(context().pseudonyms.fingerprint(request.query_string, request.get_data(cache=True)))
    stored = reserve_key(redis_key, request_digest)
    if stored is not None:
        return replay_response(stored, request_digest, form)
    try:
        response = call()
    except BaseException:
        release_key(redis_key)
        raise
    if response.status_code < 400:
        store_response(redis_key, request_digest, response, form)
    else:
        release_key(redis_key)
    return response


def reserve_key(redis_key: str, request_digest: bytes) -> StoredResponse | None:
    """Reserves the key and returns None if this request is the first; otherwise what the first one has stored."""
    redis = context().redis
    while True:
        if redis.set(redis_key, _encode(StoredResponse(request_digest)), nx=True, ex=_PENDING_S):
            return None
        stored = redis.get(redis_key)
        if isinstance(stored, bytes):  # otherwise it has just expired, and this request is the first again
            return _decode(stored)


def store_response(redis_key: str, request_digest: bytes, response: Response, form: StoredForm | None) -> None:
    """Stores a successful response for a day."""
    headers = {name: response.headers[name] for name in _REPLAYED_HEADERS if name in response.headers}
    body = form.remove(response.get_data()) if form else response.get_data()
    stored = StoredResponse(request_digest, response.status_code, response.content_type or "", headers, body)
    try:
        context().redis.set(redis_key, _encode(stored), ex=_RETENTION_S)
    except RedisError as error:  # the request has taken effect, so its response must not become an error
        log.warning("response not stored for replay", reason=type(error).__name__)


def keep_reserved(redis_key: str) -> None:
    """Prolongs the reservation of a request that takes long. After a crash it ends as soon as any other."""
    try:
        context().redis.expire(redis_key, _PENDING_S)
    except RedisError:  # it may expire: then a repeated request runs, too
        log.warning("idempotency key not prolonged")


def release_key(redis_key: str) -> None:
    """Removes a reservation: the request may be sent again."""
    try:
        context().redis.delete(redis_key)
    except RedisError:  # the reservation expires by itself, and the error of the view matters more
        log.warning("idempotency key of a failed request stays reserved", seconds=_PENDING_S)


def replay_response(stored: StoredResponse, request_digest: bytes, form: StoredForm | None) -> Response:
    """The stored response. Raises Problem 422 for another request, 409 while the first one is in progress."""
    if stored.request_digest != request_digest:
        raise idempotency_key_reused()
    if not stored.status:
        detail = "The first request with this `Idempotency-Key` is in progress. Retry after one second."
        raise Problem(409, "in_progress", detail, headers={"Retry-After": "1"})
    headers = stored.headers | {"Idempotent-Replayed": "true"}
    body = form.restore(stored.body) if form else stored.body
    return Response(body, stored.status, headers, content_type=stored.content_type)
