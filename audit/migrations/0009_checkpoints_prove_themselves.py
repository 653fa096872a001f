"""Leaves carry a digest that takes no key, and blocks say in public what texts had. Leaves of before have none.

The column is added by hand: on SQLite Django would make the table anew, which loses its triggers.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

append_only = import_module("audit.migrations.0004_checkpoints_are_append_only")

STATEMENTS = "audit_checkpointstatement"


def set_triggers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in append_only.POSTGRESQL_TRIGGERS if is_postgresql else append_only.SQLITE_TRIGGERS:
        schema_editor.execute(statement.format(table=STATEMENTS))


def lift_triggers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in append_only.POSTGRESQL_UNDO if is_postgresql else append_only.SQLITE_UNDO:
        schema_editor.execute(statement.format(table=STATEMENTS))


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_entries_may_have_a_value")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE audit_checkpointhead ADD COLUMN digest varchar(64) DEFAULT '' NOT NULL",
                    "ALTER TABLE audit_checkpointhead DROP COLUMN digest",
                )
            ],
            state_operations=[
                migrations.AddField(
                    model_name="checkpointhead",
                    name="digest",
                    field=models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="What covers the chain up to here without a key.",
                        max_length=64,
                    ),
                )
            ],
        ),
        migrations.CreateModel(
            name="CheckpointStatement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=128)),
                ("count", models.PositiveBigIntegerField(help_text="How many lines.")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "starts_us",
                    models.BigIntegerField(help_text="Begin of the time it is about, in microseconds since 1970."),
                ),
                ("ends_us", models.BigIntegerField(help_text="Its end.")),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="statements",
                        to="audit.checkpoint",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("subject", "checkpoint"), name="audit_statement_subject_checkpoint")
                ]
            },
        ),
        migrations.RunPython(set_triggers, lift_triggers),
        migrations.AlterField(
            model_name="checkpoint",
            name="jws",
            field=models.TextField(
                help_text="What was signed, as it was exported; its format stands in `blocks`.", verbose_name="JWS"
            ),
        ),
    ]
