"""The id of a request that the ledger decides on: random, or derived from its Idempotency-Key, so that it can be repeated."""

import hashlib

from flask import g, request

from referral.events import ids
from referral.http.context import context
from referral.http.idempotency import idempotency_key, idempotency_key_reused

_BODY_TTL_S = 24 * 3600


def request_id(prefix: str, *parts: str) -> str:
    """Returns the request's id in the ledger. `parts` are what it is about: a reward and an order, or a reward and an action.

    They are part of it because the ledger stores results longer than Redis may store the body of the key (it can be flushed).
    So no other order gets this order's result. Raises Problem 422 if the key was used with another body.
    """
    key = idempotency_key()
    if key is None:
        return ids.random_id(prefix)
    _check_same_body(ids.derive_id(prefix, g.key.id, key))
    return ids.derive_id(prefix, g.key.id, key, *parts)


def _check_same_body(request_name: str) -> None:
    """An Idempotency-Key belongs for a day to the first body that names an existing reward. Raises Problem 422 for another."""
    digest = hashlib.sha256(request.get_data(cache=True)).digest()
    redis, key = context().redis, f"rd:asked:{request_name}"
    if not redis.set(key, digest, nx=True, ex=_BODY_TTL_S) and redis.get(key) not in (digest, None):
        raise idempotency_key_reused()
