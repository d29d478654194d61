"""Discount codes on the log and in the catalog: sealed with the newest key for codes, each for its own place.

AES-SIV (RFC 5297) with the program and the reward (or pool) as associated data: a code that is copied to another reward cannot be
read, and the same code for the same reward is always the same text, since a fold must write the same line when it decides again.
A sealed text carries the id of its key: `ID.TEXT`, or `TEXT` alone for REFERRAL_SIGNING_KEY. Lines and chunks from before have
their codes in clear, and are read as they are.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from msgspec.structs import replace

from referral.encryption import DecryptionFailed
from referral.events.entities import PoolChunk
from referral.events.line import Line
from referral.events.rewards import CodeIssued, CodeReturned, RewardFulfilled
from referral.key_ring import KeyRing, missing_key

AnyLine = TypeVar("AnyLine", bound=Line)
_CodeLine = CodeIssued | CodeReturned | RewardFulfilled
_CACHED_CHUNKS = 64
_encode = msgspec.json.Encoder().encode
_decode_codes = msgspec.json.Decoder(tuple[str, ...]).decode


class CodeSealer:
    """Seals codes with the newest key of a ring, and opens those of all its keys. Opening raises DecryptionFailed."""

    def __init__(self, ring: KeyRing) -> None:
        self._ciphers = {key.id: _cipher(key.value) for key in ring.all("codes")}
        self._newest = ring.newest("codes").id
        self._open_codes = lru_cache(_CACHED_CHUNKS)(self._open_chunk_text)

    def seal_line(self, line: AnyLine) -> AnyLine:
        """The line as it is written to the log."""
        if not isinstance(line, _CodeLine) or line.code is None:
            return line
        return replace(line, code=None, sealed_code=self._seal(line.program, line.id, line.code.encode()))

    def open_line(self, line: AnyLine) -> AnyLine:
        """The line with its code in clear."""
        if not isinstance(line, _CodeLine) or line.sealed_code is None:
            return line
        return replace(line, code=self._open(line.program, line.id, line.sealed_code).decode(), sealed_code=None)

    def seal_chunk(self, chunk: PoolChunk) -> PoolChunk:
        """The chunk as it is written to the catalog."""
        return replace(chunk, codes=(), sealed=self.seal_codes(chunk.program, chunk.pool, chunk.codes))

    def seal_codes(self, program: str, pool: str, codes: tuple[str, ...]) -> str:
        """The codes of a chunk as one sealed text."""
        return self._seal(program, _pool_place(pool), _encode(codes))

    def open_chunk(self, chunk: PoolChunk) -> PoolChunk:
        """The chunk with its codes in clear; the last chunks are cached."""
        if chunk.sealed is None:
            return chunk
        return replace(chunk, codes=self._open_codes(chunk.program, chunk.pool, chunk.sealed), sealed=None)

    def _open_chunk_text(self, program: str, pool: str, sealed: str) -> tuple[str, ...]:
        return _decode_codes(self._open(program, _pool_place(pool), sealed))

    def _seal(self, program: str, place: str, text: bytes) -> str:
        sealed = self._ciphers[self._newest].encrypt(text, [program.encode(), place.encode()])
        encoded = urlsafe_b64encode(sealed).decode()
        return f"{self._newest}.{encoded}" if self._newest else encoded

    def _open(self, program: str, place: str, sealed: str) -> bytes:
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


def _pool_place(pool: str) -> str:
    return f"pool:{pool}"


def _cipher(key: str) -> AESSIV:
    return AESSIV(hashlib.blake2b(key.encode(), person=b"rt-sealed-code", digest_size=32).digest())
