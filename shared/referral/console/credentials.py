"""Who an operator is and what they sign in with: name, password and TOTP secret, sealed with the key ring.

A password is hashed with Argon2id (RFC 9106) with the parameters of the OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1
lane. The hash is sealed too, so who has the log alone cannot try passwords.
"""

import os
import secrets
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from referral.encryption import seal, unseal
from referral.events.entities import Operator
from referral.key_ring import KeyRing

MAX_NAME, MIN_PASSWORD, MAX_PASSWORD = 64, 12, 128
_MEMORY_KIB, _PASSES, _LANES, _SALT_BYTES, _HASH_BYTES = 19 * 1024, 2, 1, 16, 32
_PLACE = "operator"  # where a program's id is in other sealed secrets; no program has this id


class Credentials(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Name, password hash, TOTP secret (base32; None before the first sign-in).

    `password_until_ms` is when a password that an admin was shown ends, in ms since the epoch; None for the operator's own.
    """

    name: str
    password: str
    totp: str | None = None
    password_until_ms: int | None = None


class NamedOperator(NamedTuple):
    """An operator with their credentials."""

    operator: Operator
    credentials: Credentials


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Credentials).decode


def seal_credentials(ring: KeyRing, operator: str, credentials: Credentials) -> str:
    """The credentials of an operator (their id), sealed for them alone."""
    return seal(ring, _PLACE, operator, _encode(credentials).decode())


def open_credentials(ring: KeyRing, operator: Operator) -> Credentials | None:
    """The credentials of an operator; None once they were removed. Raises DecryptionFailed without the key."""
    return None if operator.sealed is None else _decode(unseal(ring, _PLACE, operator.id, operator.sealed))


def find_operator(ring: KeyRing, operators: Iterable[Operator], name: str) -> NamedOperator | None:
    """The operator of a name, disabled or not, in any case and width of its letters. Raises DecryptionFailed."""
    wanted, found = normalize_name(name), None
    for operator in operators:  # all of them, so that the time does not depend on who it is
        credentials = open_credentials(ring, operator)
        if credentials is not None and normalize_name(credentials.name) == wanted:
            found = NamedOperator(operator, credentials)
    return found


def normalize_name(name: str) -> str:
    """The form in which names are compared."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def generate_password() -> str:
    """A password for the first sign-in: 120 random bits."""
    return secrets.token_urlsafe(15)


def hash_password(password: str) -> str:
    """The Argon2id hash of a password in PHC form, with its parameters. Takes about 50 ms and 19 MiB."""
    kdf = Argon2id(
        salt=os.urandom(_SALT_BYTES), length=_HASH_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB
    )
    return kdf.derive_phc_encoded(_password_bytes(password))


def password_matches(hashed: str, password: str) -> bool:
    """Whether a password has this hash; compares in constant time, and takes as long as `hash_password`."""
    try:
        Argon2id.verify_phc_encoded(_password_bytes(password), hashed)
    except InvalidKey:
        return False
    return True


def _password_bytes(password: str) -> bytes:
    """A keyboard may write the same letter in several ways."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")
