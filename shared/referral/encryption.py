"""Secrets of others, sealed for the catalog: who reads the log without the signing key learns nothing, and can change nothing.

Fernet (AES-128-CBC and HMAC-SHA256, https://github.com/fernet/spec) under a key derived from the signing key and from whose secret
it is, so that a sealed secret is good in its own place only. docs/decisions/0014-sealed-adapter-secrets.md says why.
"""

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken


class DecryptionFailed(Exception):
    """This was not sealed with our signing key for this place."""


def seal(signing_key: str, program: str, name: str, secret: str) -> str:
    """The secret of this name of a program, sealed."""
    return _fernet(signing_key, program, name).encrypt(secret.encode()).decode()


def unseal(signing_key: str, program: str, name: str, sealed: str) -> str:
    """The secret again. Raises NotOurs."""
    try:
        return _fernet(signing_key, program, name).decrypt(sealed).decode()
    except InvalidToken as error:
        raise DecryptionFailed(f"the secret {name} of {program} was sealed with another signing key") from error


def _fernet(signing_key: str, program: str, name: str) -> Fernet:
    root = hashlib.blake2b(signing_key.encode(), person=b"rt-adapter", digest_size=32).digest()
    place = "\x1f".join((program, name)).encode()
    return Fernet(urlsafe_b64encode(hashlib.blake2b(place, key=root, digest_size=32).digest()))
