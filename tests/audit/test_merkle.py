"""Merkle trees as RFC 9162 has them: its published trees, and every path of any tree leads to its root and to no other."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import build_rows, find_path, follow_path, hash_leaf, hash_tree
from tests.support.tree_vectors import EMPTY_ROOT, LEAVES, PATHS, ROOTS


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
    assert hash_tree(leaves).hex() == (EMPTY_ROOT, *ROOTS)[count]
    assert count == 0 or build_rows(leaves)[-1][0].hex() == ROOTS[count - 1]


@pytest.mark.parametrize(("index", "count"), PATHS)
def test_the_published_paths_lead_from_their_leaves_to_their_roots(index: int, count: int) -> None:
    leaves = [hash_leaf(bytes.fromhex(text)) for text in LEAVES[:count]]
    path = find_path(build_rows(leaves), index)
    assert tuple(sibling.hex() for sibling in path) == PATHS[index, count]
    assert follow_path(leaves[index], index, count, path) == bytes.fromhex(ROOTS[count - 1])


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
