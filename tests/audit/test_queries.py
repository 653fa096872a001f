"""What several modules ask of the log, of a history with something of everything."""

from audit import chain, queries
from audit.blocks import hash_leaves, read_block
from audit.keys import load_checkpoint_keys
from scores.models import Score


def test_there_is_no_newest_checkpoint_in_an_empty_log(db: None) -> None:
    assert queries.newest_checkpoint() is None


def test_the_newest_checkpoint_is_signed_over_its_leaves(players: list[Score]) -> None:
    newest = queries.newest_checkpoint()
    assert newest is not None
    assert newest.number == 3
    for number in (1, 2, 3):
        leaves = list(queries.leaves_of(number))
        assert leaves == sorted(leaves, key=lambda leaf: leaf[0].bytes)
    block = read_block(newest.jws, load_checkpoint_keys())
    assert hash_leaves(block.version, queries.leaves_of(3)) == (block.count, block.root)


def test_a_stretch_of_a_chain_has_both_its_ends(players: list[Score]) -> None:
    ada = players[0].pk
    assert [(entry.player, entry.seq) for entry in queries.entries_between(ada, 2, 4)] == [(ada, 2), (ada, 3), (ada, 4)]


def test_the_records_of_the_system_chain_come_in_order(players: list[Score]) -> None:
    records = list(queries.system_records())
    assert [entry.action for entry in records] == ["daily-quiz", "bug-bounty", "bug-bounty"]
    assert {entry.player for entry in records} == {chain.SYSTEM_CHAIN}
