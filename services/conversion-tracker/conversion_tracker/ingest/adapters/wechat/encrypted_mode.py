"""Format of WeChat's encrypted mode (安全模式): the key, the padding, and the layout of a decrypted message.

Source, read 2026-11: https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
- msg_signature = SHA-1 of token, timestamp, nonce and Encrypt, sorted and joined: it covers the message;
- EncodingAESKey has 43 letters and digits: Base64 of the 32 bytes of the AES key, without the final `=`;
- AES-256-CBC, the IV is the first 16 bytes of the key, PKCS #7 padding to blocks of 32 bytes;
- the plaintext is 16 random bytes, the message's length (4 bytes, big-endian), the message, and the account's AppID.
"""

import hmac
import re

from msgspec import Struct

BLOCK_BYTES = 32
_RANDOM, _LENGTH = 16, 4
_KEY = re.compile(r"[A-Za-z0-9]{43}\Z")


class DecryptionError(ValueError):
    """The message was not encrypted with this key; the text is the reason."""


class DecryptedMessage(Struct, frozen=True):
    """A decrypted message, and the account that it is for."""

    message: bytes
    appid: str


def is_encoding_aes_key(text: str) -> bool:
    """Whether the text has the format of an EncodingAESKey."""
    return _KEY.match(text) is not None


def parse_plaintext(plaintext: bytes) -> DecryptedMessage:
    """The message in the decrypted bytes. Raises DecryptionError."""
    body = _remove_padding(plaintext)
    start = _RANDOM + _LENGTH
    if len(body) < start:
        raise DecryptionError("it is too short")
    end = start + int.from_bytes(body[_RANDOM:start], "big")
    if end > len(body):
        raise DecryptionError("its length field exceeds its length")
    try:
        return DecryptedMessage(body[start:end], body[end:].decode())
    except UnicodeDecodeError:
        raise DecryptionError("it does not end with an AppID") from None


def plaintext_of(message: bytes, appid: str, random: bytes) -> bytes:
    """The plaintext of a message for this account, padded; `random` are 16 bytes that no one can predict."""
    body = random + len(message).to_bytes(_LENGTH, "big") + message + appid.encode()
    count = BLOCK_BYTES - len(body) % BLOCK_BYTES
    return body + bytes([count]) * count


def _remove_padding(plaintext: bytes) -> bytes:
    """Removes PKCS #7 padding to blocks of 32 bytes (RFC 5652, 6.3)."""
    count = plaintext[-1] if plaintext else 0
    is_possible = len(plaintext) % BLOCK_BYTES == 0 and 1 <= count <= BLOCK_BYTES
    if not (is_possible and hmac.compare_digest(plaintext[-count:], bytes([count]) * count)):
        raise DecryptionError("its padding is invalid")
    return plaintext[:-count]
