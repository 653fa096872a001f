"""What leads from the end of a chain to a signed root: the leaf, its number, and a path."""

from uuid import UUID, uuid4

import pytest

from audit import merkle
from audit.blocks import read_block, write_leaf
from audit.checkpoints import sign_checkpoints
from audit.inclusion import find_inclusion
from audit.keys import load_checkpoint_keys
from audit.models import CheckpointHead
from tests.support.chains import grow

pytestmark = pytest.mark.django_db


def leads_to_root(player: UUID, upto: int) -> bool:
    found = find_inclusion(player, upto)
    assert found is not None
    assert (found.leaf.player, found.leaf.seq <= upto) == (player, True)
    block = read_block(found.block, load_checkpoint_keys())
    path = map(bytes.fromhex, found.path)
    root = merkle.follow_path(merkle.hash_leaf(write_leaf(found.leaf)), found.index, block.count, path)
    return root is not None and root.hex() == block.root


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_each_chain_of_a_block_is_proved(count: int) -> None:
    players = [uuid4() for _ in range(count)]
    for player in players:
        grow(player)
    sign_checkpoints()
    assert [leads_to_root(player, 1) for player in players] == [True] * count


def test_the_newest_block_that_covers_no_more_than_was_asked_for_proves_it() -> None:
    player = uuid4()
    head = grow(player)
    sign_checkpoints()
    grow(player, head)
    grow(uuid4())
    sign_checkpoints()
    assert (leads_to_root(player, 2), leads_to_root(player, 1)) == (True, True)
    numbers = [
        read_block(found.block, load_checkpoint_keys()).number
        for upto in (1, 2, 9)
        if (found := find_inclusion(player, upto))
    ]
    assert numbers == [1, 2, 2]


def test_what_no_block_covers_is_not_proved() -> None:
    player = uuid4()
    assert find_inclusion(player, 5) is None
    grow(player)
    assert find_inclusion(player, 1) is None
    assert not CheckpointHead.objects.exists()
