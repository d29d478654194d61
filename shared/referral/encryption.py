"""Encryption of third-party secrets in the catalog: without the signing key, the log reveals nothing and cannot be forged.

Fernet (AES-128-CBC and HMAC-SHA256, https://github.com/fernet/spec) with a key derived from the signing key, the program and the
secret's name, so that a sealed secret is valid for that name only. docs/decisions/0014-sealed-adapter-secrets.md has the
reasons.
"""

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken


class DecryptionFailed(Exception):
    """The sealed secret was not made with this signing key for this program and name."""


def seal(signing_key: str, program: str, name: str, secret: str) -> str:
    """Encrypts a program's secret of this name."""
    return _fernet(signing_key, program, name).encrypt(secret.encode()).decode()


def unseal(signing_key: str, program: str, name: str, sealed: str) -> str:
    """Decrypts a sealed secret. Raises DecryptionFailed."""
    try:
        return _fernet(signing_key, program, name).decrypt(sealed).decode()
    except InvalidToken as error:
        raise DecryptionFailed(f"the secret {name} of {program} was sealed with another signing key") from error


def _fernet(signing_key: str, program: str, name: str) -> Fernet:
    root = hashlib.blake2b(signing_key.encode(), person=b"rt-adapter", digest_size=32).digest()
    context = "\x1f".join((program, name)).encode()
    return Fernet(urlsafe_b64encode(hashlib.blake2b(context, key=root, digest_size=32).digest()))
