"""The secret that a webhook's messages are signed with: sealed in the catalog, or in clear if the webhook is from before."""

from referral.encryption import seal, unseal
from referral.events.entities import Webhook
from referral.key_ring import KeyRing


def seal_webhook_secret(ring: KeyRing, program: str, webhook: str, secret: str) -> str:
    """The secret as the catalog stores it, valid for this webhook only."""
    return seal(ring, program, _name(webhook), secret)


def webhook_secret(ring: KeyRing, webhook: Webhook) -> str:
    """The secret in clear. Raises DecryptionFailed if its key is not in the ring."""
    if webhook.sealed is None:
        return webhook.secret or ""
    return unseal(ring, webhook.program, _name(webhook.id), webhook.sealed)


def _name(webhook: str) -> str:
    return f"webhook:{webhook}"
