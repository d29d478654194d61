"""AES as WeChat's encrypted mode uses it. What was decrypted is read in domain/adapters/wechat_secure.py."""

import binascii
from base64 import b64decode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from conversion_tracker.ingest.adapters.wechat.encrypted_mode import Opened, Unopened, opened


def deciphered(encrypted: str, encoding_aes_key: str) -> Opened:
    """What an encrypted message holds. Its signature is checked before, so that nobody learns from what goes wrong here.

    Raises Unopened.
    """
    key = b64decode(encoding_aes_key + "=")
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).decryptor()
    try:
        return opened(decryptor.update(b64decode(encrypted.encode(), validate=True)) + decryptor.finalize())
    except binascii.Error:
        raise Unopened("it is not Base64") from None
    except Unopened:
        raise
    except ValueError:
        raise Unopened("it is no whole number of blocks") from None
