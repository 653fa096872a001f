"""Ranks at a price that hardly grows with the players: places are counted by range, by triggers, in the transaction that moves them.

`RankRange` cuts the order of the board into ranges of 512 to 2048 players, wherever they stand, so neither huge ties nor
a lopsided spread make one expensive. A rank is the players of all ranges ahead, and a count within the own range. Writers
only append to `RankChange`, so no two of them ever wait for each other; about each thousandth change one of them sweeps the
changes into the ranges, cuts one that grew too wide and joins two that grew too narrow. In every snapshot a range's
`players` plus the changes within it are those who stand there, which is why a rank is exact at any moment.

Forwards it counts once, about a second per million players, and holds up writers of scores meanwhile. On SQLite, which
counts whenever it is asked, the tables stay empty.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# In the SQL: no player can have 2^53 points, so whoever is on the board stands behind the opening of the first range.
# 4242007001 is a number for the lock of the one sweeper, which nobody ever waits for.

NOTE = """
CREATE FUNCTION scores_rank_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted record;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM scores_rankrange;
        DELETE FROM scores_rankchange;
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        WITH changes AS (
            INSERT INTO scores_rankchange (minus_points, reached_at, player, change)
            SELECT -points, reached_at, id, 1 FROM new_rows WHERE NOT frozen AND reached_at IS NOT NULL
            RETURNING id
        ) SELECT count(*) AS changes, max(id) AS last INTO noted FROM changes;
    ELSIF TG_OP = 'DELETE' THEN
        WITH changes AS (
            INSERT INTO scores_rankchange (minus_points, reached_at, player, change)
            SELECT -points, reached_at, id, -1 FROM old_rows WHERE NOT frozen AND reached_at IS NOT NULL
            RETURNING id
        ) SELECT count(*) AS changes, max(id) AS last INTO noted FROM changes;
    ELSE
        WITH changes AS (
            INSERT INTO scores_rankchange (minus_points, reached_at, player, change)
            SELECT -points, reached_at, id, sum(change) FROM (
                SELECT points, reached_at, id, -1 AS change FROM old_rows WHERE NOT frozen AND reached_at IS NOT NULL
                UNION ALL
                SELECT points, reached_at, id, 1 FROM new_rows WHERE NOT frozen AND reached_at IS NOT NULL
            ) moves GROUP BY points, reached_at, id HAVING sum(change) <> 0
            RETURNING id
        ) SELECT count(*) AS changes, max(id) AS last INTO noted FROM changes;
    END IF;
    IF noted.last % 1000 < noted.changes THEN
        PERFORM scores_rank_sweep();
    END IF;
    RETURN NULL;
END $$
"""
SWEEP = """
CREATE FUNCTION scores_rank_sweep() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    narrow record;
BEGIN
    -- An older snapshot could not delete what another sweeper has deleted since.
    IF current_setting('transaction_isolation') <> 'read committed' OR NOT pg_try_advisory_xact_lock(4242007001) THEN
        RETURN;
    END IF;
    INSERT INTO scores_rankrange (minus_points, reached_at, player, players)
    SELECT -9007199254740992, timestamptz '1970-01-01 00:00+00', uuid '00000000-0000-0000-0000-000000000000', 0 WHERE NOT EXISTS (SELECT FROM scores_rankrange);
    WITH gone AS (DELETE FROM scores_rankchange RETURNING minus_points, reached_at, player, change),
    sums AS (
        SELECT found.id, sum(gone.change) AS change FROM gone, LATERAL (
            SELECT id FROM scores_rankrange start
            WHERE (start.minus_points, start.reached_at, start.player) <= (gone.minus_points, gone.reached_at, gone.player)
            ORDER BY start.minus_points DESC, start.reached_at DESC, start.player DESC LIMIT 1
        ) found GROUP BY found.id
    )
    UPDATE scores_rankrange SET players = players + sums.change
    FROM sums WHERE scores_rankrange.id = sums.id AND sums.change <> 0;
    WHILE scores_rank_cut() LOOP
    END LOOP;
    SELECT * INTO narrow FROM (
        SELECT id, players, lag(id) OVER places AS id_before, lag(players) OVER places AS players_before
        FROM scores_rankrange WINDOW places AS (ORDER BY minus_points, reached_at, player)
    ) pairs WHERE players + players_before < 512 LIMIT 1;
    IF FOUND THEN
        UPDATE scores_rankrange SET players = players + narrow.players WHERE id = narrow.id_before;
        DELETE FROM scores_rankrange WHERE id = narrow.id;
    END IF;
