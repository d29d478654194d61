"""The Merkle tree of RFC 9162, section 2.1, with SHA-256: its root, inclusion proofs, and their verification.

A leaf is hashed with the prefix 0x00 and an inner node with 0x01, so that neither can be taken for the other. A tree of n leaves is
split at the largest power of two below n. Hence blocks of a power of two leaves are whole subtrees, the last one excepted: the tree
over their roots is the same tree, and a proof needs the leaves of one block and the roots of all.
"""

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
MAX_PATH = 64
"""The longest path that a proof may have: no tree has 2⁶⁴ leaves."""


def leaf_hash(data: bytes) -> bytes:
    """Returns the hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Returns the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Returns the root over the hashes of leaves, or over the roots of blocks of a power of two leaves each."""
    if not hashes:
        return sha256(b"").digest()
    level = list(hashes)
    while len(level) > 1:  # pairs from the left, an odd last one carried upwards: equal to the recursive split
        paired = [node_hash(level[index], level[index + 1]) for index in range(0, len(level) - 1, 2)]
        level = [*paired, level[-1]] if len(level) % 2 else paired
    return level[0]


def inclusion_path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Returns the inclusion proof of the hash at `index`, from the leaf upwards (RFC 9162, 2.1.3.1)."""
    path: list[bytes] = []
    level = list(hashes)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        paired = [node_hash(level[one], level[one + 1]) for one in range(0, len(level) - 1, 2)]
        level = [*paired, level[-1]] if len(level) % 2 else paired
        index //= 2
    return path


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the hash of a leaf is at `index` in the tree of `size` leaves with this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, last, current = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            current = node_hash(sibling, current)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and current == root
