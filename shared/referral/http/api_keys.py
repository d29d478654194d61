"""API keys: authentication by key, authorisation by scope and program. Only the SHA-256 of a key is stored.

A key is looked up by its digest, so no comparison leaks how much of a guess is right. A key has 256 random bits: a slow hash
would add nothing.
"""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec, TypeVar, get_args

from flask import g, request

from referral.catalog.view import Catalog
from referral.events.entities import ApiKey
from referral.events.timestamps import to_ms
from referral.http.bearer_token import bearer_secret, parse_bearer, secret_digest
from referral.http.context import context
from referral.http.openapi_annotations import annotate
from referral.http.problems import Problem

Scope = Literal[
    "events:write",
    "links:write",
    "rewards:write",
    "rewards:redeem",
    "rewards:read",
    "bounces:write",
    "read",
    "privacy",
    "admin",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)

P = ParamSpec("P")
R = TypeVar("R")


def generate_secret() -> str:
    """Returns a new API key."""
    return "rk_" + secrets.token_urlsafe(32)


def requires(scope: Scope) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Limits a view to keys that have this scope (or `admin`) and, if its route has a `program`, may access that program."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def authorized_view(*args: P.args, **kwargs: P.kwargs) -> R:
            g.key = authenticate(scope)
            program = kwargs.get("program")
            if isinstance(program, str):
                require_program_access(g.key, program)
            return view(*args, **kwargs)

        annotate(authorized_view, scope=scope)
        return authorized_view

    return decorate


def authenticate(scope: Scope) -> ApiKey:
    """Returns the key of this request. Raises Problem 401 without a valid key, 403 without the scope, 429 after many guesses."""
    secret = bearer_secret(request)
    if secret is None:
        raise _unauthorized_problem(
            "missing_key", "API key missing. Send `Authorization: Bearer rk_…`; `referral keys create` creates a key."
        )
    key = context().catalog.api_key(secret_digest(secret))
    if key is None or key.revoked:
        raise _unauthorized_problem(
            "unknown_key", "Unknown or revoked API key. Send a valid one; `referral keys create` creates a key."
        )
    now_ms = context().clock.now_ms()
    if key.expires_at is not None and is_expired(key, now_ms):
        raise _unauthorized_problem(
            "expired_key",
            f"This secret of API key {key.id} expired at {key.expires_at:%Y-%m-%d %H:%M} UTC. Send its newest secret;"
            f" `referral keys rotate {key.id}` creates one.",
        )
    g.caller = key.id
    require_scope(key, scope)
    context().key_uses.record(key, now_ms)
    return key


def require_scope(key: ApiKey, scope: Scope) -> None:
    """Raises Problem 403 if a key has neither the scope nor `admin`, which includes all others."""
    if not has_scope(key, scope):
        granted = ", ".join(key.scopes)
        detail = f"Scope `{scope}` required; key {key.id} has: {granted}. Use a key with this scope or `admin`."
        raise Problem(403, "missing_scope", detail)


def has_scope(key: ApiKey, scope: Scope) -> bool:
    """Whether a key may do what a scope permits; `admin` includes every scope."""
    return scope in key.scopes or "admin" in key.scopes


def is_expired(key: ApiKey, now_ms: int) -> bool:
    """Whether a key's secret is refused at this time (ms) because of its age."""
    return key.expires_at is not None and now_ms >= to_ms(key.expires_at)


def find_valid_key(catalog: Catalog, authorization: str, scope: Scope, now_ms: int) -> ApiKey | None:
    """Returns the key of an Authorization header if this view has it, it is valid at this time and has the scope; else None."""
    secret = parse_bearer(authorization)
    key = None if secret is None else catalog.api_key(secret_digest(secret))
    if key is None or key.revoked or is_expired(key, now_ms) or not has_scope(key, scope):
        return None
    return key


def require_program_access(key: ApiKey, program: str) -> None:
    """Raises Problem 403 if the key is restricted to other programs."""
    if key.programs and program not in key.programs:
        allowed = ", ".join(key.programs)
        detail = f"Key {key.id} may access {allowed}, not {program}. Use a key for {program}."
        raise Problem(403, "other_program", detail)
    g.program = program


def _unauthorized_problem(code: str, detail: str) -> Problem:
    return Problem(401, code, detail, headers={"WWW-Authenticate": 'Bearer realm="referral"'})
