"""The Merkle tree: the published test vectors, the example of RFC 9162, and that only what is in the tree can be proven."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.verification.merkle_tree import inclusion_path, is_included, leaf_hash, node_hash, root_of

# The test vectors of google/certificate-transparency (merkletree tests): leaves, and the root of the first n.
LEAVES = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    """The root of the first `size` leaves."""
    assert root_of(HASHES[:size]).hex() == ROOTS[size]


def test_paths_are_those_of_the_example_of_the_rfc() -> None:
    """RFC 9162, 2.1.5: the tree over d0 to d6, and the paths of d0, d3, d4 and d6."""
    a, b, c, d, e, f, j = HASHES[:7]
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741 - the names of the RFC
    assert root_of(HASHES[:7]) == node_hash(k, l)
    assert inclusion_path(HASHES[:7], 0) == [b, h, l]
    assert inclusion_path(HASHES[:7], 3) == [c, g, l]
    assert inclusion_path(HASHES[:7], 4) == [f, j, k]
    assert inclusion_path(HASHES[:7], 6) == [i, k]


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 9162, 2.1.1, as it is written."""
    if len(leaves) <= 1:
        return leaf_hash(leaves[0]) if leaves else root_of([])
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    """Level by level gives what the recursive definition gives."""
    assert root_of([leaf_hash(leaf) for leaf in leaves]) == recursive_root(leaves)


@given(leaves=st.lists(st.binary(max_size=8), min_size=1, max_size=70), data=st.data())
def test_each_leaf_can_be_proven_at_its_place_and_nowhere_else(leaves: list[bytes], data: st.DataObject) -> None:
    """A proof holds for one leaf, index, size, path and root: changing any of them breaks it."""
    hashes = [leaf_hash(leaf) for leaf in leaves]
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, path = root_of(hashes), inclusion_path(hashes, index)
    assert is_included(hashes[index], index, len(leaves), path, root)
    assert not is_included(leaf_hash(leaves[index] + b"x"), index, len(leaves), path, root)
    assert not is_included(hashes[index], index, len(leaves), path, node_hash(root, root))
    assert not is_included(hashes[index], index, len(leaves), [*path, root], root)
    assert not is_included(hashes[index], -1, len(leaves), path, root)
    assert not is_included(hashes[index], len(leaves), len(leaves), path, root)
    if path:
        wrong = data.draw(st.integers(0, len(path) - 1))
        changed = [bytes([one[0] ^ 1]) + one[1:] if number == wrong else one for number, one in enumerate(path)]
        assert not is_included(hashes[index], index, len(leaves), changed, root)
        assert not is_included(hashes[index], index, len(leaves), path[:-1], root)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=70), st.sampled_from([1, 2, 4, 8, 16]))
def test_a_tree_over_the_roots_of_blocks_is_the_same_tree(leaves: list[bytes], block: int) -> None:
    """Closed boards are stored in blocks of a power of two."""
    hashes = [leaf_hash(leaf) for leaf in leaves]
    blocks = [hashes[start : start + block] for start in range(0, len(hashes), block)]
    roots = [root_of(one) for one in blocks]
    assert root_of(roots) == root_of(hashes)
    for index in range(len(hashes)):
        number = index // block
        assert inclusion_path(blocks[number], index % block) + inclusion_path(roots, number) == inclusion_path(
            hashes, index
        )
