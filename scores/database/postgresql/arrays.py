"""Columns of values, handed over as arrays of PostgreSQL in one piece each.

psycopg finds out what a list is of by looking at each of its values, several times; here the statement says it.
"""

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from psycopg import postgres
from psycopg.adapt import Dumper
from psycopg.pq import Format

#: Where PostgreSQL counts from, in microseconds since 1970.
EPOCH_2000_US = 946_684_800_000_000


class Column(NamedTuple):
    """Values of one type of PostgreSQL, None for NULL: a UUID, a text, a number, hex for `bytea`, what JSON can say for `jsonb`,
    and for `timestamptz` microseconds since 1970.
    """

    kind: str
    values: Sequence[Any]


_write_number = struct.Struct("!q").pack
_write_length = struct.Struct("!i").pack
_write_head, _write_empty = struct.Struct("!iiIii").pack, struct.Struct("!iiI").pack
NULL = _write_length(-1)
#: How the server takes a value of each type (the `_recv` function of the type in its source).
WRITERS: Mapping[str, Callable[[Any], bytes]] = {
    "uuid": attrgetter("bytes"),
    "text": str.encode,
    "bigint": _write_number,
    "bytea": bytes.fromhex,
    "timestamptz": lambda us: _write_number(us - EPOCH_2000_US),
    "jsonb": lambda value: b"\x01" + json.dumps(value).encode(),
}
OIDS = {kind: postgres.types[kind].oid for kind in WRITERS}


class ColumnDumper(Dumper):
    """Writes an array as the server takes it (`array_recv`): how many dimensions it has, whether NULLs may come, the type; for the
    one dimension its length and first index; then each value after its length. The statement must cast it to its type.
    """

    format = Format.BINARY

    def dump(self, obj: Column) -> bytes:
        kind, values = obj
        write, oid = WRITERS[kind], OIDS[kind]
        if not values:
            return _write_empty(0, 0, oid)
        parts = [_write_head(1, 1, oid, len(values), 1)]
        for value in values:
            if value is None:
                parts.append(NULL)
            else:
                written = write(value)
                parts += (_write_length(len(written)), written)
        return b"".join(parts)
