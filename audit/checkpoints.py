"""Checkpoints: signed blocks over the chains that moved, chained to each other, a copy of each outside the database.

A block is a compact JWS (RFC 7515) signed with Ed25519. Its header is exactly
`{"alg":"EdDSA","kid":KID,"typ":"scoreboard-checkpoint+jwt"}`, its payload, both as JSON with sorted keys and without spaces:

    v       scoreboard.checkpoint.v1
    number  1, 2, 3, ... in the database without gaps
    epoch   1; each recovery from a backup begins the next one and numbers on from where the backup ends,
            so that a block is told by (epoch, number), and a later epoch replaces the numbers it uses again
    prev    SHA-256 of the text of the block before, in hex; empty in the first
    at      time of signing by the log's clock, RFC 3339
    count   how many leaves
    root    SHA-256 in hex over the leaves, a line `PLAYER SEQ MAC` each, ordered by player
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from audit import clock, jws
from audit.checkpoint_file import append_missing, read_last
from audit.keys import CheckpointKeys, encode_base64url, load_checkpoint_keys
from audit.models import AuditEntry, Checkpoint, CheckpointHead
from audit.queries import newest_checkpoint
from audit.times import SECOND_US, format_time, to_moment, to_us

VERSION = "scoreboard.checkpoint.v1"
TYPE = "scoreboard-checkpoint+jwt"
#: An arbitrary constant that names the advisory lock of those who sign.
SIGNING_LOCK = 0x5C0BE0A2E
#: A block without leaves is made when the last one is this old, so that a silent sealer is told from a quiet board.
HEARTBEAT_SECONDS = 3600
#: How far an entry's time may lie before the block that should have had it: long transactions, clocks set back.
OVERLAP_SECONDS = 600
MAXIMUM_LEAVES = 50_000
#: How many blocks are read at once to find those that the export lacks.
PAGE = 100


class SigningRefused(Exception):
    """No block can be made; the message says why and what to do."""


class BlockInvalid(Exception):
    """This text is no block of ours."""


@dataclass(frozen=True, slots=True)
class Block:
    """What a checkpoint's signature covers."""

    v: str
    number: int
    epoch: int
    prev: str
    at: str
    count: int
    root: str

    @property
    def place(self) -> tuple[int, int]:
        """What orders blocks across recoveries."""
        return self.epoch, self.number

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)

    @property
    def is_full(self) -> bool:
        """Whether more chains may have moved than it has room for."""
        return self.count >= MAXIMUM_LEAVES

    @property
    def age_seconds(self) -> float:
        return (datetime.now(UTC) - self.moment).total_seconds()


def read_block(text: str, keys: CheckpointKeys) -> Block:
    """Read a block and check its signature. Raises BlockInvalid, which names the rule it breaks."""
    try:
        parts = jws.split(text)
        kid = json.loads(parts.header)["kid"]
        if parts.header != _encode({"alg": "EdDSA", "kid": kid, "typ": TYPE}):
            raise BlockInvalid("header")
        jws.verify(text, keys.public[kid])
        block = Block(**json.loads(parts.payload))
    except KeyError:
        raise BlockInvalid("key id") from None
    except InvalidSignature:
        raise BlockInvalid("signature") from None
    except (ValueError, TypeError):
        raise BlockInvalid("form") from None
    if block.v != VERSION:
        raise BlockInvalid("version")
    return block


def read_unverified(text: str) -> Block:
    """Read what a block says of itself, whoever signed it. Raises BlockInvalid when it has not the form of one."""
    try:
        block = Block(**jws.read_unverified(text).payload)
        if not all(type(value) is int for value in (block.number, block.epoch, block.count)):
            raise BlockInvalid("form")
    except TypeError:
        raise BlockInvalid("form") from None
    return block


def read_kid(text: str) -> str:
    """Return the id of the key that a block says it is signed with; empty where it names none."""
    header = jws.read_unverified(text).header
    return str(header.get("kid", "")) if isinstance(header, dict) else ""


def hash_text(text: str) -> str:
    """Return what the `prev` of the next block is."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def hash_leaves(leaves: Iterable[tuple[UUID, int, str]]) -> tuple[int, str]:
    """Return `count` and `root` of leaves, which come in the order of their players."""
    digest, count = hashlib.sha256(), 0
    for player, seq, mac in leaves:
        digest.update(f"{player} {seq} {mac}\n".encode())
        count += 1
    return count, digest.hexdigest()


def sign_checkpoints() -> list[Checkpoint]:
    """Sign what moved since the last block, as many blocks as that takes; none where nothing did and no heartbeat is due.

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
            checkpoint = _sign_next(keys, epoch=0)
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
    checkpoint = _sign_next(keys, epoch=max(epochs, default=0) + 1)
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


def _sign_next(keys: CheckpointKeys, *, epoch: int) -> Checkpoint | None:
    """One more block: of a new epoch where one is given, else only where something moved or a heartbeat is due."""
    if keys.private is None:
        raise ImproperlyConfigured('CHECKPOINT_KEY_FILE holds no "private" key, without which nothing can be signed.')
    previous = newest_checkpoint()
    before = _read_latest(keys)
    now = to_moment(clock.read_us())
    leaves = _find_moved(before, now)
    is_recent = before is not None and (now - before.moment).total_seconds() < HEARTBEAT_SECONDS
    if not leaves and not epoch and is_recent:
        return None
    count, root = hash_leaves(leaves)
    block = Block(
        v=VERSION,
        number=(before.number if before else 0) + 1,
        epoch=epoch or (before.epoch if before else 1),
        prev=hash_text(previous.jws) if previous else "",
        at=format_time(now),
        count=count,
        root=root,
    )
    checkpoint = Checkpoint.objects.create(number=block.number, jws=_sign(block, keys))
    CheckpointHead.objects.bulk_create(
        [CheckpointHead(checkpoint=checkpoint, player=player, seq=seq, mac=mac) for player, seq, mac in leaves],
        batch_size=5000,
    )
    return checkpoint


def _find_moved(before: Block | None, now: datetime) -> list[tuple[UUID, int, str]]:
    """Heads that no leaf has yet, by player. Once an hour and after a full block all entries are looked at, else the latest ones."""
    later = AuditEntry.objects.filter(player=OuterRef("player"), seq__gt=OuterRef("seq"))
    leaf = CheckpointHead.objects.filter(player=OuterRef("player"), seq=OuterRef("seq"), mac=OuterRef("mac"))
    entries = AuditEntry.objects.filter(~Exists(later), ~Exists(leaf))
    if before and not before.is_full and _begin_of_hour(before.moment) == _begin_of_hour(now):
        entries = entries.filter(at_us__gte=to_us(before.moment) - OVERLAP_SECONDS * SECOND_US)
    return list(entries.order_by("player").values_list("player", "seq", "mac")[:MAXIMUM_LEAVES])


def _begin_of_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _lock() -> None:
    """One signer at a time, until the end of the transaction (which on SQLite is the only one anyway)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SIGNING_LOCK])


def _sign(block: Block, keys: CheckpointKeys) -> str:
    assert keys.private is not None  # noqa: S101 - checked by the caller
    header = {"alg": "EdDSA", "kid": keys.current, "typ": TYPE}
    signed = f"{encode_base64url(_encode(header))}.{encode_base64url(_encode(asdict(block)))}"
    return f"{signed}.{encode_base64url(keys.private.sign(signed.encode('ascii')))}"


def _encode(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode("ascii")