END $$
"""
CUT = """
CREATE FUNCTION scores_rank_cut() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    wide scores_rankrange;
    cut record;
BEGIN
    SELECT * INTO wide FROM scores_rankrange WHERE players > 2048 LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- One statement, one snapshot: the player 1024 places further on, and what of the places between is not swept yet.
    SELECT place.*, (
        SELECT coalesce(sum(change), 0) FROM scores_rankchange
        WHERE (minus_points, reached_at, player) >= (wide.minus_points, wide.reached_at, wide.player)
          AND (minus_points, reached_at, player) < (place.minus_points, place.reached_at, place.player)
    ) AS unswept INTO cut FROM (
        SELECT * FROM (
            (SELECT -points AS minus_points, reached_at, id AS player FROM scores_score
             WHERE NOT frozen AND reached_at IS NOT NULL
               AND points = -wide.minus_points AND (reached_at, id) >= (wide.reached_at, wide.player)
             ORDER BY points DESC, reached_at, id LIMIT 1025)
            UNION ALL
            (SELECT -points, reached_at, id FROM scores_score
             WHERE NOT frozen AND reached_at IS NOT NULL AND points < -wide.minus_points
             ORDER BY points DESC, reached_at, id LIMIT 1025)
        ) next ORDER BY minus_points, reached_at, player OFFSET 1024 LIMIT 1
    ) place;
    -- Many may have left the range since it was swept: then it is not too wide any more.
    IF NOT FOUND OR EXISTS (
        SELECT FROM scores_rankrange
        WHERE (minus_points, reached_at, player) > (wide.minus_points, wide.reached_at, wide.player)
          AND (minus_points, reached_at, player) <= (cut.minus_points, cut.reached_at, cut.player)
    ) THEN
        RETURN false;
    END IF;
    UPDATE scores_rankrange SET players = 1024 - cut.unswept WHERE id = wide.id;
    INSERT INTO scores_rankrange (minus_points, reached_at, player, players)
    VALUES (cut.minus_points, cut.reached_at, cut.player, wide.players - 1024 + cut.unswept);
    RETURN true;
END $$
"""
RECOUNT = """
CREATE FUNCTION scores_rank_recount() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4242007001);
    DELETE FROM scores_rankrange;
    WITH gone AS (DELETE FROM scores_rankchange),
    starts AS (
        SELECT * FROM (
            SELECT -points AS minus_points, reached_at, id, row_number() OVER (ORDER BY points DESC, reached_at, id) - 1 AS place,
                   count(*) OVER () AS players
            FROM scores_score WHERE NOT frozen AND reached_at IS NOT NULL
        ) places WHERE place % 1024 = 0
    )
    INSERT INTO scores_rankrange (minus_points, reached_at, player, players)
    SELECT minus_points, reached_at, id, lead(place, 1, players) OVER (ORDER BY place) - place FROM starts;
    -- The first range is open: who overtakes the leader of today stands in it.
    UPDATE scores_rankrange SET (minus_points, reached_at, player) = (-9007199254740992, timestamptz '1970-01-01 00:00+00', uuid '00000000-0000-0000-0000-000000000000')
    WHERE id = (SELECT id FROM scores_rankrange ORDER BY minus_points, reached_at, player LIMIT 1);
END $$
"""
RANK = """
CREATE FUNCTION scores_rank(wanted uuid) RETURNS bigint STABLE LANGUAGE plpgsql AS $$
DECLARE
    me scores_score;
    start record;
    ahead bigint;
