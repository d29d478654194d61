"""A closed board: the parts of all partitions in one order, its Merkle tree, and the proof of each rank.

Entries are stored in blocks of BLOCK in the order of their ranks. A block is a whole subtree, so a proof needs one block and the
roots of all: 32 bytes for each thousand entries.
"""

from collections.abc import Iterable, Sequence
from heapq import merge
from itertools import islice

from msgspec import Struct

from referral.events.standings import ClosedEntry, PartEntry
from referral.verification.board_proof import leaf_data
from referral.verification.merkle_tree import HASH_BYTES, inclusion_path, leaf_hash, root_of

BLOCK = 1024
"""Entries of a block; a power of two, so that a block is a subtree."""


class RankedBlock(Struct, frozen=True, array_like=True, tag="ranked"):
    """Consecutive entries of a closed board, in the order of their ranks."""

    entries: tuple[PartEntry, ...]


def rank_order(entry: PartEntry) -> tuple[int, int, str]:
    """The order of a board: the higher score first, then who reached it first, then the smaller id."""
    return -entry.score, entry.reached_at, entry.participant


def join_parts(parts: Iterable[Iterable[PartEntry]]) -> list[RankedBlock]:
    """Returns all entries in the order of their ranks, by blocks. Each part is in this order itself."""
    ordered = merge(*parts, key=rank_order)
    return list(map(RankedBlock, iter(lambda: tuple(islice(ordered, BLOCK)), ())))


def leaves(block: RankedBlock, first_rank: int) -> list[bytes]:
    """Returns the hashes of the leaves of a block whose first entry has this rank."""
    return [
        leaf_hash(leaf_data(rank, entry.participant, entry.score, entry.reached_at))
        for rank, entry in enumerate(block.entries, first_rank)
    ]


def block_roots(blocks: Sequence[RankedBlock]) -> list[bytes]:
    """Returns the root of each block; the root over them is that of the board."""
    return [root_of(leaves(block, number * BLOCK + 1)) for number, block in enumerate(blocks)]


def proof_path(block: RankedBlock, number: int, index: int, roots: Sequence[bytes]) -> list[bytes]:
    """Returns the path of the entry at `index` of the block with this number, up to the root over `roots`."""
    return inclusion_path(leaves(block, number * BLOCK + 1), index) + inclusion_path(roots, number)


def split_roots(packed: bytes) -> list[bytes]:
    """Returns the roots of blocks from how they are stored, one after the other."""
    return [packed[start : start + HASH_BYTES] for start in range(0, len(packed), HASH_BYTES)]


def part_digest(entries: Iterable[PartEntry]) -> str:
    """Returns the digest of a part: the root over its entries without ranks."""
    return root_of([leaf_hash(f"{one.participant} {one.score} {one.reached_at}".encode()) for one in entries]).hex()


def first_entries(blocks: Sequence[RankedBlock], count: int) -> tuple[ClosedEntry, ...]:
    """Returns the first `count` entries with their ranks."""
    entries = islice((entry for block in blocks for entry in block.entries), count)
    return tuple(
        ClosedEntry(rank, entry.participant, entry.score, entry.reached_at) for rank, entry in enumerate(entries, 1)
    )
