"""Signatures of webhook messages, held to the reference test cases of Standard Webhooks, and the rotation of secrets.

https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries/go, the files `webhook_…symmetric_test.go`.
"""

import time
from base64 import b64decode, b64encode
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from referral.encryption import DecryptionFailed
from referral.events.entities import Webhook
from referral.events.timestamps import DAY_MS, to_ms
from referral.key_ring import PURPOSES, KeyRing
from reward_dispatcher.delivery.signatures import sign_v1, sign_v1a, signed_headers
from reward_dispatcher.webhook_secrets import (
    SecretPair,
    live_secret_pairs,
    new_secret_pair,
    newest_secret_pair,
    reseal_webhook,
    rotate,
    seal_secret_pair,
)

RING = KeyRing.parse("", "k" * 32)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
REFERENCE = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
V1A = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="


@pytest.mark.parametrize("prefix", ["", "whsec_"])
def test_v1_is_the_signature_of_the_reference_test(prefix: str) -> None:
    """TestSymmetricWebhookSign and TestSymmetricWebhookPrefix."""
    assert sign_v1(f"{prefix}MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", REFERENCE) == V1


@pytest.mark.parametrize("prefix", ["", "whsk_"])
def test_v1a_is_the_signature_of_the_reference_test(prefix: str) -> None:
    """TestAsymmetricWebhookSign and TestAsymmetricWebhookPrefix."""
    assert sign_v1a(f"{prefix}VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=", REFERENCE) == V1A


def test_the_headers_of_the_reference_message() -> None:
    """Both signatures, separated by a space; id and time as they are signed."""
    pair = SecretPair("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=")
    headers = signed_headers([pair], "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', 1614265330)
    assert headers["webhook-signature"] == f"{V1} {V1A}"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330")


@given(st.binary(max_size=300).map(b64encode), st.integers(1, 2))
def test_a_receiver_verifies_either_scheme_and_refuses_another_body(body: bytes, count: int) -> None:
    """By the specification's Python library and by ed25519 itself; with any of the live pairs, and with no other."""
    pairs, stranger = [new_secret_pair() for _ in range(count)], new_secret_pair()
    headers = signed_headers(pairs, "msg_1", b'{"a":"' + body + b'"}', int(time.time()))
    for pair in pairs:
        assert Verifier(pair.secret).verify(b'{"a":"' + body + b'"}', headers)
        assert _verified(pair.public_key, headers, b'{"a":"' + body + b'"}')
        assert not _verified(pair.public_key, headers, b'{"a":"' + body + b' "}')
        with pytest.raises(WebhookVerificationError):
            Verifier(pair.secret).verify(b'{"a":"' + body + b' "}', headers)
    assert not _verified(stranger.public_key, headers, b'{"a":"' + body + b'"}')
    with pytest.raises(WebhookVerificationError):
        Verifier(stranger.secret).verify(b'{"a":"' + body + b'"}', headers)


def test_a_former_pair_signs_for_a_day_after_the_rotation() -> None:
    """Two live pairs at most: a second rotation within the day ends the oldest."""
    webhook = _webhook("whk_1")
    first = newest_secret_pair(RING, webhook)
    rotated = rotate(RING, webhook, to_ms(NOW))
    second = newest_secret_pair(RING, rotated)
    assert second != first
    assert live_secret_pairs(RING, rotated, to_ms(NOW) + DAY_MS - 1) == [second, first]
    assert live_secret_pairs(RING, rotated, to_ms(NOW) + DAY_MS) == [second]
    again = rotate(RING, rotated, to_ms(NOW) + 1)
    assert live_secret_pairs(RING, again, to_ms(NOW) + 2) == [newest_secret_pair(RING, again), second]


def test_a_sealed_pair_is_valid_for_its_webhook_only() -> None:
    """It is not in clear, no other webhook can use it, and it can be sealed with a newer key."""
    webhook = rotate(RING, _webhook("whk_1"), to_ms(NOW))
    pairs = live_secret_pairs(RING, webhook, to_ms(NOW))
    assert not any(secret.split("_", 1)[1] in str(webhook.sealed) for pair in pairs for secret in pair)
    with pytest.raises(DecryptionFailed):
        newest_secret_pair(RING, _webhook("whk_2", sealed=webhook.sealed))
    newer = KeyRing.parse(",".join(f"{one}:2026b:{one.ljust(32, 'x')}" for one in PURPOSES), "k" * 32)
    assert live_secret_pairs(newer, reseal_webhook(newer, webhook), to_ms(NOW)) == pairs
    with pytest.raises(DecryptionFailed, match=r"REFERRAL_SIGNING_KEY|2026b"):
        newest_secret_pair(RING, reseal_webhook(newer, webhook))


def _webhook(id: str, sealed: tuple[str, ...] = ()) -> Webhook:
    sealed = sealed or (seal_secret_pair(RING, "prg_x", id, new_secret_pair()),)
    return Webhook(
        recorded_at=NOW, id=id, program="prg_x", url="https://hook.example/", sealed=sealed, registered_at=NOW
    )


def _verified(public_key: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether one of the `v1a` signatures is by this key."""
    key = Ed25519PublicKey.from_public_bytes(b64decode(public_key.removeprefix("whpk_")))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    for signature in headers["webhook-signature"].split(" "):
        scheme, _, value = signature.partition(",")
        if scheme == "v1a":
            try:
                key.verify(b64decode(value), content)
            except InvalidSignature:
                continue
            return True
    return False
