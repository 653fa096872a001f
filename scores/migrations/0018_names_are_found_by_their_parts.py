"""An index of the pieces of names, two and three letters long, which any part of a name is found by. Built beside live traffic.

The index is over an expression of names alone: whoever gains points moves nothing of it. SQLite reads the names themselves.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

#: U+0002 and U+0003, which no name holds, stand where it begins and ends.
FUNCTION = r"""
CREATE OR REPLACE FUNCTION scores_name_pieces(search_key text, name_key text) RETURNS text[]
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
    folded text := E'\x02' || CASE search_key WHEN '' THEN name_key ELSE search_key END || E'\x03';
    pieces text[] := '{}';
BEGIN
    -- A loop, because a query for each name takes ten times as long.
    FOR place IN 1 .. length(folded) - 2 LOOP
        pieces := pieces || substr(folded, place, 2) || substr(folded, place, 3);
    END LOOP;
    RETURN pieces;
END $$
"""
INDEX = """
CREATE INDEX CONCURRENTLY score_name_pieces ON scores_score USING gin (scores_name_pieces(search_key, name_key))
"""
DROP_INDEX = "DROP INDEX CONCURRENTLY IF EXISTS score_name_pieces"


def create(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION, None)
        # One that was not finished is not used, and must not pass for one that was.
        schema_editor.execute(DROP_INDEX, None)
        schema_editor.execute(INDEX, None)


def drop(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP_INDEX, None)
        schema_editor.execute("DROP FUNCTION IF EXISTS scores_name_pieces", None)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("scores", "0017_closed_periods_are_amended")]

    operations = [migrations.RunPython(create, drop)]
