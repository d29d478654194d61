"""Return addresses of e-mails to people: what comes back later names the person, and cannot be forged.

`bounce+TOKEN@mail.example.com` is the envelope sender (RFC 5321, 4.1.1.2) of one e-mail. The token is base 32 (RFC 4648, section 6)
in lower case, since servers may change the case: the person id (10 bytes), a hash of the program (4), when the e-mail was sent in
seconds since the epoch (4), and the first 10 bytes of a keyed BLAKE2b of those. So a token has 45 characters whatever it names, and
the part before the @ at most 64 (RFC 5321, 4.5.3.1.1).
"""

import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Iterable

from msgspec import Struct

from referral.events.ids import PERSON_BYTES, format_id, id_digest
from referral.key_ring import KeyRing
from referral.tokens import InvalidTokenError

_MARK_BYTES, _TIME_BYTES, _MAC_BYTES = 4, 4, 10
_CONTENT_BYTES = PERSON_BYTES + _MARK_BYTES + _TIME_BYTES
TOKEN_LENGTH = 45
"""Characters of a token."""
MAX_LOCAL_PART = 64 - 1 - TOKEN_LENGTH
"""Characters that the part of `REFERRAL_SMTP_BOUNCES` before the @ may have."""
_ADDRESS = re.compile(rf"\+([a-z2-7]{{{TOKEN_LENGTH}}})@", re.IGNORECASE)


class ReturnedMail(Struct, frozen=True):
    """Whom the e-mail was for, a hash of the program (`program_mark`), and the last millisecond of the second it was sent in."""

    person: str
    mark: bytes
    sent_ms: int

    def find_program(self, programs: Iterable[str]) -> str | None:
        """The program of the e-mail among these; None if it is none of them."""
        return next((one for one in programs if program_mark(one) == self.mark), None)


class ReturnAddresses:
    """Makes and reads return addresses. Immutable and thread-safe; `address` is that of the setting, empty for none."""

    def __init__(self, ring: KeyRing, address: str) -> None:
        self._local, _, self._domain = address.rpartition("@")
        self._keys = [_key(one.value) for one in ring.all("tokens")]
        self._newest = _key(ring.newest("tokens").value)

    def make(self, program: str, person: str, sent_ms: int) -> str:
        """The return address of an e-mail to a person; empty without the setting: it comes back to its sender."""
        if not self._domain:
            return ""
        seconds = (sent_ms // 1000).to_bytes(_TIME_BYTES, "big")
        content = id_digest(person) + program_mark(program) + seconds
        token = b32encode(content + _mac(self._newest, content)).decode().rstrip("=").lower()
        return f"{self._local}+{token}@{self._domain}"

    def read(self, text: str) -> ReturnedMail:
        """The e-mail that the first return address in a text is of, by any key of the ring. Raises InvalidTokenError."""
        found = _ADDRESS.search(text)
        if found is None:
            raise InvalidTokenError("malformed")
        raw = b32decode(found[1].upper() + "=" * (-TOKEN_LENGTH % 8))
        content, mac = raw[:_CONTENT_BYTES], raw[_CONTENT_BYTES:]
        matches = [hmac.compare_digest(_mac(key, content), mac) for key in self._keys]
        if not any(matches):
            raise InvalidTokenError("forged")
        person, mark, seconds = content[:PERSON_BYTES], content[PERSON_BYTES:-_TIME_BYTES], content[-_TIME_BYTES:]
        return ReturnedMail(format_id("psn", person), mark, int.from_bytes(seconds, "big") * 1000 + 999)


def program_mark(program: str) -> bytes:
    """Four bytes by which the program of an e-mail is found among those that exist."""
    return hashlib.blake2b(program.encode(), digest_size=_MARK_BYTES, person=b"rt-program").digest()


def _key(value: str) -> bytes:
    return hashlib.blake2b(value.encode(), person=b"rt-bounce", digest_size=32).digest()


def _mac(key: bytes, content: bytes) -> bytes:
    return hashlib.blake2b(content, key=key, digest_size=_MAC_BYTES).digest()
