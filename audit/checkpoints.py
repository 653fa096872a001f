"""Signs checkpoints over the chains that moved, and keeps a copy of each outside the database. Their format stands in `blocks`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from audit import blocks, clock
from audit.blocks import Block, BlockInvalid, Leaf, Statement, read_block
from audit.checkpoint_file import append_missing, read_last
from audit.digests import MovedChain, read_digests
from audit.fields import select_column
from audit.keys import CheckpointKeys, load_checkpoint_keys
from audit.models import AuditEntry, Checkpoint, CheckpointHead, CheckpointStatement
from audit.queries import newest_checkpoint
from audit.times import HOUR_US, SECOND_US

#: An arbitrary constant that names the advisory lock of those who sign.
SIGNING_LOCK = 0x5C0BE0A2E
#: A block without leaves is made when the last one is this old, so that a silent sealer is told from a quiet board.
HEARTBEAT_SECONDS = 3600
#: How far an entry's time may lie before the block that should have had it: long transactions, clocks set back.
OVERLAP_SECONDS = 600
#: Grouped first: a look at each entry for whether it is the last of its chain would cost many times as much.
MOVED = """
SELECT moved.player, coalesce(head.seq, 0), coalesce(head.digest, ''), moved.seq, {mac}
FROM (SELECT player, max(seq) AS seq FROM audit_auditentry WHERE at_us >= %s {behind} GROUP BY player) moved
JOIN audit_auditentry entry ON entry.player = moved.player AND entry.seq = moved.seq
LEFT JOIN audit_checkpointhead head ON head.id = (
    SELECT id FROM audit_checkpointhead signed
    WHERE signed.player = moved.player AND signed.seq <= moved.seq AND signed.digest <> ''
    ORDER BY signed.seq DESC, signed.checkpoint_id DESC LIMIT 1
)
WHERE head.seq IS NULL OR head.seq < moved.seq
ORDER BY moved.player LIMIT {limit}
"""
#: How many blocks are read at once to find those that the export lacks.
PAGE = 100

#: Finds up to so many statements that are due, in the transaction that signs them.
FindStatements = Callable[[int], Sequence[Statement]]


class SigningRefused(Exception):
    """No block can be made; the message says why and what to do."""


def find_none(_: int) -> Sequence[Statement]:
    """Nothing is to be stated."""
    return ()


def sign_checkpoints(find_statements: FindStatements = find_none) -> list[Checkpoint]:
    """Sign what moved since the last block and what is to be stated, in as many blocks as that takes; none without either or a heartbeat.

    Each block is committed and exported by itself, and another follows only a full one, so that this ends however busy the
    board is. Processes that sign at once wait for each other. What an earlier one committed and did not live to export is
    exported now. Raises SigningRefused when database and export do not fit together, ImproperlyConfigured when there is no private
    key, OSError when the export cannot be written.
    """
    keys = load_checkpoint_keys()
    made: list[Checkpoint] = []
    while True:
        with transaction.atomic():
            _lock()
            _check_export(keys)
            checkpoint = _sign_next(keys, find_statements, behind=_find_last_signed(made))
        export(keys)
        if checkpoint is None:
            return made
        made.append(checkpoint)
        if not read_block(checkpoint.jws, keys).is_full:
            return made


def begin_epoch(keys: CheckpointKeys) -> Checkpoint:
    """Sign the first block after a recovery, in the transaction of the caller, who exports after it. It replaces what the backup lost.

    Raises SigningRefused when the newest block, here or in the export, was changed.
    """
    _lock()
    epochs = [block.epoch for block in (_read_latest(keys), _read_exported(keys)) if block]
    checkpoint = _sign_next(keys, find_none, epoch=max(epochs, default=0) + 1)
    assert checkpoint is not None  # noqa: S101 - a new epoch always has a first block
    return checkpoint


def export(keys: CheckpointKeys) -> None:
    """Append to CHECKPOINT_EXPORT all blocks that it lacks, in order; several may do so at once. Raises OSError when that fails."""
    if settings.CHECKPOINT_EXPORT:
        append_missing(settings.CHECKPOINT_EXPORT, lambda last: _blocks_after(last, keys))


def _blocks_after(last: str, keys: CheckpointKeys) -> Iterable[str]:
    place = read_block(last, keys).place if last else (0, 0)
    missing = []
    for text in _read_newest_first():
        if read_block(text, keys).place <= place:
            break
        missing.append(text)
    return reversed(missing)


def _read_newest_first() -> Iterator[str]:
    """In pages by number: mostly the first is enough, and no transaction is open while they are looked at."""
    blocks = Checkpoint.objects.order_by("-number").values_list("number", "jws")
    page = list(blocks[:PAGE])
    while page:
        yield from (text for _, text in page)
        page = list(blocks.filter(number__lt=page[-1][0])[:PAGE])


def _check_export(keys: CheckpointKeys) -> None:
    exported, latest = _read_exported(keys), _read_latest(keys)
    if exported and (latest is None or exported.place > latest.place):
        raise SigningRefused(
            f"The database is behind the exported checkpoint {exported.number}: it was recovered from a backup, or blocks "
            "were removed. After a recovery, run manage.py restore_ledger; otherwise, manage.py verify_ledger --pinned."
        )


def _read_exported(keys: CheckpointKeys) -> Block | None:
    last = read_last(settings.CHECKPOINT_EXPORT) if settings.CHECKPOINT_EXPORT else ""
    try:
        return read_block(last, keys) if last else None
    except BlockInvalid as error:
        raise SigningRefused(
            f"The last line of {settings.CHECKPOINT_EXPORT} is no checkpoint of ours ({error})."
        ) from None


def _read_latest(keys: CheckpointKeys) -> Block | None:
    latest = newest_checkpoint()
    try:
        return read_block(latest.jws, keys) if latest else None
    except BlockInvalid as error:
        raise SigningRefused(f"The last checkpoint was changed ({error}): run manage.py verify_ledger.") from None


def _sign_next(
    keys: CheckpointKeys, find_statements: FindStatements, *, epoch: int = 0, behind: UUID | None = None
) -> Checkpoint | None:
    """One more block: of a new epoch where one is given, else only where there is something to sign or a heartbeat is due."""
    if keys.private is None:
        raise ImproperlyConfigured('CHECKPOINT_KEY_FILE holds no "private" key, without which nothing can be signed.')
    previous = newest_checkpoint()
    before = _read_latest(keys)
    now_us = clock.read_us()
    leaves = _read_leaves(before, now_us, behind)
    # What is stated rests on entries that are signed: these, or earlier ones.
    statements = sorted(find_statements(blocks.MAXIMUM_STATEMENTS)) if len(leaves) < blocks.MAXIMUM_LEAVES else []
    is_recent = before is not None and now_us - before.at_us < HEARTBEAT_SECONDS * SECOND_US
    if not leaves and not statements and not epoch and is_recent:
        return None
    count, root = blocks.hash_leaves(blocks.VERSION, leaves)
    block = Block(
        version=blocks.VERSION,
        number=(before.number if before else 0) + 1,
        epoch=epoch or (before.epoch if before else 1),
        prev=blocks.hash_text(previous.jws) if previous else "",
        at_us=now_us,
        count=count,
        root=root,
        statements=tuple(statements),
    )
    return _store(block, blocks.sign(block, keys), leaves)


def _store(block: Block, jws: str, leaves: Sequence[Leaf]) -> Checkpoint:
    checkpoint = Checkpoint.objects.create(number=block.number, jws=jws)
    CheckpointHead.objects.bulk_create(
        [CheckpointHead(checkpoint=checkpoint, **leaf._asdict()) for leaf in leaves], batch_size=5000
    )
    CheckpointStatement.objects.bulk_create(
        CheckpointStatement(checkpoint=checkpoint, **asdict(statement)) for statement in block.statements
    )
    return checkpoint


def _read_leaves(before: Block | None, now_us: int, behind: UUID | None) -> list[Leaf]:
    """Ends of chains that no leaf with a digest covers yet, by player, each with its digest."""
    moved = _find_moved(before, now_us, behind)
    digests = dict(read_digests([chain for chain, _ in moved]))
    return [Leaf(chain.player, chain.seq, mac, digests[chain.player]) for chain, mac in moved]


def _find_moved(before: Block | None, now_us: int, behind: UUID | None) -> list[tuple[MovedChain, str]]:
    """The chains that moved, behind that of a player where one is given, each with the MAC of its end.

    Once an hour, after a full block and after one of version 1 all entries are looked at, else the latest ones.
    """
    since_us = 0
    if before and not before.is_full and before.version > 1 and before.at_us // HOUR_US == now_us // HOUR_US:
        since_us = before.at_us - OVERLAP_SECONDS * SECOND_US
    parameters: list[Any] = [since_us]
    if behind is not None:
        parameters.append(AuditEntry._meta.get_field("player").get_db_prep_value(behind, connection))
    mac = select_column(AuditEntry._meta.get_field("mac"), "entry", connection.vendor)
    behind_it = "" if behind is None else "AND player > %s"
    statement = MOVED.format(mac=mac, behind=behind_it, limit=blocks.MAXIMUM_LEAVES)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    return [
        (MovedChain(player if isinstance(player, UUID) else UUID(player), after, digest, seq), mac)
        for player, after, digest, seq, mac in rows
    ]


def _find_last_signed(made: Sequence[Checkpoint]) -> UUID | None:
    """Behind which chain to go on: that of the last leaf of a block that was full of them."""
    if not made:
        return None
    leaves = CheckpointHead.objects.filter(checkpoint=made[-1]).order_by("player").values_list("player", flat=True)
    return next(iter(leaves[blocks.MAXIMUM_LEAVES - 1 : blocks.MAXIMUM_LEAVES]), None)


def _lock() -> None:
    """One signer at a time, until the end of the transaction (which on SQLite is the only one anyway)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SIGNING_LOCK])
