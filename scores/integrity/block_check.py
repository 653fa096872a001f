"""What a checkpoint says, held against its signature and the path to its root, without the database; in the words of `sentences`."""

from collections.abc import Iterator, Sequence

from audit import merkle
from audit.blocks import Block, BlockInvalid, Leaf, read_block, read_kid, read_unverified, write_leaf
from audit.keys import CheckpointKeys
from audit.verification import CheckResult
from scores.integrity.sentences import say


def check_path(leaf: Leaf, index: int, path: Sequence[str], block: Block) -> CheckResult:
    """Check that a leaf is under the root of a block of version 2, at its place."""
    node = merkle.follow_path(merkle.hash_leaf(write_leaf(leaf)), index, block.count, map(bytes.fromhex, path))
    if node is None or node.hex() != block.root:
        return say(False, "path.broken", number=block.number)
    return say(True, "path.holds", index=index, count=block.count, number=block.number)


def check_signature(text: str, keys: CheckpointKeys | None) -> Iterator[CheckResult]:
    """Check who signed a block that has the form of one. `keys` are the reader's own, and so pinned."""
    block, kid = read_unverified(text), read_kid(text)
    if keys is None or kid not in keys.public:
        yield say(None, "signature.no_key", number=block.number, kid=kid)
        return
    try:
        read_block(text, keys)
    except BlockInvalid:
        yield say(False, "signature.broken", number=block.number, kid=kid)
        return
    yield say(True, "signature.holds", number=block.number, at=block.at, kid=kid)
    yield say(True, "key.pinned", kid=kid)
