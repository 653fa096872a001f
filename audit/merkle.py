"""Merkle trees of RFC 9162, section 2.1, with SHA-256: what one signature over many leaves takes to prove each of them alone. Pure."""

import hashlib
from collections.abc import Iterable, Sequence

#: What keeps the hash of a leaf from being that of a node.
LEAF, NODE = b"\x00", b"\x01"


def hash_leaf(leaf: bytes) -> bytes:
    """Compute the hash of a leaf (section 2.1.1)."""
    return hashlib.sha256(LEAF + leaf).digest()


def hash_tree(leaves: Iterable[bytes]) -> bytes:
    """Compute the root over the hashes of leaves (section 2.1.1), in the memory of one path."""
    full: list[tuple[int, bytes]] = []  # trees whose leaves are a power of two, each smaller than the one before it
    for leaf in leaves:
        size, node = 1, leaf
        while full and full[-1][0] == size:
            node = _join(full.pop()[1], node)
            size *= 2
        full.append((size, node))
    if not full:
        return hashlib.sha256().digest()
    _, root = full.pop()
    while full:
        root = _join(full.pop()[1], root)
    return root


def build_rows(leaves: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Compute all rows of a tree from the hashes of its leaves up to its root. Who has no sibling rises as it is."""
    rows = [leaves]
    while len(row := rows[-1]) > 1:
        pairs = [_join(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
        rows.append(pairs if len(row) % 2 == 0 else [*pairs, row[-1]])
    return rows


def find_path(rows: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """Find the inclusion path of a leaf in the rows of a tree, from the leaf up (section 2.1.3.1)."""
    path = []
    for row in rows[:-1]:
        if (sibling := index ^ 1) < len(row):
            path.append(row[sibling])
        index //= 2
    return path


def follow_path(leaf: bytes, index: int, count: int, path: Iterable[bytes]) -> bytes | None:
    """Compute the root that a path leads to from the hash of a leaf (section 2.1.3.2); None where the path is not one of such a tree."""
    last, node = count - 1, leaf
    if not 0 <= index <= last:
        return None
    for sibling in path:
        if not last:
            return None
        if index % 2 or index == last:
            node = _join(sibling, node)
            while not index % 2 and index:
                index, last = index // 2, last // 2
        else:
            node = _join(node, sibling)
        index, last = index // 2, last // 2
    return None if last else node


def _join(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()
