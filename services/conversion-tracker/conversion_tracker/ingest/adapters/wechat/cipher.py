"""AES as WeChat's encrypted mode uses it. What was decrypted is read in domain/adapters/wechat_secure.py."""

import binascii
from base64 import b64decode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from conversion_tracker.ingest.adapters.wechat.encrypted_mode import DecryptedMessage, DecryptionError, parse_plaintext


def decrypt(encrypted: str, encoding_aes_key: str) -> DecryptedMessage:
    """What an encrypted message holds. Its signature is checked before, so that nobody learns from what goes wrong here.

    Raises Unopened.
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
        raise DecryptionError("it is no whole number of blocks") from None
