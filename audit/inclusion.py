"""What proves that a checkpoint covers a chain, to who holds no key: the leaf, its place and the path to the signed root."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from audit import merkle
from audit.blocks import Leaf, write_leaf
from audit.models import CheckpointHead
from audit.queries import leaves_of

#: Trees that are kept, of up to 50,000 leaves and 12 MB each: most ask for the newest.
KEPT = 2


@dataclass(frozen=True, slots=True)
class Inclusion:
    """The leaf of a chain, its number from 0 in the order of players, hashes in hex from the leaf up, and the block as it was signed."""

    leaf: Leaf
    index: int
    path: list[str]
    block: str


@dataclass(frozen=True, slots=True)
class _Tree:
    players: Sequence[UUID]
    rows: Sequence[Sequence[bytes]]


def find_inclusion(player: UUID, upto: int) -> Inclusion | None:
    """Find the newest checkpoint of version 2 with a leaf of this chain, of its first entries up to a number; None where there is none."""
    heads = CheckpointHead.objects.filter(player=player, seq__lte=upto).exclude(digest="").select_related("checkpoint")
    head = heads.order_by("-seq", "-checkpoint_id").first()
    return None if head is None else include(head)


def include(head: CheckpointHead) -> Inclusion:
    """Find place and path of a leaf that a checkpoint of version 2 has."""
    tree = _read_tree(head.checkpoint_id, head.checkpoint.jws)
    index = bisect_left(tree.players, head.player.bytes, key=lambda player: player.bytes)
    path = [sibling.hex() for sibling in merkle.find_path(tree.rows, index)]
    return Inclusion(Leaf(head.player, head.seq, head.mac, head.digest), index, path, head.checkpoint.jws)


@lru_cache(maxsize=KEPT)
def _read_tree(number: int, jws: str) -> _Tree:
    """The tree of a block; its text tells it from one that a recovery replaced."""
    leaves = list(leaves_of(number))
    return _Tree(
        [leaf.player for leaf in leaves], merkle.build_rows([merkle.hash_leaf(write_leaf(leaf)) for leaf in leaves])
    )
