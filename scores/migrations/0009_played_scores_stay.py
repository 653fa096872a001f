"""A trigger refuses to delete a score that has entries: who deletes an account looked for them, but perhaps just before the first award."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# A delete that waited for an award sees here what the award committed. Refused as a foreign key would refuse it.
POSTGRESQL = (
    """
    CREATE FUNCTION scores_score_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM audit_auditentry WHERE player = OLD.id) THEN
            RAISE EXCEPTION 'the score of player % has entries: deactivate the account, or erase the person', OLD.id
            USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END $$
    """,
    """
    CREATE TRIGGER scores_score_played_stays BEFORE DELETE ON scores_score
    FOR EACH ROW EXECUTE FUNCTION scores_score_refuse_delete()
    """,
)
POSTGRESQL_UNDO = (
    "DROP TRIGGER scores_score_played_stays ON scores_score",
    "DROP FUNCTION scores_score_refuse_delete()",
)
SQLITE = (
    """
    CREATE TRIGGER scores_score_played_stays BEFORE DELETE ON scores_score
    WHEN EXISTS (SELECT 1 FROM audit_auditentry WHERE player = OLD.id)
    BEGIN SELECT RAISE(ABORT, 'the score has entries: deactivate the account, or erase the person'); END
    """,
)
SQLITE_UNDO = ("DROP TRIGGER scores_score_played_stays",)


def set_trigger(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement, None)


def lift_trigger(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL_UNDO if schema_editor.connection.vendor == "postgresql" else SQLITE_UNDO:
        schema_editor.execute(statement, None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_entries_and_refusals"), ("scores", "0008_names_from_tokens")]

    operations = [migrations.RunPython(set_trigger, lift_trigger)]
