"""The second implementation agrees with what is published, and its two ways of making a tree with the definition."""

import base64
import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.proof_checker import ProofChecker, proof_checker
from tests.support.signature_vectors import (
    RFC_8032,
    RFC_8037_HEADER,
    RFC_8037_JWS,
    RFC_8037_PAYLOAD,
    RFC_8037_PUBLIC,
    RFC_8037_SECRET,
    Ed25519Vector,
)
from tests.support.tree_vectors import EMPTY_ROOT, LEAVES, PATHS, ROOTS, SEVEN_LEAVES, SEVEN_NODES, SEVEN_PATHS

pytestmark = pytest.mark.any_database


@pytest.fixture(scope="module")
def second() -> Iterator[ProofChecker]:
    with proof_checker() as checker:
        yield checker


def hash_leaf(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\0" + leaf).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def hash_tree(leaves: list[bytes]) -> bytes:
    """The definition of RFC 9162, section 2.1.1."""
    if len(leaves) < 2:
        return hash_leaf(leaves[0]) if leaves else hashlib.sha256().digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hash_node(hash_tree(leaves[:split]), hash_tree(leaves[split:]))


def find_path(leaves: list[bytes], index: int) -> list[bytes]:
    """The definition of RFC 9162, section 2.1.3.1."""
    if len(leaves) < 2:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return [*find_path(leaves[:split], index), hash_tree(leaves[split:])]
    return [*find_path(leaves[split:], index - split), hash_tree(leaves[:split])]


def to_base64url(text: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(text)).decode().rstrip("=")


@pytest.mark.parametrize("count", range(1, 9))
def test_the_root_of_the_reference_tree_is_the_published_one(second: ProofChecker, count: int) -> None:
    assert second.make("root", leaves=LEAVES[:count], encoding="hex") == ROOTS[count - 1]


def test_the_root_of_no_leaf_is_the_hash_of_nothing(second: ProofChecker) -> None:
    assert second.make("root", leaves=[]) == EMPTY_ROOT


@pytest.mark.parametrize(("index", "count"), PATHS)
def test_a_path_of_the_reference_tree_is_the_published_one(second: ProofChecker, index: int, count: int) -> None:
    path = PATHS[index, count]
    assert second.make("path", leaves=LEAVES[:count], index=index, encoding="hex") == list(path)
    way = {"leaf": LEAVES[index], "index": index, "count": count, "path": path, "encoding": "hex"}
    assert second.holds("path", **way, root=ROOTS[count - 1])
    assert not second.holds("path", **way, root=ROOTS[count - 2])


@pytest.mark.parametrize("index", SEVEN_PATHS)
def test_seven_leaves_have_the_paths_of_the_example(second: ProofChecker, index: int) -> None:
    leaves = [f"d{number}" for number in range(7)]
    nodes = {name: hash_leaf(leaf.encode()) for name, leaf in zip(SEVEN_LEAVES, leaves, strict=True)}
    for name, parts in SEVEN_NODES.items():
        nodes[name] = hash_node(nodes[parts[0]], nodes[parts[1]])
    assert second.make("root", leaves=leaves) == nodes["root"].hex()
    assert second.make("path", leaves=leaves, index=index) == [nodes[name].hex() for name in SEVEN_PATHS[index]]


@given(leaves=st.lists(st.binary(max_size=40), max_size=70, unique=True), data=st.data())
@settings(max_examples=60, deadline=None)
def test_random_trees_are_as_defined_and_changed_paths_lead_elsewhere(
    second: ProofChecker, leaves: list[bytes], data: st.DataObject
) -> None:
    texts = [leaf.hex() for leaf in leaves]
    root = hash_tree(leaves).hex()
    assert second.make("root", leaves=texts, encoding="hex") == root
    if not leaves:
        return
    index = data.draw(st.integers(0, len(leaves) - 1), label="index")
    path = second.make("path", leaves=texts, index=index, encoding="hex")
    assert path == [each.hex() for each in find_path(leaves, index)]

    def leads(*, index: int = index, count: int = len(leaves), path: list[str] = path) -> bool:
        return second.holds("path", leaf=leaf, encoding="hex", index=index, count=count, path=path, root=root)

    leaf = texts[index]
    assert leads()
    assert not any(leads(index=other) for other in range(len(leaves) + 2) if other != index)
    assert not any(leads(count=other) for other in range(index + 1))
    assert not leads(path=[*path, root])
    assert not leads(path=[root, *path])
    assert not any(leads(path=path[:cut] + path[cut + 1 :]) for cut in range(len(path)))
    assert not any(leads(path=[*path[:cut], root, *path[cut + 1 :]]) for cut in range(len(path)))
    assert not any(leads(path=[*path[:cut], path[cut], *path[cut:]]) for cut in range(len(path)))
    swapped = [[*path[:cut], path[cut + 1], path[cut], *path[cut + 2 :]] for cut in range(len(path) - 1)]
    assert not any(leads(path=other) for other in swapped if other != path)


@pytest.mark.parametrize("count", range(1, 71))
def test_a_path_is_of_a_length_that_its_place_in_the_tree_asks_for(second: ProofChecker, count: int) -> None:
    leaves = [bytes([number]) for number in range(count)]
    root = hash_tree(leaves).hex()
    for index, leaf in enumerate(leaves):
        path = [each.hex() for each in find_path(leaves, index)]
        way = {"leaf": leaf.hex(), "encoding": "hex", "index": index, "root": root}
        assert second.holds("path", **way, count=count, path=path)
        assert not second.holds("path", **way, count=count, path=[*path, root])
        assert not second.holds("path", **way, count=index, path=path)


@pytest.mark.parametrize("vector", RFC_8032, ids=lambda vector: vector.name)
def test_a_signature_is_the_published_one(second: ProofChecker, vector: Ed25519Vector) -> None:
    x, d = to_base64url(vector.public), to_base64url(vector.secret)
    assert second.make("signature", x=x, d=d, message=vector.message) == vector.signature
    assert second.holds("signature", x=x, message=vector.message, signature=vector.signature)
    assert not second.holds("signature", x=x, message=vector.message + "00", signature=vector.signature)
    other = vector.signature[:-2] + "0f"
    assert not second.holds("signature", x=x, message=vector.message, signature=other)


def test_the_signed_text_of_rfc_8037_is_the_published_one(second: ProofChecker) -> None:
    signed, _, signature = RFC_8037_JWS.rpartition(".")
    parts = [to_base64url(text.encode().hex()) for text in (RFC_8037_HEADER, RFC_8037_PAYLOAD)]
    assert signed == ".".join(parts)
    made = second.make("signature", x=RFC_8037_PUBLIC, d=RFC_8037_SECRET, message=signed.encode().hex())
    assert to_base64url(made) == signature
    assert second.holds("signature", x=RFC_8037_PUBLIC, message=signed.encode().hex(), signature=made)
    assert to_base64url(RFC_8032[0].public) == RFC_8037_PUBLIC


def test_the_digests_of_a_chain_begin_with_zeros(second: ProofChecker) -> None:
    first = hashlib.sha256(bytes(32) + b"one").digest()
    second_one = hashlib.sha256(first + b"two").digest()
    assert second.make("digests", entries=["one", "two"]) == [first.hex(), second_one.hex()]
