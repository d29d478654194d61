"""The secrets that a webhook's messages are signed with: a pair for both schemes of Standard Webhooks, sealed in the catalog.

`v1` signs with a secret that the receiver has too; `v1a` with an ed25519 key, of which the receiver has the public half. After a
rotation messages carry the signatures of both pairs for a day, so that the receiver can change to the new one at any time in it.
"""

import secrets
from base64 import b64decode, b64encode
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from referral.encryption import seal, unseal
from referral.events.entities import Webhook
from referral.events.timestamps import DAY_MS, to_datetime, to_ms
from referral.key_ring import KeyRing

SECRET_PREFIX, PRIVATE_PREFIX, PUBLIC_PREFIX = "whsec_", "whsk_", "whpk_"  # as the specification spells them
_SECRET_BYTES = 32  # the specification: 24 to 64
_SEED_BYTES = 32
OVERLAP_MS = DAY_MS
"""How long the former pair signs after a rotation, milliseconds."""


class SecretPair(NamedTuple):
    """`secret` (whsec_…) signs `v1`; `signing_key` (whsk_…, the seed of an ed25519 key) signs `v1a`."""

    secret: str
    signing_key: str

    @property
    def public_key(self) -> str:
        """The key that verifies `v1a`, whpk_…; it may be known to everyone."""
        key = Ed25519PrivateKey.from_private_bytes(b64decode(self.signing_key.removeprefix(PRIVATE_PREFIX)))
        return PUBLIC_PREFIX + b64encode(key.public_key().public_bytes_raw()).decode()


def new_secret_pair() -> SecretPair:
    """Returns a random pair."""
    return SecretPair(_random_text(SECRET_PREFIX, _SECRET_BYTES), _random_text(PRIVATE_PREFIX, _SEED_BYTES))


def seal_secret_pair(ring: KeyRing, program: str, webhook: str, pair: SecretPair) -> str:
    """Returns the pair as the catalog stores it, valid for this webhook only."""
    return seal(ring, program, _name(webhook), " ".join(pair))


def newest_secret_pair(ring: KeyRing, webhook: Webhook) -> SecretPair:
    """Returns the pair that receivers should verify with. Raises DecryptionFailed if its key is not in the ring."""
    return _open(ring, webhook, webhook.sealed[0])


def live_secret_pairs(ring: KeyRing, webhook: Webhook, now_ms: int) -> list[SecretPair]:
    """Returns the pairs that sign at `now_ms`, the newest first. Raises DecryptionFailed."""
    rotated = webhook.rotated_at
    in_overlap = rotated is not None and now_ms < to_ms(rotated) + OVERLAP_MS
    return [_open(ring, webhook, sealed) for sealed in (webhook.sealed if in_overlap else webhook.sealed[:1])]


def rotate(ring: KeyRing, webhook: Webhook, now_ms: int) -> Webhook:
    """Returns the webhook with a new pair. The newest pair before it stays valid for a day, any older one ends now."""
    sealed = seal_secret_pair(ring, webhook.program, webhook.id, new_secret_pair())
    now = to_datetime(now_ms)
    return replace(webhook, sealed=(sealed, webhook.sealed[0]), rotated_at=now, recorded_at=now)


def seal_contact(ring: KeyRing, program: str, webhook: str, address: str) -> str:
    """Returns the e-mail address of a webhook's contact as the catalog stores it."""
    return seal(ring, program, _contact_name(webhook), address)


def open_contact(ring: KeyRing, webhook: Webhook) -> str | None:
    """Returns the e-mail address of a webhook's contact; None without one. Raises DecryptionFailed."""
    if webhook.contact is None:
        return None
    return unseal(ring, webhook.program, _contact_name(webhook.id), webhook.contact)


def reseal_webhook(ring: KeyRing, webhook: Webhook) -> Webhook:
    """Returns the webhook with its pairs and contact sealed by the newest key. Raises DecryptionFailed."""
    program, id = webhook.program, webhook.id
    pairs = [seal_secret_pair(ring, program, id, _open(ring, webhook, sealed)) for sealed in webhook.sealed]
    address = open_contact(ring, webhook)
    contact = None if address is None else seal_contact(ring, program, id, address)
    return replace(webhook, sealed=tuple(pairs), contact=contact)


def _open(ring: KeyRing, webhook: Webhook, sealed: str) -> SecretPair:
    return SecretPair(*unseal(ring, webhook.program, _name(webhook.id), sealed).split(" "))


def _random_text(prefix: str, size: int) -> str:
    return prefix + b64encode(secrets.token_bytes(size)).decode()


def _name(webhook: str) -> str:
    return f"webhook:{webhook}"


def _contact_name(webhook: str) -> str:
    return f"webhook-contact:{webhook}"
