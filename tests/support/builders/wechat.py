"""Encrypted WeChat messages, built independently of the product's code from WeChat's documentation."""

import struct
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APPID = "wxb11529c136998cb6"
BLOCK_BYTES = 32


def pad_message(
    message: bytes, appid: bytes = APPID.encode(), length: int | None = None, block: int = BLOCK_BYTES
) -> bytes:
    """The plaintext of a message: 16 random bytes, its length, the message, the AppID, and the padding."""
    body = b"r" * 16 + struct.pack(">I", len(message) if length is None else length) + message + appid
    count = block - len(body) % block
    return body + bytes([count]) * count


def encrypt(plaintext: bytes, key: str = AES_KEY) -> str:
    """AES-256-CBC of a plaintext, as Base64."""
    aes = b64decode(key + "=")
    encryptor = Cipher(algorithms.AES(aes), modes.CBC(aes[:16])).encryptor()
    return b64encode(encryptor.update(plaintext) + encryptor.finalize()).decode()
