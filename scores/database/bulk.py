"""Many rows written at once, for which Django's `bulk_create` and `bulk_update` take several times as long."""

import json
from collections.abc import Sequence

from django.db import connection
from django.db.models import Model

from audit.fields import HexField

#: What a text means something else by (PostgreSQL, COPY, "Text Format").
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
KEYS = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"


def insert_rows(rows: Sequence[Model]) -> None:
    """Insert new rows of one model, each with all its columns, on PostgreSQL by COPY; a key that the database makes is set on them.

    Raises IntegrityError as `bulk_create` does.
    """
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(rows)
        return
    _set_keys(rows)
    fields = model._meta.concrete_fields
    writers = [(field.attname, _write_hex if isinstance(field, HexField) else _write) for field in fields]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    statement = f"COPY {connection.ops.quote_name(model._meta.db_table)} ({columns}) FROM STDIN"
    text = "".join(["\t".join([write(getattr(row, name)) for name, write in writers]) + "\n" for row in rows])
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.write(text)


def update_rows(rows: Sequence[Model], names: Sequence[str]) -> None:
    """Write these fields of rows of one model that are there, each found by its key."""
    if not rows:
        return
    meta, quote = rows[0]._meta, connection.ops.quote_name
    by_name = {field.name: field for field in meta.concrete_fields}
    fields = [by_name[name] for name in (*names, meta.pk.name)]
    *columns, key = [f"{quote(str(field.column))} = %s" for field in fields]
    statement = f"UPDATE {quote(meta.db_table)} SET {', '.join(columns)} WHERE {key}"  # noqa: S608 - our own columns
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _set_keys(rows: Sequence[Model]) -> None:
    made = rows[0]._meta.auto_field
    if made is None or made.column is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(KEYS, [rows[0]._meta.db_table, made.column, len(rows)])
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            setattr(row, made.attname, key)


def _write(value: object) -> str:
    if type(value) is str:
        return value.translate(ESCAPES)
    if value is None:
        return "\\N"
    if isinstance(value, dict):
        return json.dumps(value).translate(ESCAPES)
    return str(value)


def _write_hex(value: str) -> str:
    # Bytes in hex begin with a backslash and x (PostgreSQL, "Binary Data Types").
    return f"\\\\x{value}"
