"""WeChat's encrypted mode (安全模式): what is signed, and how a decrypted message is laid out.

Source, read 2026-11: https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
- msg_signature = SHA-1 of token, timestamp, nonce and Encrypt, sorted and joined: it covers the message;
- EncodingAESKey has 43 letters and digits: Base64 of the 32 bytes of the AES key, without its last `=`;
- AES-256-CBC, its IV the first 16 bytes of the key, padded as PKCS #7 to whole blocks of 32 bytes;
- the plaintext is 16 random bytes, the message's length (4 bytes, the highest first), the message, and the account's AppID.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable

from msgspec import Struct

BLOCK_BYTES = 32
_RANDOM, _LENGTH = 16, 4
_KEY = re.compile(r"[A-Za-z0-9]{43}\Z")


class DecryptionError(ValueError):
    """This was not encrypted for us; says what is wrong with it."""


class DecryptedMessage(Struct, frozen=True):
    """What was in an encrypted message, and whose account it is."""

    message: bytes
    appid: str


def is_encoding_aes_key(text: str) -> bool:
    """Whether this can be an EncodingAESKey."""
    return _KEY.match(text) is not None


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """What WeChat signs an encrypted message with."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce, encrypted))).encode()).hexdigest()  # noqa: S324 - theirs


def is_signed_by_any(tokens: Iterable[str], said: str, timestamp: str, nonce: str, encrypted: str) -> bool:
    """Whether one of the tokens made this signature; compared in constant time."""
    matches = [
        hmac.compare_digest(signature(one, timestamp, nonce, encrypted).encode(), said.encode()) for one in tokens
    ]
    return any(matches)


def parse_plaintext(plain: bytes) -> DecryptedMessage:
    """The message in what AES gave. Raises Unopened."""
    body = _remove_padding(plain)
    start = _RANDOM + _LENGTH
    if len(body) < start:
        raise DecryptionError("it is too short to hold a message")
    end = start + int.from_bytes(body[_RANDOM:start], "big")
    if end > len(body):
        raise DecryptionError("the length it names is more than it holds")
    try:
        return DecryptedMessage(body[start:end], body[end:].decode())
    except UnicodeDecodeError:
        raise DecryptionError("no AppID stands at its end") from None


def _remove_padding(plain: bytes) -> bytes:
    """PKCS #7 over blocks of 32 bytes (RFC 5652, 6.3)."""
    count = plain[-1] if plain else 0
    whole = len(plain) % BLOCK_BYTES == 0 and 1 <= count <= BLOCK_BYTES
    if not (whole and hmac.compare_digest(plain[-count:], bytes([count]) * count)):
        raise DecryptionError("its padding is wrong")
    return plain[:-count]
