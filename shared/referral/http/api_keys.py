"""API keys: who asks, and what they may do. Only the SHA-256 of a key is stored; the key itself has 256 random bits.

A key is found by its digest, so no comparison leaks how much of it was right; a slow hash would add nothing to 256 bits.
"""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec, TypeVar

from flask import g, request

from referral.catalog.view import Catalog
from referral.events.entities import ApiKey
from referral.http.bearer_token import bearer_secret, parse_bearer, secret_digest
from referral.http.context import context
from referral.http.openapi_annotations import annotate
from referral.http.problems import Problem

Scope = Literal["events:write", "links:write", "rewards:write", "rewards:redeem", "read", "admin"]
SCOPES: tuple[Scope, ...] = ("events:write", "links:write", "rewards:write", "rewards:redeem", "read", "admin")

P = ParamSpec("P")
R = TypeVar("R")


def generate_secret() -> str:
    """A new API key."""
    return "rk_" + secrets.token_urlsafe(32)


def requires(scope: Scope) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A view that only a key with this scope (or `admin`) may call; a `program` in its address must be one of the key's."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            g.key = authenticate(scope)
            program = kwargs.get("program")
            if isinstance(program, str):
                require_program_access(g.key, program)
            return view(*args, **kwargs)

        annotate(guarded, scope=scope)
        return guarded

    return decorate


def authenticate(scope: Scope) -> ApiKey:
    """The key of this request. Raises Problem 401 without a valid one, 403 where it lacks the scope, 429 after many guesses."""
    secret = bearer_secret(request)
    if secret is None:
        raise _unauthorized(
            "missing_key", "Send an API key: `Authorization: Bearer rk_…`. `referral keys create` makes one."
        )
    key = _find_key(secret_digest(secret))
    if key is None or key.revoked:
        raise _unauthorized(
            "unknown_key", "This API key is not known, or was revoked. `referral keys create` makes a new one."
        )
    g.caller = key.id
    if scope not in key.scopes and "admin" not in key.scopes:
        has = ", ".join(key.scopes)
        raise Problem(
            403, "missing_scope", f"This needs the scope `{scope}`; the key {key.id} has: {has}. Use another key."
        )
    return key


def _find_key(digest: str) -> ApiKey | None:
    """The key with this digest. One that is not in view costs a read of the catalog, which a thread waits for.

    So it is counted against its sender's allowance, unless this request was counted already.
    """
    here = context()
    if "standing" not in g and not here.catalog.knows_key(digest):
        here.limiter.count(request)
    return here.catalog.api_key(digest)


def find_valid_key(catalog: Catalog, authorization: str, scope: Scope) -> ApiKey | None:
    """The key of an Authorization header, if it is known to this view, in force, and has the scope; else None."""
    secret = parse_bearer(authorization)
    key = None if secret is None else catalog.api_key(secret_digest(secret))
    if key is None or key.revoked or not ({scope, "admin"} & set(key.scopes)):
        return None
    return key


def require_program_access(key: ApiKey, program: str) -> None:
    """Raises Problem 403 where the key is bound to other programs."""
    if key.programs and program not in key.programs:
        bound = ", ".join(key.programs)
        raise Problem(
            403, "other_program", f"The key {key.id} is bound to {bound}, not {program}. Use a key of that program."
        )
    g.program = program


def _unauthorized(code: str, detail: str) -> Problem:
    return Problem(401, code, detail, headers={"WWW-Authenticate": 'Bearer realm="referral"'})
