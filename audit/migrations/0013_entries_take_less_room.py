"""Entries take less room on PostgreSQL: hashes as bytes instead of hex, and long values that are only looked for, by their digest.

A tree has each reference and each request once more. A reference is unique by 16 bytes of its SHA-256, whoever looks for one asks
for those too (`audit.fields.RefField`); of a request, which need not be unique, an index of hashes has four bytes.

The table is written anew, under a lock: whoever writes entries is stopped before. SQLite keeps what it has.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import audit.fields

HEX = ("detail", "prev", "mac")


def _alter(kind: str, using: str) -> str:
    columns = (f"ALTER {name} TYPE {kind} USING {using.format(name)}" for name in HEX)
    return f"ALTER TABLE audit_auditentry {', '.join(columns)}"


# A backslash would begin an escape of bytes.
DIGEST = r"""
CREATE FUNCTION audit_ref_digest(ref text) RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql AS $$
    SELECT encode(substring(sha256(replace(ref, '\', '\\')::bytea) FOR 16), 'hex')::uuid
$$
"""
FORWARDS = (
    DIGEST,
    "ALTER TABLE audit_auditentry DROP CONSTRAINT audit_entry_ref",
    "DROP INDEX audit_entry_request",
    _alter("bytea", "decode({}, 'hex')"),
    "CREATE UNIQUE INDEX audit_entry_ref ON audit_auditentry (audit_ref_digest(ref))",
    "CREATE INDEX audit_entry_request ON audit_auditentry USING hash ((context ->> 'request'))",
)
BACKWARDS = (
    "DROP INDEX audit_entry_ref, audit_entry_request",
    "DROP FUNCTION audit_ref_digest(text)",
    _alter("varchar(64)", "encode({}, 'hex')"),
    "ALTER TABLE audit_auditentry ADD CONSTRAINT audit_entry_ref UNIQUE (ref)",
    "CREATE INDEX audit_entry_request ON audit_auditentry ((context ->> 'request'))",
)


def take_less_room(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _execute(schema_editor, FORWARDS)


def take_more_room(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _execute(schema_editor, BACKWARDS)


def _execute(schema_editor: BaseDatabaseSchemaEditor, statements: tuple[str, ...]) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0012_refusals_are_found_by_reason")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(take_less_room, take_more_room)],
            state_operations=[
                migrations.AlterField(
                    "auditentry", "detail",
                    audit.fields.HexField(help_text="SHA-256 of the salted context.", max_length=64),
                ),
                migrations.AlterField(
                    "auditentry", "prev", audit.fields.HexField("previous MAC", blank=True, max_length=64)
                ),
                migrations.AlterField("auditentry", "mac", audit.fields.HexField("MAC", max_length=64)),
                migrations.AlterField(
                    "auditentry", "ref",
                    audit.fields.RefField(
                        "reference", blank=True, max_length=400, null=True,
                        help_text="What may happen only once: a receipt, an idempotency key, the entry that is reversed.",
                    ),
                ),
            ],
        )
    ]  # fmt: skip
