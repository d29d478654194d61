"""Bearer tokens of requests: the secret of an API key as it is sent, and the digest under which the catalog stores it."""

import hashlib

from flask import Request


def bearer_secret(request: Request) -> str | None:
    """Returns the secret from `Authorization: Bearer …`; None if the header is missing or has another scheme."""
    return parse_bearer(request.headers.get("Authorization", ""))


def parse_bearer(authorization: str) -> str | None:
    """Returns the secret of an Authorization header's value; None if it is empty or has another scheme."""
    scheme, _, secret = authorization.partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def secret_digest(secret: str) -> str:
    """Returns the SHA-256 of a secret in hex: the only form in which a key is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()
