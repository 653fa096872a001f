"""Checkpoints of version 1, as servers of before signed them: written here once more."""

import hashlib
import json
from collections.abc import Iterable

from audit.blocks import Leaf, hash_text
from audit.keys import CheckpointKeys, encode_base64url, load_checkpoint_keys
from audit.models import AuditEntry, Checkpoint, CheckpointHead


def sign_version_1(
    keys: CheckpointKeys, leaves: Iterable[Leaf], *, number: int, prev: str, at: str, epoch: int = 1
) -> str:
    """A block over these leaves, in the order of their players."""
    lines = [f"{leaf.player} {leaf.seq} {leaf.mac}\n" for leaf in leaves]
    header = {"alg": "EdDSA", "kid": keys.current, "typ": "scoreboard-checkpoint+jwt"}
    payload = {
        "v": "scoreboard.checkpoint.v1",
        "number": number,
        "epoch": epoch,
        "prev": prev,
        "at": at,
        "count": len(lines),
        "root": hashlib.sha256("".join(lines).encode()).hexdigest(),
    }
    parts = (json.dumps(part, sort_keys=True, separators=(",", ":")).encode() for part in (header, payload))
    signed = ".".join(map(encode_base64url, parts))
    assert keys.private is not None
    return f"{signed}.{encode_base64url(keys.private.sign(signed.encode()))}"


def sign_all_as_before(at: str = "2026-01-01T00:00:00.000000Z") -> Checkpoint:
    """One more block of version 1, over the end of every chain."""
    ends: dict[object, AuditEntry] = {}
    for entry in AuditEntry.objects.order_by("player", "seq"):
        ends[entry.player] = entry
    leaves = [Leaf(entry.player, entry.seq, entry.mac, "") for entry in ends.values()]
    last = Checkpoint.objects.order_by("-number").first()
    number, prev = (last.number + 1, hash_text(last.jws)) if last else (1, "")
    text = sign_version_1(load_checkpoint_keys(), leaves, number=number, prev=prev, at=at)
    checkpoint = Checkpoint.objects.create(number=number, jws=text)
    for leaf in leaves:
        CheckpointHead.objects.create(checkpoint=checkpoint, **leaf._asdict())
    return checkpoint
