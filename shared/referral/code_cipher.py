"""Codes of rewards on the log and in states, sealed by AES-SIV (RFC 5297) with the newest key for codes.

The program and the place of the code (a reward, a pool, an order) are associated data: a code that is copied to another place
cannot be read, and the same code in the same place is always the same text, since a fold must write the same line when it decides
again. A sealed text carries the id of its key: `ID.TEXT`, or `TEXT` alone for REFERRAL_SIGNING_KEY.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from referral.encryption import DecryptionFailed
from referral.key_ring import KeyRing, missing_key


class CodeCipher:
    """Seals with the newest key of a ring, and opens with all its keys."""

    def __init__(self, ring: KeyRing) -> None:
        self._ciphers = {key.id: _cipher(key.value) for key in ring.all("codes")}
        self._newest = ring.newest("codes").id

    def seal(self, program: str, place: str, text: bytes) -> str:
        """The sealed text."""
        sealed = self._ciphers[self._newest].encrypt(text, [program.encode(), place.encode()])
        encoded = urlsafe_b64encode(sealed).decode()
        return f"{self._newest}.{encoded}" if self._newest else encoded

    def open(self, program: str, place: str, sealed: str) -> bytes:
        """What was sealed. Raises DecryptionFailed if the ring lacks its key, or it was sealed for another place."""
        id_, _, encoded = sealed.rpartition(".")
        cipher = self._ciphers.get(id_)
        if cipher is None:
            raise DecryptionFailed(f"the code of {place} in {program} cannot be read: {missing_key(id_)}")
        try:
            return cipher.decrypt(urlsafe_b64decode(encoded), [program.encode(), place.encode()])
        except (InvalidTag, ValueError) as error:
            raise DecryptionFailed(
                f"the code of {place} in {program} cannot be read: its key has another value now, or it was moved here"
            ) from error

    def seal_for_order(self, program: str, order: str, code: str) -> str:
        """The code that was used for an order."""
        return self.seal(program, f"order:{order}", code.encode())

    def open_for_order(self, program: str, order: str, sealed: str) -> str:
        """The code that was sealed for an order. Raises DecryptionFailed."""
        return self.open(program, f"order:{order}", sealed).decode()


def _cipher(key: str) -> AESSIV:
    return AESSIV(hashlib.blake2b(key.encode(), person=b"rt-sealed-code", digest_size=32).digest())
