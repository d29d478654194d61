"""The public randomness of drand's network quicknet: the round of a time, and the verification of a published round.

Scheme `bls-unchained-g1-rfc9380` (https://docs.drand.love/docs/cryptography): a round's signature is on G1 of BLS12-381, over the
SHA-256 of its number as 8 bytes, big endian, with the domain below; the public key is on G2; the randomness is the SHA-256 of the
signature. It verifies with one pairing check, and no network is needed.
"""

from hashlib import sha256

import py_arkworks_bls12381 as bls

CHAIN_HASH = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
PUBLIC_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb"
    "5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
GENESIS_S = 1_692_803_367
PERIOD_S = 3
SCHEME = "bls-unchained-g1-rfc9380"
MAX_ROUND = 2**63 - 1
_DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
_SIGNATURE_BYTES = 48


def round_after(second: int) -> int:
    """Returns the first round that is published after a second since the epoch."""
    return max(second - GENESIS_S, -1) // PERIOD_S + 2


def published_at(number: int) -> int:
    """Returns the second since the epoch at which a round is published."""
    return GENESIS_S + (number - 1) * PERIOD_S


def randomness_of(signature: bytes) -> bytes:
    """Returns the randomness of a round from its signature."""
    return sha256(signature).digest()


def is_published(number: int, signature: bytes, public_key: str = PUBLIC_KEY) -> bool:
    """Whether the network with this public key signed the round: one bit more or less, and it did not."""
    if not 1 <= number <= MAX_ROUND or len(signature) != _SIGNATURE_BYTES:
        return False
    try:
        point = bls.G1Point.from_compressed_bytes(signature)
        key = bls.G2Point.from_compressed_bytes(bytes.fromhex(public_key))
    except ValueError:
        return False
    message = sha256(number.to_bytes(8, "big")).digest()
    hashed = bls.G1Point.hash_to_curve(message, _DOMAIN)
    return bool(bls.GT.pairing_check([point, -hashed], [bls.G2Point(), key]))
