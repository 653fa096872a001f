"""What an issuer signs once for many awards is kept once; append-only, as entries are."""

from importlib import import_module

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

append_only = import_module("audit.migrations.0004_checkpoints_are_append_only")

STATEMENTS = "audit_awardstatement"


def set_triggers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in append_only.POSTGRESQL_TRIGGERS if is_postgresql else append_only.SQLITE_TRIGGERS:
        schema_editor.execute(statement.format(table=STATEMENTS))


def lift_triggers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in append_only.POSTGRESQL_UNDO if is_postgresql else append_only.SQLITE_UNDO:
        schema_editor.execute(statement.format(table=STATEMENTS))


class Migration(migrations.Migration):
    dependencies = [("audit", "0010_points_are_imported")]

    operations = [
        migrations.CreateModel(
            name="AwardStatement",
            fields=[
                (
                    "sha256",
                    models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name="SHA-256"),
                ),
                (
                    "jws",
                    models.TextField(
                        help_text="As it was signed; it names its lines by their hashes alone.", verbose_name="JWS"
                    ),
                ),
            ],
        ),
        migrations.RunPython(set_triggers, lift_triggers),
    ]
