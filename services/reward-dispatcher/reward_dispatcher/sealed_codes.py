"""Discount codes on the log and in states: generated ones by the id of their key, others sealed for their own place.

A generated code follows from its key, its form and the id of the reward, so a line names key and form. Uploaded codes are sealed
for their pool, or for their reward (`referral.code_cipher`). Whether a program has a code already is seen from its keyed hash
(BLAKE2b, RFC 7693), by the key that never changes: with another one every code would be new.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from referral.code_cipher import CodeCipher
from referral.encryption import DecryptionFailed
from referral.events.code_formats import CodeFormat
from referral.events.line import Line
from referral.events.pools import HASH_BYTES, CodeReturned
from referral.events.rewards import CodeIssued, RewardFulfilled
from referral.key_ring import KeyRing, missing_key
from reward_dispatcher.domain.discount_codes import generate_discount_code

AnyLine = TypeVar("AnyLine", bound=Line)
_CODE_LINES = (CodeIssued, CodeReturned, RewardFulfilled)  # a tuple is checked in a third of a union's time
_CACHED_SEGMENTS = 64
_MOST_UNREAD = 16_384  # codes, some 5 MB: the ledger soon reads each line that it has written
_encode = msgspec.json.Encoder().encode
_decode_codes = msgspec.json.Decoder(tuple[str, ...]).decode


class CodeSealer:
    """Seals codes with the newest key of a ring, and opens those of all its keys. Opening raises DecryptionFailed."""

    def __init__(self, ring: KeyRing) -> None:
        self._keys = {key.id: key.value.encode() for key in ring.all("codes")}
        self._cipher = CodeCipher(ring)
        self._seal, self._open = self._cipher.seal, self._cipher.open
        self.open_for_order = self._cipher.open_for_order
        self.open_segment = lru_cache(_CACHED_SEGMENTS)(self._open_segment)
        self._unread: dict[tuple[str, str, str], str] = {}  # the codes of lines that were sealed and not read since

    def seal_line(self, line: AnyLine) -> AnyLine:
        """The line as it is written to the log."""
        if not isinstance(line, _CODE_LINES) or line.code is None:
            return line
        sealed = self._seal(line.program, line.id, line.code.encode())
        if len(self._unread) >= _MOST_UNREAD:
            self._unread.clear()
        self._unread[line.program, line.id, sealed] = line.code
        return replace(line, code=None, sealed_code=sealed)

    def generate(self, key: str, reward: str, form: CodeFormat | None = None) -> str:
        """The generated code of a key (its id) and a reward, in this form. Raises DecryptionFailed if the ring lacks the key."""
        value = self._keys.get(key)
        if value is None:
            raise DecryptionFailed(f"the code of {reward} cannot be generated: {missing_key(key)}")
        return generate_discount_code(value, reward, form)

    def open_line(self, line: AnyLine) -> AnyLine:
        """The line with its code in clear."""
        if not isinstance(line, _CODE_LINES):
            return line
        if isinstance(line, RewardFulfilled) and line.code_key is not None:
            generated = self.generate(line.code_key, line.id, line.code_format)
            return replace(line, code=generated, code_key=None, code_format=None)
        if line.sealed_code is None:
            return line
        code = self._unread.pop((line.program, line.id, line.sealed_code), None)
        if code is None:
            code = self._open(line.program, line.id, line.sealed_code).decode()
        return replace(line, code=code, sealed_code=None)

    def seal_segment(self, program: str, pool: str, codes: Sequence[str]) -> str:
        """Codes of a pool, sealed as one text."""
        return self._seal(program, _pool_place(pool), _encode(codes))

    def _open_segment(self, program: str, pool: str, sealed: str) -> tuple[str, ...]:
        """The codes that were sealed as one text; the last texts are cached."""
        return _decode_codes(self._open(program, _pool_place(pool), sealed))

    def seal_pooled(self, program: str, pool: str, code: str) -> str:
        """A single code of a pool, sealed for the pool."""
        return self._seal(program, _pool_place(pool), code.encode())

    def reseal_issued(self, line: CodeIssued) -> CodeIssued:
        """A line whose code is sealed for the pool, with the code sealed for its reward."""
        code = self._open(line.program, _pool_place(line.pool), line.sealed_code or "").decode()
        return replace(line, sealed_code=self._seal(line.program, line.id, code.encode()))


class CodeHasher:
    """The keyed hashes by which the codes of a program are compared, in the form of `normalize_code`."""

    def __init__(self, ring: KeyRing) -> None:
        key = hashlib.blake2b(ring.newest("pseudonyms").value.encode()).digest()
        self._keyed = hashlib.blake2b(key=key, person=b"rt-code-hash", digest_size=HASH_BYTES)

    def hashes(self, program: str, forms: Iterable[str]) -> bytes:
        """The hashes of codes, one after the other."""
        of_program = self._keyed.copy()
        of_program.update(f"{program}\x1f".encode())
        return b"".join(_finish(of_program.copy(), form) for form in forms)


def _finish(hashing: "hashlib.blake2b", form: str) -> bytes:
    hashing.update(form.encode())
    return hashing.digest()


def _pool_place(pool: str) -> str:
    return f"pool:{pool}"
