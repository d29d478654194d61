"""Encryption of secrets in the catalog: without a key of the ring, the log reveals nothing and cannot be forged.

Fernet (AES-128-CBC and HMAC-SHA256, https://github.com/fernet/spec) with a key derived from the newest key for sealing, the
program and the secret's name, so that a sealed secret is valid for that name only. It carries the id of its key:
`ID.FERNET`, or `FERNET` alone for REFERRAL_SIGNING_KEY. docs/decisions/0014-sealed-adapter-secrets.md has the reasons.
"""

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken

from referral.key_ring import KeyRing, missing_key


class DecryptionFailed(Exception):
    """The sealed secret was not made with a key of this ring for this program and name."""


def seal(ring: KeyRing, program: str, name: str, secret: str) -> str:
    """Encrypts a program's secret of this name."""
    key = ring.newest("sealing")
    sealed = _fernet(key.value, program, name).encrypt(secret.encode()).decode()
    return f"{key.id}.{sealed}" if key.id else sealed


def unseal(ring: KeyRing, program: str, name: str, sealed: str) -> str:
    """Decrypts a sealed secret. Raises DecryptionFailed."""
    id_, _, content = sealed.rpartition(".")
    key = ring.find("sealing", id_)
    if key is None:
        raise DecryptionFailed(f"the secret {name} of {program} cannot be read: {missing_key(id_)}")
    try:
        return _fernet(key.value, program, name).decrypt(content).decode()
    except InvalidToken as error:
        raise DecryptionFailed(
            f"the secret {name} of {program} cannot be read: it was sealed for another name, or {key.name} has another value now"
        ) from error


def key_id_of(sealed: str) -> str:
    """The id of the key that sealed a secret; empty for REFERRAL_SIGNING_KEY."""
    return sealed.rpartition(".")[0]


def _fernet(key: str, program: str, name: str) -> Fernet:
    root = hashlib.blake2b(key.encode(), person=b"rt-adapter", digest_size=32).digest()
    context = "\x1f".join((program, name)).encode()
    return Fernet(urlsafe_b64encode(hashlib.blake2b(context, key=root, digest_size=32).digest()))
