"""Checkpoints against each other, their leaves and a copy from outside the database."""

from collections.abc import Iterable, Iterator
from itertools import starmap

from audit.blocks import Block, BlockInvalid, Statement, hash_leaves, hash_text, read_block
from audit.keys import CheckpointKeys
from audit.models import Checkpoint, CheckpointHead, CheckpointStatement
from audit.queries import CHUNK, leaves_of
from audit.verification import Finding

RULE = "checkpoint"


def check_blocks(keys: CheckpointKeys) -> Iterator[Finding]:
    """Check every block: its signature, its place, the block before it, and its leaves."""
    last, before, previous = 0, None, ""
    for number, jws in Checkpoint.objects.order_by("number").values_list("number", "jws").iterator(CHUNK):
        if number != last + 1:
            yield Finding(RULE, f"checkpoint {last + 1} is missing")
        try:
            block = read_block(jws, keys)
            yield from _check_block(number, block, before, previous)
            before = block
        except BlockInvalid as error:
            yield Finding(RULE, f"the {error} of checkpoint {number} does not hold")
        last, previous = number, jws
    for model, what in ((CheckpointHead, "leaves"), (CheckpointStatement, "statements")):
        orphans = model.objects.exclude(checkpoint_id__in=Checkpoint.objects.values("number"))
        for number in orphans.order_by("checkpoint_id").values_list("checkpoint_id", flat=True).distinct():
            yield Finding(RULE, f"there are {what} of checkpoint {number}, which is missing")


def _check_block(number: int, block: Block, before: Block | None, previous: str) -> Iterator[Finding]:
    if block.number != number:
        yield Finding(RULE, f"checkpoint {number} was signed as checkpoint {block.number}")
    if block.prev != (hash_text(previous) if previous else ""):
        yield Finding(RULE, f"checkpoint {number} does not follow the one before it")
    if before is not None and (block.epoch < before.epoch or block.at_us < before.at_us):
        yield Finding(RULE, f"checkpoint {number} is of an earlier epoch or time than the one before it")
    if before is not None and block.version < before.version:
        yield Finding(RULE, f"checkpoint {number} is of an earlier version than the one before it")
    if (block.count, block.root) != hash_leaves(block.version, leaves_of(number)):
        yield Finding(RULE, f"the leaves of checkpoint {number} are not the ones it signed")
    stored = CheckpointStatement.objects.filter(checkpoint=number)
    if sorted(starmap(Statement, stored.values_list(*Statement.__slots__))) != list(block.statements):
        yield Finding(RULE, f"the statements of checkpoint {number} are not the ones it signed")


def check_pinned(keys: CheckpointKeys, pinned: Iterable[str]) -> Iterator[Finding]:
    """Check that every exported block is still in the database, unless a later epoch, begun by a recovery, replaced it."""
    newest = _newest_block(keys)
    behind: Block | None = None
    for line, jws in enumerate(pinned, start=1):
        try:
            block = read_block(jws, keys)
        except BlockInvalid as error:
            yield Finding("pinned", f"line {line} is no checkpoint of ours: its {error} does not hold")
            continue
        if newest is None or block.place > newest.place:
            behind = block if behind is None or block.place > behind.place else behind
            continue
        stored = Checkpoint.objects.filter(number=block.number).first()
        if stored is not None and stored.jws == jws:
            continue
        if not _is_replaced(block, stored, newest, keys):
            yield Finding("pinned", f"checkpoint {block.number} is not the one that was exported (line {line})")
    if behind is not None:
        ends = f"ends at checkpoint {newest.number} of epoch {newest.epoch}" if newest else "has none"
        yield Finding(
            "pinned",
            f"the database is behind the exported checkpoint {behind.number} of epoch {behind.epoch}: it {ends}. "
            "If it was recovered from a backup, run manage.py restore_ledger.",
        )


def _newest_block(keys: CheckpointKeys) -> Block | None:
    for checkpoint in Checkpoint.objects.order_by("-number").iterator(CHUNK):
        try:
            return read_block(checkpoint.jws, keys)
        except BlockInvalid:
            continue
    return None


def _is_replaced(block: Block, stored: Checkpoint | None, newest: Block, keys: CheckpointKeys) -> bool:
    """Whether a later epoch, which only the holder of the key can begin, used this number again or began before it."""
    if newest.epoch <= block.epoch:
        return False
    if stored is None:
        return newest.number < block.number
    try:
        return read_block(stored.jws, keys).epoch > block.epoch
    except BlockInvalid:
        return False
