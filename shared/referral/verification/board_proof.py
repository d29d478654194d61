"""The proof of a rank on a closed board: the entry, its path in the Merkle tree, and the line `board.closed` with the root.

The leaves of the tree are the entries in the order of their ranks, so the index of a leaf is its rank less one.
"""

from typing import Annotated

from msgspec import Meta, Struct

from referral.verification.merkle_tree import HASH_BYTES, MAX_PATH, is_included, leaf_hash

Digest = Annotated[str, Meta(pattern=f"^[0-9a-f]{{{2 * HASH_BYTES}}}$", description="a SHA-256 hash, hexadecimal")]
Rank = Annotated[int, Meta(ge=1, le=2**40)]
Score = Annotated[int, Meta(ge=0, le=2**53)]
Seconds = Annotated[int, Meta(ge=0, le=2**33, description="seconds since 1970-01-01T00:00:00Z")]


class RankProof(Struct, frozen=True, kw_only=True):
    """What a participant downloads: their entry on a closed board, and the hashes on the way from its leaf to the root."""

    program: Annotated[str, Meta(max_length=64)]
    metric: Annotated[str, Meta(max_length=64)]
    kind: Annotated[str, Meta(max_length=64)]
    period: Annotated[str, Meta(max_length=64)]
    rank: Rank
    participant: Annotated[str, Meta(max_length=64)]
    score: Score
    reached_at: Seconds
    entries: Annotated[int, Meta(ge=1, le=2**40, description="the number of entries of the board")]
    path: Annotated[tuple[Digest, ...], Meta(max_length=MAX_PATH)]
    root: Digest


class ClosedRoot(Struct, frozen=True, kw_only=True):
    """What is compared with of a line `board.closed`; its other fields are ignored."""

    program: Annotated[str, Meta(max_length=64)]
    metric: Annotated[str, Meta(max_length=64)]
    kind: Annotated[str, Meta(max_length=64)]
    period: Annotated[str, Meta(max_length=64)]
    entries: Annotated[int, Meta(ge=0, le=2**40)]
    root: Digest


def leaf_data(rank: int, participant: str, score: int, reached_at: int) -> bytes:
    """Returns the bytes of a leaf: rank, participant, score and second, separated by blanks."""
    return f"{rank} {participant} {score} {reached_at}".encode()


def proof_mistake(proof: RankProof, closed: ClosedRoot) -> str | None:
    """Returns why a proof does not hold against a closing; None if it holds."""
    for name in ("program", "metric", "kind", "period", "entries", "root"):
        if getattr(proof, name) != getattr(closed, name):
            return f"`{name}` is {getattr(proof, name)} in the proof, and {getattr(closed, name)} in the closing"
    leaf = leaf_hash(leaf_data(proof.rank, proof.participant, proof.score, proof.reached_at))
    path = [bytes.fromhex(one) for one in proof.path]
    if is_included(leaf, proof.rank - 1, proof.entries, path, bytes.fromhex(proof.root)):
        return None
    return "the entry and the path do not lead to the root: one of them was changed"
