"""An entry may carry a value, such as a time, which its MAC covers. Entries of before have none, and their MACs stay as they are.

On SQLite by hand: Django would make the table anew, which loses its triggers and breaks those of other tables that look into it.
"""

from importlib import import_module

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

append_only = import_module("audit.migrations.0002_entries_are_append_only")

RANGE = "CHECK (value IS NULL OR (value > -9007199254740992 AND value < 9007199254740992))"
POSTGRESQL = (
    "ALTER TABLE audit_auditentry ADD COLUMN value bigint NULL",
    f"ALTER TABLE audit_auditentry ADD CONSTRAINT audit_entry_value_range {RANGE}",
)
POSTGRESQL_UNDO = ("ALTER TABLE audit_auditentry DROP COLUMN value",)
NO_UPDATE = f"""
    CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_auditentry
    WHEN NOT (NEW.context IS NULL AND {append_only.SAME} AND NEW."value" IS OLD."value")
    BEGIN SELECT RAISE(ABORT, 'audit_auditentry is append-only'); END
"""
SQLITE = (
    f"ALTER TABLE audit_auditentry ADD COLUMN value bigint NULL CONSTRAINT audit_entry_value_range {RANGE}",
    "DROP TRIGGER audit_entry_no_update",
    NO_UPDATE,
)
SQLITE_UNDO = (
    "DROP TRIGGER audit_entry_no_update",
    "ALTER TABLE audit_auditentry DROP COLUMN value",
    append_only.SQLITE[0],
)


def add_value(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement, None)


def remove_value(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL_UNDO if schema_editor.connection.vendor == "postgresql" else SQLITE_UNDO:
        schema_editor.execute(statement, None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_players_are_renamed")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add_value, remove_value)],
            state_operations=[
                migrations.AddField(
                    model_name="auditentry",
                    name="value",
                    field=models.BigIntegerField(
                        blank=True,
                        help_text="What was reached, where the action takes a value, such as a time.",
                        null=True,
                    ),
                ),
                migrations.AddConstraint(
                    model_name="auditentry",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            ("value__isnull", True),
                            models.Q(("value__gt", -9007199254740992), ("value__lt", 9007199254740992)),
                            _connector="OR",
                        ),
                        name="audit_entry_value_range",
                    ),
                ),
            ],
        )
    ]
