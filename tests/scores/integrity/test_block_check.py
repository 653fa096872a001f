"""A block held against its path and its signature."""

from dataclasses import replace
from uuid import UUID

import pytest

from audit import merkle
from audit.blocks import Block, Leaf, hash_leaves, sign, write_leaf
from audit.keys import CheckpointKeys, load_checkpoint_keys
from scores.integrity.block_check import check_path, check_signature

LEAVES = [Leaf(UUID(int=number), number, f"{number:064x}", "d" * 64) for number in range(1, 6)]
BLOCK = Block(2, 4, 1, "", 1_795_780_800_000_000, *hash_leaves(2, LEAVES))
ROWS = merkle.build_rows([merkle.hash_leaf(write_leaf(leaf)) for leaf in LEAVES])


@pytest.fixture
def keys() -> CheckpointKeys:
    return load_checkpoint_keys()


@pytest.mark.parametrize("index", range(5))
def test_a_path_holds_at_its_own_place_alone(index: int) -> None:
    path = [text.hex() for text in merkle.find_path(ROWS, index)]
    holds = [check_path(LEAVES[index], place, path, BLOCK).holds for place in range(5)]
    assert holds == [place == index for place in range(5)]
    assert check_path(LEAVES[index]._replace(seq=99), index, path, BLOCK).sentence == (
        "The path does not lead from the leaf to the root of checkpoint 4."
    )


def test_a_signature_is_held_against_the_readers_key_or_stays_open(keys: CheckpointKeys) -> None:
    text = sign(BLOCK, keys)
    assert [result.holds for result in check_signature(text, keys)] == [True, True]
    assert [result.holds for result in check_signature(text, None)] == [None]
    changed = text.rpartition(".")[0] + "." + sign(replace(BLOCK, number=5), keys).rpartition(".")[2]
    assert [result.holds for result in check_signature(changed, keys)] == [False]
