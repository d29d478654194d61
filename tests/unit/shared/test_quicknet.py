"""A published round of drand's quicknet is accepted, and refused with one bit of anything changed."""

import pytest

from referral.verification import quicknet

# Published by the League of Entropy: https://api.drand.sh/52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971/public/657413
ROUND = 657413
SIGNATURE = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
RANDOMNESS = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587"


def flipped(value: bytes, bit: int) -> bytes:
    """The same bytes with one bit changed."""
    return (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")


def test_the_published_round_is_accepted() -> None:
    """With the network's public key; its randomness is the hash of the signature."""
    assert quicknet.is_published(ROUND, bytes.fromhex(SIGNATURE))
    assert quicknet.randomness_of(bytes.fromhex(SIGNATURE)).hex() == RANDOMNESS


def test_one_flipped_bit_of_the_signature_is_refused() -> None:
    """Each of its 384 bits."""
    signature = bytes.fromhex(SIGNATURE)
    assert [bit for bit in range(8 * 48) if quicknet.is_published(ROUND, flipped(signature, bit))] == []


def test_one_flipped_bit_of_the_round_is_refused() -> None:
    """The signature is that of one round."""
    signature = bytes.fromhex(SIGNATURE)
    assert [bit for bit in range(63) if quicknet.is_published(ROUND ^ 1 << bit, signature)] == []


def test_one_flipped_bit_of_the_public_key_is_refused() -> None:
    """Each of its 768 bits: mostly it is no point of the group at all."""
    signature, key = bytes.fromhex(SIGNATURE), bytes.fromhex(quicknet.PUBLIC_KEY)
    accepted = [bit for bit in range(8 * 96) if quicknet.is_published(ROUND, signature, flipped(key, bit).hex())]
    assert accepted == []


@pytest.mark.parametrize(
    "signature", [b"", b"\x00" * 48, b"\xff" * 48, b"\xc0" + b"\x00" * 47, bytes.fromhex(SIGNATURE)[:47]]
)
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    """Wrong lengths, no points, and the point at infinity."""
    assert not quicknet.is_published(ROUND, signature)


def test_rounds_and_times_belong_together() -> None:
    """The first round is published at the genesis, and one every three seconds."""
    assert quicknet.published_at(1) == quicknet.GENESIS_S
    assert quicknet.round_after(0) == 1
    for second in range(quicknet.GENESIS_S, quicknet.GENESIS_S + 10):
        after = quicknet.round_after(second)
        assert quicknet.published_at(after) > second >= quicknet.published_at(after - 1)
