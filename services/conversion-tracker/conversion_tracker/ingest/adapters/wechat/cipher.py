"""AES as WeChat's encrypted mode uses it. encrypted_mode.py has the layout of the decrypted bytes."""

import binascii
import os
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from conversion_tracker.ingest.adapters.wechat.encrypted_mode import (
    DecryptedMessage,
    DecryptionError,
    parse_plaintext,
    plaintext_of,
)


def decrypt(encrypted: str, encoding_aes_key: str) -> DecryptedMessage:
    """The decrypted message. Raises DecryptionError.

    Callers verify the signature first, so that the errors reveal nothing to an attacker (padding oracle).
    """
    key = b64decode(encoding_aes_key + "=")
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).decryptor()
    try:
        return parse_plaintext(decryptor.update(b64decode(encrypted.encode(), validate=True)) + decryptor.finalize())
    except binascii.Error:
        raise DecryptionError("it is not Base64") from None
    except DecryptionError:
        raise
    except ValueError:
        raise DecryptionError("its length is not a whole number of blocks") from None


def encrypt(message: bytes, appid: str, encoding_aes_key: str) -> str:
    """The encrypted message, as Base64."""
    key = b64decode(encoding_aes_key + "=")
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).encryptor()
    return b64encode(encryptor.update(plaintext_of(message, appid, os.urandom(16))) + encryptor.finalize()).decode()
