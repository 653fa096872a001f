"""A trigger refuses to change or remove checkpoints and their leaves."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = ("audit_checkpoint", "audit_checkpointhead")

POSTGRESQL_FUNCTION = """
    CREATE FUNCTION audit_checkpoint_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END $$
    """
POSTGRESQL_TRIGGERS = (
    """
    CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_checkpoint_refuse_change()
    """,
    """
    CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_checkpoint_refuse_change()
    """,
)
POSTGRESQL_UNDO = ("DROP TRIGGER {table}_no_truncate ON {table}", "DROP TRIGGER {table}_append_only ON {table}")
SQLITE_TRIGGERS = (
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
)
SQLITE_UNDO = ("DROP TRIGGER {table}_no_delete", "DROP TRIGGER {table}_no_update")


def set_triggers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    if is_postgresql:
        schema_editor.execute(POSTGRESQL_FUNCTION, None)
    _execute(schema_editor, POSTGRESQL_TRIGGERS if is_postgresql else SQLITE_TRIGGERS)


def lift_triggers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    _execute(schema_editor, POSTGRESQL_UNDO if is_postgresql else SQLITE_UNDO)
    if is_postgresql:
        schema_editor.execute("DROP FUNCTION audit_checkpoint_refuse_change()")


def _execute(schema_editor: BaseDatabaseSchemaEditor, statements: tuple[str, ...]) -> None:
    for table in TABLES:
        for statement in statements:
            schema_editor.execute(statement.format(table=table))


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_checkpoints_over_moved_chains")]

    operations = [migrations.RunPython(set_triggers, lift_triggers)]
