"""Signatures of Standard Webhooks: `v1` (HMAC-SHA256) and `v1a` (ed25519).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. Both sign `{id}.{timestamp}.{body}`; the
header has one signature of each scheme for each live pair of secrets, the newest pair first, separated by spaces.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reward_dispatcher.webhook_secrets import PRIVATE_PREFIX, SECRET_PREFIX, SecretPair

_CACHED_KEYS = 4096


def signed_headers(pairs: Iterable[SecretPair], message: str, body: bytes, timestamp_s: int) -> dict[str, str]:
    """Returns the headers of an attempt. `message` is the message id.

    `timestamp_s` is the real time, seconds since the epoch: receivers reject what differs from theirs by five minutes.
    """
    content = f"{message}.{timestamp_s}.".encode() + body
    signatures = [
        part for pair in pairs for part in (sign_v1(pair.secret, content), sign_v1a(pair.signing_key, content))
    ]
    return {
        "content-type": "application/json",
        "user-agent": "referral-webhooks/1",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }


def sign_v1(secret: str, content: bytes) -> str:
    """Returns `v1,` and the HMAC-SHA256 under a secret (base64, with or without `whsec_`), in base64."""
    digest = hmac.digest(b64decode(secret.removeprefix(SECRET_PREFIX)), content, "sha256")
    return f"v1,{b64encode(digest).decode()}"


def sign_v1a(signing_key: str, content: bytes) -> str:
    """Returns `v1a,` and the ed25519 signature by a key (the seed in base64, with or without `whsk_`), in base64."""
    return f"v1a,{b64encode(_private_key(signing_key).sign(content)).decode()}"


@lru_cache(_CACHED_KEYS)
def _private_key(signing_key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(b64decode(signing_key.removeprefix(PRIVATE_PREFIX)))
