"""Ranks of every period at a price that hardly grows with players or periods: the counts of migration 0004, for standings.

As there, `RankRange` cuts the order into ranges of 512 to 2048 players, here that of each period, and writers only append to
`RankChange`. About each thousandth change one of them sweeps all changes into their ranges, when it commits; it looks at no range
but those in which something changed, and their neighbours. In every snapshot a range's `players` plus the changes within it are
those who stand there.

Forwards it counts once, about a second per million standings, and holds up who writes them meanwhile. On SQLite, which counts
whenever it is asked, the tables stay empty.
"""

from importlib import import_module

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

#: How scores themselves were counted, which backwards they are again.
counts_of_scores = import_module("scores.migrations.0004_rank_counts")
sweep_of_scores = import_module("scores.migrations.0010_sweep_planned_as_usual")

#: The first range of a period starts ahead of whoever may come. Not the least number there is: it has no negative.
OPENING = "-9223372036854775807, timestamptz '1970-01-01 00:00+00', uuid '00000000-0000-0000-0000-000000000000'"

# An upsert fires both triggers, and only after both all that it did is noted: so who is due to sweep waits for the commit.
NOTE = """
CREATE FUNCTION scores_rank_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO scores_rankchange (period, minus_points, reached_at, player, change)
        SELECT period_id, -points, reached_at, player_id, 1 FROM new_rows WHERE NOT hidden;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO scores_rankchange (period, minus_points, reached_at, player, change)
        SELECT period_id, -points, reached_at, player_id, -1 FROM old_rows WHERE NOT hidden
        UNION ALL
        SELECT period_id, -points, reached_at, player_id, 1 FROM new_rows WHERE NOT hidden;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO scores_rankchange (period, minus_points, reached_at, player, change)
        SELECT period_id, -points, reached_at, player_id, -1 FROM old_rows WHERE NOT hidden;
    ELSE
        DELETE FROM scores_rankrange;
        DELETE FROM scores_rankchange;
    END IF;
    RETURN NULL;
END $$
"""
DUE = """
CREATE FUNCTION scores_rank_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scores_rank_sweep();
    RETURN NULL;
END $$
"""
# 4242007001 is a number for the lock of the one sweeper, which nobody ever waits for.
SWEEP = f"""
CREATE FUNCTION scores_rank_sweep() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wide bigint[];
    narrow bigint[];
    next bigint;
BEGIN
    -- An older snapshot could not delete what another sweeper has deleted since.
    IF current_setting('transaction_isolation') <> 'read committed' OR NOT pg_try_advisory_xact_lock(4242007001) THEN
        RETURN;
    END IF;
    WITH gone AS (DELETE FROM scores_rankchange RETURNING period, minus_points, reached_at, player, change),
    sums AS (
        SELECT gone.period, found.id, sum(gone.change) AS change FROM gone LEFT JOIN LATERAL (
            SELECT id FROM scores_rankrange start WHERE start.period = gone.period
              AND (start.minus_points, start.reached_at, start.player) <= (gone.minus_points, gone.reached_at, gone.player)
            ORDER BY start.minus_points DESC, start.reached_at DESC, start.player DESC LIMIT 1
        ) found ON true GROUP BY gone.period, found.id
    ), opened AS (
        INSERT INTO scores_rankrange (period, minus_points, reached_at, player, players)
        SELECT period, {OPENING}, change FROM sums WHERE id IS NULL RETURNING id, players
    ), counted AS (
        UPDATE scores_rankrange SET players = players + sums.change FROM sums
        WHERE scores_rankrange.id = sums.id AND sums.change <> 0 RETURNING scores_rankrange.id, players
    )
    SELECT array_agg(id) FILTER (WHERE players > 2048), array_agg(id) FILTER (WHERE players < 512) INTO wide, narrow
    FROM (SELECT * FROM opened UNION ALL SELECT * FROM counted) changed;
    FOREACH next IN ARRAY coalesce(wide, '{{}}') LOOP
        WHILE next IS NOT NULL LOOP
            next := scores_rank_cut(next);
        END LOOP;
    END LOOP;
    FOREACH next IN ARRAY coalesce(narrow, '{{}}') LOOP
        WHILE scores_rank_join(next) LOOP
        END LOOP;
    END LOOP;
END $$
"""  # noqa: S608 - our own constant
CUT = """
CREATE FUNCTION scores_rank_cut(wanted bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    wide scores_rankrange;
    cut record;
    rest bigint;
BEGIN
    SELECT * INTO wide FROM scores_rankrange WHERE id = wanted AND players > 2048;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- One statement, one snapshot: the player 1024 places further on, and what of the places between is not swept yet.
    SELECT place.*, (
        SELECT coalesce(sum(change), 0) FROM scores_rankchange WHERE period = wide.period
          AND (minus_points, reached_at, player) >= (wide.minus_points, wide.reached_at, wide.player)
          AND (minus_points, reached_at, player) < (place.minus_points, place.reached_at, place.player)
    ) AS unswept INTO cut FROM (
        SELECT * FROM (
            (SELECT -points AS minus_points, reached_at, player_id AS player FROM scores_standing
             WHERE NOT hidden AND period_id = wide.period
               AND points = -wide.minus_points AND (reached_at, player_id) >= (wide.reached_at, wide.player)
             ORDER BY points DESC, reached_at, player_id LIMIT 1025)
            UNION ALL
            (SELECT -points, reached_at, player_id FROM scores_standing
             WHERE NOT hidden AND period_id = wide.period AND points < -wide.minus_points
             ORDER BY points DESC, reached_at, player_id LIMIT 1025)
        ) next ORDER BY minus_points, reached_at, player OFFSET 1024 LIMIT 1
    ) place;
    -- Many may have left the range since it was swept: then it is not too wide any more.
    IF NOT FOUND OR EXISTS (
        SELECT FROM scores_rankrange WHERE period = wide.period
          AND (minus_points, reached_at, player) > (wide.minus_points, wide.reached_at, wide.player)
          AND (minus_points, reached_at, player) <= (cut.minus_points, cut.reached_at, cut.player)
    ) THEN
        RETURN NULL;
    END IF;
    UPDATE scores_rankrange SET players = 1024 - cut.unswept WHERE id = wide.id;
    INSERT INTO scores_rankrange (period, minus_points, reached_at, player, players)
    VALUES (wide.period, cut.minus_points, cut.reached_at, cut.player, wide.players - 1024 + cut.unswept)
    RETURNING id INTO rest;
    RETURN rest;
END $$
"""
JOIN = """
CREATE FUNCTION scores_rank_join(wanted bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    narrow scores_rankrange;
    beside scores_rankrange;
BEGIN
    SELECT * INTO narrow FROM scores_rankrange WHERE id = wanted;
    SELECT * INTO beside FROM (
        (SELECT * FROM scores_rankrange WHERE period = narrow.period
           AND (minus_points, reached_at, player) < (narrow.minus_points, narrow.reached_at, narrow.player)
         ORDER BY minus_points DESC, reached_at DESC, player DESC LIMIT 1)
        UNION ALL
        (SELECT * FROM scores_rankrange WHERE period = narrow.period
           AND (minus_points, reached_at, player) > (narrow.minus_points, narrow.reached_at, narrow.player)
         ORDER BY minus_points, reached_at, player LIMIT 1)
    ) neighbours WHERE players + narrow.players < 512 LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM scores_rankrange WHERE id = beside.id;
    UPDATE scores_rankrange SET players = players + beside.players WHERE id = narrow.id;
    UPDATE scores_rankrange SET (minus_points, reached_at, player) = (beside.minus_points, beside.reached_at, beside.player)
    WHERE id = narrow.id
      AND (beside.minus_points, beside.reached_at, beside.player) < (minus_points, reached_at, player);
    RETURN true;
END $$
"""
RECOUNT = f"""
CREATE FUNCTION scores_rank_recount(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4242007001);
    DELETE FROM scores_rankrange WHERE wanted IS NULL OR period = wanted;
    WITH gone AS (DELETE FROM scores_rankchange WHERE wanted IS NULL OR period = wanted),
    starts AS (
        SELECT * FROM (
            SELECT period_id AS period, -points AS minus_points, reached_at, player_id AS player,
                   row_number() OVER (PARTITION BY period_id ORDER BY points DESC, reached_at, player_id) - 1 AS place,
                   count(*) OVER (PARTITION BY period_id) AS players
            FROM scores_standing WHERE NOT hidden AND (wanted IS NULL OR period_id = wanted)
        ) places WHERE place % 1024 = 0
    ), ranges AS (
        SELECT *, lead(place, 1, players) OVER (PARTITION BY period ORDER BY place) - place AS width FROM starts
    )
    -- The first range is open: who overtakes the leader of today stands in it.
    INSERT INTO scores_rankrange (period, minus_points, reached_at, player, players)
    SELECT period, {OPENING}, width FROM ranges WHERE place = 0
    UNION ALL
    SELECT period, minus_points, reached_at, player, width FROM ranges WHERE place > 0;
END $$
"""  # noqa: S608 - our own constant
FORWARDS = (
    CUT,
    JOIN,
    SWEEP,
    # An award forbids scans for itself (`scores.awards.compare_and_swap`): the sweep reads a whole table on purpose.
    """ALTER FUNCTION scores_rank_sweep()
       SET plan_cache_mode = auto SET enable_seqscan = on SET enable_hashjoin = on SET enable_mergejoin = on""",
    DUE,
    NOTE,
    RECOUNT,
    """CREATE TRIGGER scores_rank_inserted AFTER INSERT ON scores_standing REFERENCING NEW TABLE AS new_rows
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    """CREATE TRIGGER scores_rank_updated AFTER UPDATE ON scores_standing REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    """CREATE TRIGGER scores_rank_deleted AFTER DELETE ON scores_standing REFERENCING OLD TABLE AS old_rows
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    """CREATE TRIGGER scores_rank_truncated AFTER TRUNCATE ON scores_standing
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    """CREATE CONSTRAINT TRIGGER scores_rank_due AFTER INSERT ON scores_rankchange DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW WHEN (NEW.id % 1000 = 0) EXECUTE FUNCTION scores_rank_due()""",
    "SELECT scores_rank_recount(NULL)",
)
BACKWARDS = (
    "DROP TRIGGER scores_rank_due ON scores_rankchange",
    "DROP TRIGGER scores_rank_truncated ON scores_standing",
    "DROP TRIGGER scores_rank_deleted ON scores_standing",
    "DROP TRIGGER scores_rank_updated ON scores_standing",
    "DROP TRIGGER scores_rank_inserted ON scores_standing",
    """DROP FUNCTION scores_rank_note(), scores_rank_due(), scores_rank_sweep(), scores_rank_cut(bigint), scores_rank_join(bigint),
       scores_rank_recount(bigint)""",
)
EMPTY = "TRUNCATE scores_rankrange, scores_rankchange"


def stop_counting_scores(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    counts_of_scores.stop_counting(apps, schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(EMPTY, params=None)


def count_scores(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    counts_of_scores.count_places(apps, schema_editor)
    sweep_of_scores.plan_as_usual(apps, schema_editor)


def count_standings(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in FORWARDS:
            schema_editor.execute(statement, params=None)


def stop_counting_standings(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in (*BACKWARDS, EMPTY):
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("scores", "0012_places_are_standings")]

    operations = [
        migrations.RunPython(stop_counting_scores, count_scores),
        migrations.RemoveIndex(model_name="rankrange", name="rank_range_start"),
        migrations.AddField("rankchange", "period", models.BigIntegerField(default=0), preserve_default=False),
        migrations.AddField("rankrange", "period", models.BigIntegerField(default=0), preserve_default=False),
        migrations.AddIndex(
            model_name="rankrange",
            index=models.Index(fields=["period", "minus_points", "reached_at", "player"], name="rank_range_start"),
        ),
        migrations.RunPython(count_standings, stop_counting_standings),
        migrations.RemoveIndex(model_name="score", name="score_standings"),
    ]
