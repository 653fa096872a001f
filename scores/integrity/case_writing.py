"""Writes a player's case: everything the log holds of one player, in one file (`case`).

It is JSON, one entry a line, written in constant memory but for the hashes of statements. No transaction holds it together: all of
it only ever grows, and what is read later knows what was read before.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from audit import jws
from audit.entry_check import read_receipt
from audit.entry_export import describe
from audit.inclusion import include
from audit.keys import encode_base64url, load_keyring
from audit.models import AuditEntry, CheckpointHead
from audit.queries import entries_between, leaves_of, system_records
from audit.times import format_time
from audit.verification import ERASURE
from scores.integrity.case import (
    PARTS,
    VERSION,
    VERSION_WITH_STATEMENTS,
    CaseMac,
    CheckpointDocument,
    DigestedDocument,
    ScoreDocument,
)
from scores.models import Score
from scores.receipts.evidence import find_stored_statement
from scores.receipts.issuers import IssuerDocument, registry

PAGE = 1000
#: The root of a block of version 1 is one hash over all its leaves, so proving one takes all; a path of one of version 2 takes to
#: read all. The newest block is always proved; older ones as long as all together have no more leaves than this.
MAXIMUM_LEAVES = 100_000
MAXIMUM_BLOCKS = 1000
PROVES = {
    "entries": "With the ledger key: each entry is what the server sealed, nothing between them was added, removed or changed. "
    "Whoever holds that key could have forged them. Without it only that they fit together.",
    "receipts": "With the issuer's public key: the backend named there signed that this player did this, for these points. "
    "The keys in this file are the server's own; compare with the issuer's (--issuers).",
    "checkpoints": "With the public checkpoint key: its holder signed, at the time said there, that this chain ended with this MAC; "
    "with a copy kept elsewhere (--pinned), that it was published then. Nobody can have made or changed what came before "
    "since then unless its MACs stayed the same, which takes the ledger key to see.",
    "seal": "With the ledger key: this file is as a holder of that key wrote it, the name of the player included.",
    "nothing": "That these are all entries up to now: those after the last checkpoint may have been cut off, or come later.",
}


def write_case(score: Score) -> Iterator[str]:
    """Write the file, text by text, of this player as `score` was read. Raises ImproperlyConfigured when there are no ledger keys."""
    contexts = AuditEntry.objects.filter(player=score.pk, seq__lte=score.seq, context__has_key="statement")
    version = VERSION_WITH_STATEMENTS if contexts.exists() else VERSION
    writer = _Writer(version)
    yield from writer.write("format", version)
    about = {"player": str(score.pk), "made_at": format_time(datetime.now(UTC)), "proves": PROVES}
    yield from writer.write("about", about)
    yield from writer.write("score", describe_score(score))
    kids: set[str] = set()
    statements: set[str] = set()
    yield from writer.write_list("entries", _read_entries(score.pk, score.seq, kids, statements))
    erasures = system_records().filter(action=f"{ERASURE}{score.pk}")
    yield from writer.write_list("erasures", map(describe, erasures))
    if version == VERSION_WITH_STATEMENTS:
        yield from writer.write_list("statements", _read_statements(statements, kids))
    yield from writer.write("issuers", _describe_issuers(kids))
    yield from writer.write_list("checkpoints", _read_checkpoints(score.pk, score.seq))
    yield from writer.finish()


def describe_score(score: Score) -> ScoreDocument:
    reached_at = format_time(score.reached_at) if score.reached_at else None
    return {
        "id": str(score.pk), "name": score.name, "points": score.points, "reached_at": reached_at, "seq": score.seq,
        "head": score.head, "frozen": score.frozen,
    }  # fmt: skip


class _Writer:
    def __init__(self, version: str) -> None:
        keyring = load_keyring()
        self._kid = keyring.current
        self._mac = CaseMac(keyring.keys[keyring.current], version)

    def write(self, part: str, item: Any) -> Iterator[str]:
        self._mac.add(part, item)
        yield f"{'{' if part == PARTS[0] else ','}\n{json.dumps(part)}: {json.dumps(item)}"

    def write_list(self, part: str, items: Iterable[Any]) -> Iterator[str]:
        yield f",\n{json.dumps(part)}: ["
        separator = "\n"
        for item in items:
            self._mac.add(part, item)
            yield f"{separator}{json.dumps(item)}"
            separator = ",\n"
        yield "]"

    def finish(self) -> Iterator[str]:
        yield f',\n"seal": {json.dumps({"kid": self._kid, "mac": self._mac.hexdigest()})}\n}}\n'


def _read_entries(player: UUID, last: int, kids: set[str], statements: set[str]) -> Iterator[dict[str, object]]:
    """The chain up to where the score was read, in pages; gathers the keys of the receipts and the statements on the way."""
    for first in range(1, last + 1, PAGE):
        for entry in entries_between(player, first, min(first + PAGE - 1, last)):
            if receipt := read_receipt(entry.context):
                _add_kid(kids, receipt.header)
            if isinstance(entry.context, dict) and isinstance(entry.context.get("statement"), str):
                statements.add(entry.context["statement"])
            yield describe(entry)


def _read_statements(hashes: Iterable[str], kids: set[str]) -> Iterator[str]:
    """What the awards rest on that were signed together, as far as it is there; gathers their keys on the way."""
    for sha256 in sorted(hashes):
        if text := find_stored_statement(sha256):
            _add_kid(kids, jws.read_unverified(text).header)
            yield text


def _add_kid(kids: set[str], header: Any) -> None:
    if isinstance(header, dict) and isinstance(header.get("kid"), str):
        kids.add(header["kid"])


def _describe_issuers(kids: Iterable[str]) -> dict[str, IssuerDocument]:
    """The public keys that the receipts were signed with, in the form of RECEIPT_ISSUERS_FILE."""
    known = registry(settings.RECEIPT_ISSUERS_FILE)
    issuers: dict[str, IssuerDocument] = {}
    for kid in sorted(kids):
        if issuer := known.find(kid):
            keys = issuers.setdefault(issuer.name, {"keys": {}, "actions": {}})["keys"]
            keys[kid] = encode_base64url(issuer.keys[kid].public_bytes_raw())
    return issuers


def _read_checkpoints(player: UUID, last: int) -> Iterator[CheckpointDocument | DigestedDocument]:
    """The newest blocks with a leaf of this chain, newest first, with what proves it as long as there is room."""
    heads = CheckpointHead.objects.filter(player=player, seq__lte=last).select_related("checkpoint")
    room = MAXIMUM_LEAVES
    for head in heads.order_by("-checkpoint_id")[:MAXIMUM_BLOCKS]:
        count = CheckpointHead.objects.filter(checkpoint=head.checkpoint_id).count() if room > 0 else 0
        is_proved = room == MAXIMUM_LEAVES or 0 < count <= room
        room -= count if is_proved else 0
        yield _prove_by_path(head, is_proved) if head.digest else _prove_by_leaves(head, is_proved)


def _prove_by_leaves(head: CheckpointHead, is_proved: bool) -> CheckpointDocument:
    leaves = [(str(leaf.player), leaf.seq, leaf.mac) for leaf in leaves_of(head.checkpoint_id)] if is_proved else None
    return {
        "number": head.checkpoint_id, "jws": head.checkpoint.jws, "seq": head.seq, "mac": head.mac, "leaves": leaves,
    }  # fmt: skip


def _prove_by_path(head: CheckpointHead, is_proved: bool) -> DigestedDocument:
    found = include(head) if is_proved else None
    return {
        "number": head.checkpoint_id, "jws": head.checkpoint.jws, "seq": head.seq, "mac": head.mac, "digest": head.digest,
        "index": found.index if found else None, "path": found.path if found else None,
    }  # fmt: skip
