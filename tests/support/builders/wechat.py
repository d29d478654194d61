"""Messages in WeChat's encrypted mode, written from the description on WeChat's page, independent of the service."""

import struct
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from conversion_tracker.ingest.adapters.wechat.encrypted_mode import BLOCK_BYTES

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_ID = "wxb11529c136998cb6"


def lay_out(
    message: bytes, app_id: bytes = APP_ID.encode(), length: int | None = None, block: int = BLOCK_BYTES
) -> bytes:
    """Returns a message with its random prefix, length, AppID and padding; `length` replaces the true one."""
    body = b"r" * 16 + struct.pack(">I", len(message) if length is None else length) + message + app_id
    count = block - len(body) % block
    return body + bytes([count]) * count


def encrypt(plain: bytes, key: str = AES_KEY) -> str:
    """Returns the AES-256-CBC ciphertext, base64."""
    aes = b64decode(key + "=")
    encryptor = Cipher(algorithms.AES(aes), modes.CBC(aes[:16])).encryptor()
    return b64encode(encryptor.update(plain) + encryptor.finalize()).decode()
