"""A trigger refuses to change or remove entries; only `context` may become null, which is how a person's data is erased."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

KEPT = (
    "id",
    "player",
    "seq",
    "kid",
    "kind",
    "delta",
    "balance",
    "action",
    "ref",
    "actor",
    "at_us",
    "detail",
    "prev",
    "mac",
)

POSTGRESQL = (
    """
    CREATE FUNCTION audit_entry_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.context IS NULL
           AND to_jsonb(NEW) - 'context' = to_jsonb(OLD) - 'context' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'audit_auditentry is append-only';
    END $$
    """,
    """
    CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse_change()
    """,
    """
    CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse_change()
    """,
)
POSTGRESQL_UNDO = (
    "DROP TRIGGER audit_entry_no_truncate ON audit_auditentry",
    "DROP TRIGGER audit_entry_append_only ON audit_auditentry",
    "DROP FUNCTION audit_entry_refuse_change()",
)
SAME = " AND ".join(f'NEW."{column}" IS OLD."{column}"' for column in KEPT)
SQLITE = (
    f"""
    CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_auditentry WHEN NOT (NEW.context IS NULL AND {SAME})
    BEGIN SELECT RAISE(ABORT, 'audit_auditentry is append-only'); END
    """,
    """
    CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_auditentry
    BEGIN SELECT RAISE(ABORT, 'audit_auditentry is append-only'); END
    """,
)
SQLITE_UNDO = ("DROP TRIGGER audit_entry_no_delete", "DROP TRIGGER audit_entry_no_update")


def set_triggers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def lift_triggers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL_UNDO if schema_editor.connection.vendor == "postgresql" else SQLITE_UNDO:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_entries_and_refusals")]

    operations = [migrations.RunPython(set_triggers, lift_triggers)]
