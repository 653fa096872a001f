"""Merkle trees as RFC 9162 has them: its published trees, and every path of any tree leads to its root and to no other."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import build_rows, find_path, follow_path, hash_leaf, hash_tree

#: The leaves of the reference tree of Certificate Transparency (RFC 6962), and the roots of its first 0 to 8.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
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


def leaves_of(count: int) -> list[bytes]:
    return [hash_leaf(str(number).encode()) for number in range(count)]


def hash_by_the_book(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word: the left half is the largest power of two that is smaller."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + hash_by_the_book(leaves[:half]) + hash_by_the_book(leaves[half:])).digest()


@pytest.mark.parametrize("count", range(9))
def test_the_published_trees_have_their_roots(count: int) -> None:
    leaves = [hash_leaf(bytes.fromhex(text)) for text in LEAVES[:count]]
    assert hash_tree(leaves).hex() == ROOTS[count]
    assert count == 0 or build_rows(leaves)[-1][0].hex() == ROOTS[count]


def test_the_paths_of_the_example_are_those_of_the_rfc() -> None:
    """RFC 9162, section 2.1.5: seven leaves a to f and j, over g, h, i, then k, l, and the root."""
    a, b, c, d, e, f, j = leaves = leaves_of(7)
    (g, h, i, _), (k, l), _ = build_rows(leaves)[1:]  # noqa: E741 - the names of the RFC
    assert find_path(build_rows(leaves), 0) == [b, h, l]
    assert find_path(build_rows(leaves), 3) == [c, g, l]
    assert find_path(build_rows(leaves), 4) == [f, j, k]
    assert find_path(build_rows(leaves), 6) == [i, k]
    assert {a, d, e} <= set(leaves)


@given(st.integers(0, 200))
def test_the_root_is_that_of_the_definition(count: int) -> None:
    assert hash_tree(leaves_of(count)) == hash_by_the_book(leaves_of(count))


@given(st.integers(1, 130), st.data())
def test_each_path_leads_to_the_root_and_no_other_does(count: int, data: st.DataObject) -> None:
    leaves = leaves_of(count)
    root, index = hash_tree(leaves), data.draw(st.integers(0, count - 1))
    path = find_path(build_rows(leaves), index)
    assert follow_path(leaves[index], index, count, path) == root
    others = [
        (index + 1, count, path),
        (index - 1, count, path),
        (index, count, [*path, root]),
        (index, count, path[:-1] if path else [root]),
        (index, count, path[::-1] if path != path[::-1] else [*path, root]),
        *((index, count, [*path[:at], bytes(32), *path[at + 1 :]]) for at in range(len(path))),
    ]
    assert root not in [follow_path(leaves[index], *other) for other in others]


def test_a_place_outside_of_the_tree_leads_nowhere() -> None:
    leaf = hash_leaf(b"")
    assert [follow_path(leaf, index, count, []) for index, count in ((-1, 1), (1, 1), (0, 0), (0, -5))] == [None] * 4
    assert follow_path(leaf, 0, 1, []) == leaf