BEGIN
    SELECT * INTO me FROM scores_score WHERE id = wanted AND NOT frozen AND reached_at IS NOT NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT -minus_points AS points, reached_at, player INTO start FROM scores_rankrange
    WHERE (minus_points, reached_at, player) <= (-me.points, me.reached_at, me.id)
    ORDER BY scores_rankrange.minus_points DESC, scores_rankrange.reached_at DESC, scores_rankrange.player DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT -place.minus_points AS points, place.reached_at, place.player INTO start
        FROM (VALUES (-9007199254740992, timestamptz '1970-01-01 00:00+00', uuid '00000000-0000-0000-0000-000000000000')) AS place(minus_points, reached_at, player);
    END IF;
    ahead := (SELECT coalesce(sum(players), 0) FROM scores_rankrange
              WHERE (minus_points, reached_at, player) < (-start.points, start.reached_at, start.player))
           + (SELECT coalesce(sum(change), 0) FROM scores_rankchange
              WHERE (minus_points, reached_at, player) < (-start.points, start.reached_at, start.player));
    IF start.points = me.points THEN
        RETURN 1 + ahead + (SELECT count(*) FROM scores_score WHERE NOT frozen AND reached_at IS NOT NULL
            AND points = me.points AND (reached_at, id) >= (start.reached_at, start.player) AND (reached_at, id) < (me.reached_at, me.id));
    END IF;
    RETURN 1 + ahead
        + (SELECT count(*) FROM scores_score WHERE NOT frozen AND reached_at IS NOT NULL
           AND points = start.points AND (reached_at, id) >= (start.reached_at, start.player))
        + (SELECT count(*) FROM scores_score WHERE NOT frozen AND reached_at IS NOT NULL
           AND points < start.points AND points > me.points)
        + (SELECT count(*) FROM scores_score WHERE NOT frozen AND reached_at IS NOT NULL
           AND points = me.points AND (reached_at, id) < (me.reached_at, me.id));
END $$
"""
FORWARDS = (
    # Both tables are small and busy: vacuumed by what changed, not by their share of it.
    "ALTER TABLE scores_rankchange SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
    "ALTER TABLE scores_rankrange SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
    CUT,
    SWEEP,
    RECOUNT,
    RANK,
    NOTE,
    # By statement and after it: every row of it is noted before a sweep looks at any.
    """CREATE TRIGGER scores_rank_inserted AFTER INSERT ON scores_score REFERENCING NEW TABLE AS new_rows
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    """CREATE TRIGGER scores_rank_updated AFTER UPDATE ON scores_score REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    """CREATE TRIGGER scores_rank_deleted AFTER DELETE ON scores_score REFERENCING OLD TABLE AS old_rows
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    """CREATE TRIGGER scores_rank_truncated AFTER TRUNCATE ON scores_score
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    "SELECT scores_rank_recount()",
)
BACKWARDS = (
    "DROP TRIGGER scores_rank_truncated ON scores_score",
    "DROP TRIGGER scores_rank_deleted ON scores_score",
    "DROP TRIGGER scores_rank_updated ON scores_score",
    "DROP TRIGGER scores_rank_inserted ON scores_score",
    "DROP FUNCTION scores_rank_note(), scores_rank(uuid), scores_rank_recount(), scores_rank_sweep(), scores_rank_cut()",
)


def count_places(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in FORWARDS:
            schema_editor.execute(statement, params=None)


def stop_counting(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in BACKWARDS:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("scores", "0003_flags")]

    operations = [
        migrations.CreateModel(
            name="RankRange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("minus_points", models.BigIntegerField()),
                ("reached_at", models.DateTimeField()),
                ("player", models.UUIDField()),
                ("players", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["minus_points", "reached_at", "player"], name="rank_range_start")]
            },
        ),
        migrations.CreateModel(
            name="RankChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("minus_points", models.BigIntegerField()),
                ("reached_at", models.DateTimeField()),
                ("player", models.UUIDField()),
                ("change", models.SmallIntegerField()),
            ],
        ),
        migrations.RunPython(count_places, stop_counting),
    ]
