"""`Idempotency-Key` for a view that streams its body: the body is known only once it has been read."""

import time
from collections.abc import Callable, Iterator
from functools import wraps
from hashlib import blake2b
from typing import Concatenate, ParamSpec

from flask import Response, make_response, request

from referral.http.context import context
from referral.http.idempotency import (
    idempotency_key,
    idempotency_redis_key,
    keep_reserved,
    release_key,
    replay_response,
    reserve_key,
    store_response,
)
from referral.http.openapi_annotations import annotate, annotations
from referral.http.streamed_body import BodyLimits, body_parts

P = ParamSpec("P")
_PROGRESS_S = 5.0
_UNKNOWN = b""  # the digest of a body that is still being read


def idempotent_stream(
    limits: BodyLimits,
) -> Callable[[Callable[Concatenate[Iterator[bytes], P], object]], Callable[P, Response]]:
    """Passes the parts of the body to a view, and makes it honour `Idempotency-Key`, as `idempotent` does for others.

    Belongs below `@requires`. A request that is repeated is read to its end, and answered as the first one if it has the same body.
    """

    def decorate(view: Callable[Concatenate[Iterator[bytes], P], object]) -> Callable[P, Response]:
        if "scope" in annotations(view):
            raise TypeError("@idempotent_stream belongs below @requires")

        @wraps(view)
        def run_once(*args: P.args, **kwargs: P.kwargs) -> Response:
            body, key = _DigestedBody(body_parts(request, limits)), idempotency_key()
            if key is None:
                return make_response(view(body.parts(), *args, **kwargs))
            return _run_once(key, body, lambda: make_response(view(body.parts(), *args, **kwargs)))

        annotate(run_once, idempotent=True)
        return run_once

    return decorate


class _DigestedBody:
    """The parts of a body, and the digest of what was read of them."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self.on_progress: Callable[[], None] | None = None  # called every few seconds while it is read
        self._parts = parts
        self._hash = blake2b(digest_size=32)

    def parts(self) -> Iterator[bytes]:
        """The parts, each once."""
        latest = time.monotonic()
        for part in self._parts:
            self._hash.update(part)
            if self.on_progress is not None and time.monotonic() - latest > _PROGRESS_S:
                latest = time.monotonic()
                self.on_progress()
            yield part

    def digest(self) -> bytes:
        """The digest of the whole body with the query, keyed; reads what is left."""
        for _ in self.parts():
            pass
        return bytes.fromhex(context().pseudonyms.fingerprint(request.query_string, self._hash.digest()))


def _run_once(key: str, body: _DigestedBody, call: Callable[[], Response]) -> Response:
    redis_key = idempotency_redis_key(key)
    stored = reserve_key(redis_key, _UNKNOWN)
    if stored is not None:
        return replay_response(stored, body.digest() if stored.status else _UNKNOWN, None)
    body.on_progress = lambda: keep_reserved(redis_key)
    try:
        response = call()
        digest = body.digest()
    except BaseException:
        release_key(redis_key)
        raise
    if response.status_code < 400:
        store_response(redis_key, digest, response, None)
    else:
        release_key(redis_key)
    return response
