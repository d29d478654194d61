"""AES decryption as WeChat's encrypted mode uses it. encrypted_mode.py parses the decrypted bytes."""

import binascii
from base64 import b64decode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from conversion_tracker.ingest.adapters.wechat.encrypted_mode import DecryptedMessage, DecryptionError, parse_plaintext


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
