"""Digests of chains: what the MAC is for who holds the ledger key, for everybody. Made when a chain is signed, from where it was last."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from audit import chain
from audit.fields import select_column
from audit.models import AuditEntry

#: The digest of a chain without entries.
START = bytes(32)
#: So many chains are looked up in one statement.
CHUNK = 5000
POSTGRESQL = "unnest(%s::uuid[], %s::bigint[], %s::bigint[]) AS moved(player, after, upto)"
SQLITE = "(SELECT value ->> 0 AS player, value ->> 1 AS after, value ->> 2 AS upto FROM json_each(%s)) AS moved"
#: The stretches of chains, their entries in order.
STRETCHES = """
SELECT {columns} FROM {moved} JOIN audit_auditentry entry
ON entry.player = moved.player AND entry.seq > moved.after AND entry.seq <= moved.upto ORDER BY entry.player, entry.seq
"""


class MovedChain(NamedTuple):
    """A chain that goes on from an entry whose digest is known to its end; from START where none is."""

    player: UUID
    after: int
    digest: str
    seq: int


def extend(digest: bytes, entry: bytes) -> bytes:
    """Compute the digest after one more entry, given in its canonical form (`chain.canonical`)."""
    return hashlib.sha256(digest + entry).digest()


def read_digests(chains: Sequence[MovedChain]) -> Iterator[tuple[UUID, str]]:
    """Compute the digest of each chain's end, in the order of players, which chains come in. Entries are read as a stream.

    Inside of transactions only. Left out is a chain without entries in its stretch.
    """
    for first in range(0, len(chains), CHUNK):
        chunk = chains[first : first + CHUNK]
        before = {moved.player: bytes.fromhex(moved.digest) if moved.digest else START for moved in chunk}
        for player, rows in groupby(_read_stretches(chunk), itemgetter(0)):
            owner = player if isinstance(player, UUID) else UUID(player)
            digest, text = before[owner], str(owner)
            for row in rows:
                digest = extend(digest, chain.canonical_row((text, *row[1:])))
            yield owner, digest.hex()


def _read_stretches(chunk: Sequence[MovedChain]) -> Iterator[Sequence[Any]]:
    fields = map(AuditEntry._meta.get_field, chain.SEALED_FIELDS)
    columns = ", ".join(select_column(field, "entry", connection.vendor) for field in fields)
    stretches = [(moved.player, moved.after, moved.seq) for moved in chunk]
    if connection.vendor == "postgresql":
        statement = POSTGRESQL
        parameters: list[Any] = [list(column) for column in zip(*stretches, strict=True)]
        cursor = connection.chunked_cursor()
    else:
        statement = SQLITE
        parameters = [json.dumps([(player.hex, after, seq) for player, after, seq in stretches])]
        cursor = connection.cursor()
    with cursor:
        cursor.execute(STRETCHES.format(columns=columns, moved=statement), parameters)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows
