"""A move within an order of ranks is noted in one row, from where to where, and without an index: half of what an update wrote.

`scores_rankstep` shows each row as the steps it stands for: one player less where somebody left, one more where somebody came.
Functions of migrations 0013 and 0016 read that instead. The rows are only ever read as a whole, so nobody asked the index of
their key; who copies tables to another server by logical replication finds the rows that a sweep removes by all they say.
"""

from importlib import import_module

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

counts = import_module("scores.migrations.0013_places_counted_by_period")
lookups = import_module("scores.migrations.0016_places_looked_up_by_rank")

STEPS = """
CREATE VIEW scores_rankstep AS
SELECT period, minus_points, reached_at, player, 1 AS change FROM scores_rankchange WHERE minus_points IS NOT NULL
UNION ALL
SELECT period, left_minus_points, left_reached_at, player, -1 FROM scores_rankchange WHERE left_minus_points IS NOT NULL
"""
NOTE = """
CREATE OR REPLACE FUNCTION scores_rank_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO scores_rankchange (period, minus_points, reached_at, player)
        SELECT period_id, -points, reached_at, player_id FROM new_rows WHERE NOT hidden;
    ELSIF TG_OP = 'UPDATE' THEN
        -- One of a player in a period is old and one is new, but for those that are hidden.
        INSERT INTO scores_rankchange (period, player, minus_points, reached_at, left_minus_points, left_reached_at)
        SELECT period_id, player_id, max(-points) FILTER (WHERE is_new), max(reached_at) FILTER (WHERE is_new),
               max(-points) FILTER (WHERE NOT is_new), max(reached_at) FILTER (WHERE NOT is_new)
        FROM (SELECT *, false AS is_new FROM old_rows UNION ALL SELECT *, true FROM new_rows) AS standings
        WHERE NOT hidden GROUP BY period_id, player_id;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO scores_rankchange (period, left_minus_points, left_reached_at, player)
        SELECT period_id, -points, reached_at, player_id FROM old_rows WHERE NOT hidden;
    ELSE
        DELETE FROM scores_rankrange;
        DELETE FROM scores_rankchange;
    END IF;
    RETURN NULL;
END $$
"""
GONE = "WITH gone AS (DELETE FROM scores_rankchange RETURNING period, minus_points, reached_at, player, change),"
BOTH_GONE = """WITH moved AS (DELETE FROM scores_rankchange RETURNING *),
    gone AS (
        SELECT period, step.*, player FROM moved, LATERAL (
            VALUES (minus_points, reached_at, 1), (left_minus_points, left_reached_at, -1)
        ) AS step (minus_points, reached_at, change) WHERE step.minus_points IS NOT NULL
    ),"""
PLANNED_AS_USUAL = next(statement for statement in counts.FORWARDS if statement.startswith("ALTER FUNCTION"))


def _anew(function: str) -> str:
    return function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def _by_steps(function: str) -> str:
    return _anew(function).replace("FROM scores_rankchange", "FROM scores_rankstep")


READERS = (counts.CUT, lookups.RANK_AT, lookups.PLACE, lookups.PLAYERS)
#: Before the columns are changed, nobody adds a row any more; after it all that there is says the same.
HOLD = ("LOCK TABLE scores_standing, scores_rankchange IN ACCESS EXCLUSIVE MODE",)
FORWARDS = (
    """UPDATE scores_rankchange SET left_minus_points = minus_points, left_reached_at = reached_at, minus_points = NULL,
       reached_at = NULL WHERE change < 0""",
    STEPS,
    NOTE,
    _anew(counts.SWEEP.replace(GONE, BOTH_GONE)),
    PLANNED_AS_USUAL,
    *map(_by_steps, READERS),
    "ALTER TABLE scores_rankchange REPLICA IDENTITY FULL",
    "ALTER TABLE scores_rankchange DROP CONSTRAINT scores_rankchange_pkey",
)
BACKWARDS = (
    "ALTER TABLE scores_rankchange ADD CONSTRAINT scores_rankchange_pkey PRIMARY KEY (id)",
    "ALTER TABLE scores_rankchange REPLICA IDENTITY DEFAULT",
    *map(_anew, (*READERS, counts.SWEEP, counts.NOTE)),
    PLANNED_AS_USUAL,
    "DROP VIEW scores_rankstep",
    """INSERT INTO scores_rankchange (period, minus_points, reached_at, player, change)
       SELECT period, left_minus_points, left_reached_at, player, -1 FROM scores_rankchange WHERE left_minus_points IS NOT NULL""",
    "DELETE FROM scores_rankchange WHERE minus_points IS NULL",
)


def note_moves(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _execute(schema_editor, FORWARDS)


def note_steps(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _execute(schema_editor, BACKWARDS)


def hold_writers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _execute(schema_editor, HOLD)


def _execute(schema_editor: BaseDatabaseSchemaEditor, statements: tuple[str, ...]) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("scores", "0019_flags_know_all_their_acts")]

    operations = [
        migrations.RunPython(hold_writers, migrations.RunPython.noop),
        migrations.AddField("rankchange", "left_minus_points", models.BigIntegerField(null=True)),
        migrations.AddField("rankchange", "left_reached_at", models.DateTimeField(null=True)),
        migrations.AlterField("rankchange", "minus_points", models.BigIntegerField(null=True)),
        migrations.AlterField("rankchange", "reached_at", models.DateTimeField(null=True)),
        # Backwards it is there again, with the step of whoever came, before the rows are told apart.
        migrations.AlterField("rankchange", "change", models.SmallIntegerField(default=1)),
        migrations.RunPython(note_moves, note_steps),
        migrations.RemoveField("rankchange", "change"),
        migrations.RunPython(migrations.RunPython.noop, hold_writers),
    ]
