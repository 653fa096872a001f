"""Ranks of every period at a price that hardly grows with players, periods or depth: migration 0004's counting, by period.

`RankRange` cuts the order of each period into ranges of 512 to 2048 players. Writers only append to `RankChange`; about each
thousandth change one of them sweeps the changes into the ranges of the periods that changed. In every snapshot a range's `players`
plus the changes within it are those who stand there, which is why a rank is exact at any moment.

Forwards it counts once, about a second per million standings. On SQLite, which counts whenever it is asked, the tables stay empty.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Where the first range of a period begins: ahead of whatever points there can be, and with an opposite in 64 bits.
OPENING = "-9223372036854775807, timestamptz '1970-01-01 00:00+00', uuid '00000000-0000-0000-0000-000000000000'"
USUAL = {"plan_cache_mode": "auto", "enable_seqscan": "on", "enable_hashjoin": "on", "enable_mergejoin": "on"}

NOTE = """
CREATE FUNCTION scores_rank_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted record;
BEGIN
    -- An upsert fires both triggers, mostly one of them for no row.
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM scores_rankrange;
        DELETE FROM scores_rankchange;
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM new_rows) THEN
            RETURN NULL;
        END IF;
        WITH changes AS (
            INSERT INTO scores_rankchange (period, minus_points, reached_at, player, change)
            SELECT period_id, -points, reached_at, player_id, 1 FROM new_rows WHERE NOT hidden
            RETURNING id
        ) SELECT count(*) AS changes, max(id) AS last INTO noted FROM changes;
    ELSIF TG_OP = 'DELETE' THEN
        WITH changes AS (
            INSERT INTO scores_rankchange (period, minus_points, reached_at, player, change)
            SELECT period_id, -points, reached_at, player_id, -1 FROM old_rows WHERE NOT hidden
            RETURNING id
        ) SELECT count(*) AS changes, max(id) AS last INTO noted FROM changes;
    ELSE
        IF NOT EXISTS (SELECT FROM new_rows) THEN
            RETURN NULL;
        END IF;
        WITH changes AS (
            INSERT INTO scores_rankchange (period, minus_points, reached_at, player, change)
            SELECT period_id, -points, reached_at, player_id, sum(change) FROM (
                SELECT period_id, points, reached_at, player_id, -1 AS change FROM old_rows WHERE NOT hidden
                UNION ALL
                SELECT period_id, points, reached_at, player_id, 1 FROM new_rows WHERE NOT hidden
            ) moves GROUP BY period_id, points, reached_at, player_id HAVING sum(change) <> 0
            RETURNING id
        ) SELECT count(*) AS changes, max(id) AS last INTO noted FROM changes;
    END IF;
    IF noted.last % 1000 < noted.changes THEN
        PERFORM scores_rank_sweep();
    END IF;
    RETURN NULL;
END $$
"""
SWEEP = f"""
CREATE FUNCTION scores_rank_sweep() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed bigint[];
    narrow record;
BEGIN
    -- An older snapshot could not delete what another sweeper has deleted since.
    IF current_setting('transaction_isolation') <> 'read committed' OR NOT pg_try_advisory_xact_lock(4242007001) THEN
        RETURN;
    END IF;
    changed := ARRAY(SELECT DISTINCT period FROM scores_rankchange);
    INSERT INTO scores_rankrange (period, minus_points, reached_at, player, players)
    SELECT wanted, {OPENING}, 0 FROM unnest(changed) AS wanted
    WHERE NOT EXISTS (SELECT FROM scores_rankrange WHERE period = wanted);
    WITH gone AS (
        DELETE FROM scores_rankchange WHERE period = ANY(changed) RETURNING period, minus_points, reached_at, player, change
    ), sums AS (
        SELECT found.id, sum(gone.change) AS change FROM gone, LATERAL (
            SELECT id FROM scores_rankrange start
            WHERE start.period = gone.period
              AND (start.minus_points, start.reached_at, start.player) <= (gone.minus_points, gone.reached_at, gone.player)
            ORDER BY start.minus_points DESC, start.reached_at DESC, start.player DESC LIMIT 1
        ) found GROUP BY found.id
    )
    UPDATE scores_rankrange SET players = players + sums.change
    FROM sums WHERE scores_rankrange.id = sums.id AND sums.change <> 0;
    WHILE scores_rank_cut(changed) LOOP
    END LOOP;
    SELECT * INTO narrow FROM (
        SELECT id, players, lag(id) OVER places AS id_before, lag(players) OVER places AS players_before
        FROM scores_rankrange WHERE period = ANY(changed)
        WINDOW places AS (PARTITION BY period ORDER BY minus_points, reached_at, player)
    ) pairs WHERE players + players_before < 512 LIMIT 1;
    IF FOUND THEN
        UPDATE scores_rankrange SET players = players + narrow.players WHERE id = narrow.id_before;
        DELETE FROM scores_rankrange WHERE id = narrow.id;
    END IF;
END $$
"""
CUT = """
CREATE FUNCTION scores_rank_cut(changed bigint[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    wide scores_rankrange;
    cut record;
BEGIN
    SELECT * INTO wide FROM scores_rankrange WHERE period = ANY(changed) AND players > 2048 LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- One statement, one snapshot: the player 1024 places further on, and what of the places between is not swept yet.
    SELECT place.*, (
        SELECT coalesce(sum(change), 0) FROM scores_rankchange
        WHERE period = wide.period
          AND (minus_points, reached_at, player) >= (wide.minus_points, wide.reached_at, wide.player)
          AND (minus_points, reached_at, player) < (-place.points, place.reached_at, place.player)
    ) AS unswept INTO cut FROM scores_rank_go(wide.period, -wide.minus_points, wide.reached_at, wide.player, 1024) place
    WHERE place.player IS NOT NULL;
    -- Many may have left the range since it was swept: then it is not too wide any more.
    IF NOT FOUND OR EXISTS (
        SELECT FROM scores_rankrange
        WHERE period = wide.period
          AND (minus_points, reached_at, player) > (wide.minus_points, wide.reached_at, wide.player)
          AND (minus_points, reached_at, player) <= (-cut.points, cut.reached_at, cut.player)
    ) THEN
        RETURN false;
    END IF;
    UPDATE scores_rankrange SET players = 1024 - cut.unswept WHERE id = wide.id;
    INSERT INTO scores_rankrange (period, minus_points, reached_at, player, players)
    VALUES (wide.period, -cut.points, cut.reached_at, cut.player, wide.players - 1024 + cut.unswept);
    RETURN true;
END $$
"""
#: The place so many steps behind a place, or all null where nobody stands there.
GO = """
CREATE FUNCTION scores_rank_go(
    in_period bigint, from_points bigint, from_reached_at timestamptz, from_player uuid, steps bigint,
    OUT points bigint, OUT reached_at timestamptz, OUT player uuid
) STABLE LANGUAGE plpgsql AS $$
BEGIN
    SELECT next.points, next.reached_at, next.player_id INTO points, reached_at, player FROM (
        (SELECT standing.points, standing.reached_at, standing.player_id FROM scores_standing AS standing
         WHERE standing.period_id = in_period AND NOT standing.hidden AND standing.points = from_points
           AND (standing.reached_at, standing.player_id) >= (from_reached_at, from_player)
         ORDER BY standing.points DESC, standing.reached_at, standing.player_id LIMIT steps + 1)
        UNION ALL
        (SELECT standing.points, standing.reached_at, standing.player_id FROM scores_standing AS standing
         WHERE standing.period_id = in_period AND NOT standing.hidden AND standing.points < from_points
         ORDER BY standing.points DESC, standing.reached_at, standing.player_id LIMIT steps + 1)
    ) next ORDER BY next.points DESC, next.reached_at, next.player_id OFFSET steps LIMIT 1;
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
            SELECT period_id, points, reached_at, player_id,
                   row_number() OVER (PARTITION BY period_id ORDER BY points DESC, reached_at, player_id) - 1 AS place,
                   count(*) OVER (PARTITION BY period_id) AS players
            FROM scores_standing WHERE NOT hidden AND (wanted IS NULL OR period_id = wanted)
        ) places WHERE place % 1024 = 0
    )
    INSERT INTO scores_rankrange (period, minus_points, reached_at, player, players)
    -- The first range is open: who overtakes the leader of today stands in it.
    SELECT period_id, opened.* FROM (
        SELECT period_id, place, -points AS minus_points, reached_at, player_id,
               lead(place, 1, players) OVER (PARTITION BY period_id ORDER BY place) - place AS players FROM starts
    ) counted, LATERAL (
        SELECT {OPENING}, counted.players WHERE place = 0
        UNION ALL
        SELECT minus_points, reached_at, player_id, counted.players WHERE place > 0
    ) opened;
END $$
"""
AT = f"""
CREATE FUNCTION scores_rank_at(in_period bigint, at_points bigint, at_reached_at timestamptz, at_player uuid) RETURNS bigint
STABLE LANGUAGE plpgsql AS $$
DECLARE
    start record;
    ahead bigint;
BEGIN
    SELECT minus_points, reached_at, player INTO start FROM scores_rankrange
    WHERE period = in_period AND (minus_points, reached_at, player) <= (-at_points, at_reached_at, at_player)
    ORDER BY scores_rankrange.minus_points DESC, scores_rankrange.reached_at DESC, scores_rankrange.player DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT * INTO start FROM (VALUES ({OPENING})) AS place(minus_points, reached_at, player);
    END IF;
    ahead := (SELECT coalesce(sum(players), 0) FROM scores_rankrange
              WHERE period = in_period AND (minus_points, reached_at, player) < (start.minus_points, start.reached_at, start.player))
           + (SELECT coalesce(sum(change), 0) FROM scores_rankchange
              WHERE period = in_period AND (minus_points, reached_at, player) < (start.minus_points, start.reached_at, start.player));
    IF start.minus_points = -at_points THEN
        RETURN 1 + ahead + (SELECT count(*) FROM scores_standing WHERE period_id = in_period AND NOT hidden
            AND points = at_points AND (reached_at, player_id) >= (start.reached_at, start.player)
            AND (reached_at, player_id) < (at_reached_at, at_player));
    END IF;
    RETURN 1 + ahead
        + (SELECT count(*) FROM scores_standing WHERE period_id = in_period AND NOT hidden
           AND points = -start.minus_points AND (reached_at, player_id) >= (start.reached_at, start.player))
        + (SELECT count(*) FROM scores_standing WHERE period_id = in_period AND NOT hidden
           AND points < -start.minus_points AND points > at_points)
        + (SELECT count(*) FROM scores_standing WHERE period_id = in_period AND NOT hidden
           AND points = at_points AND (reached_at, player_id) < (at_reached_at, at_player));
END $$
"""
PLACE = f"""
CREATE FUNCTION scores_rank_place(
    in_period bigint, rank bigint, OUT points bigint, OUT reached_at timestamptz, OUT player uuid
) STABLE LANGUAGE plpgsql AS $$
DECLARE
    start record;
    counted bigint := 0;
    first bigint;
BEGIN
    -- About where it is, by the ranges alone; then back to one that surely begins ahead of it, by what is not swept too.
    FOR start IN SELECT * FROM scores_rankrange WHERE period = in_period
                 ORDER BY scores_rankrange.minus_points, scores_rankrange.reached_at, scores_rankrange.player LOOP
        counted := counted + start.players;
        EXIT WHEN counted >= rank;
    END LOOP;
    LOOP
        IF start IS NULL THEN
            SELECT * INTO start FROM (VALUES ({OPENING})) AS place(minus_points, reached_at, player);
        END IF;
        first := scores_rank_at(in_period, -start.minus_points, start.reached_at, start.player);
        EXIT WHEN first <= rank;
        SELECT * INTO start FROM scores_rankrange AS earlier
        WHERE earlier.period = in_period
          AND (earlier.minus_points, earlier.reached_at, earlier.player) < (start.minus_points, start.reached_at, start.player)
        ORDER BY earlier.minus_points DESC, earlier.reached_at DESC, earlier.player DESC LIMIT 1;
    END LOOP;
    SELECT place.* INTO points, reached_at, player
    FROM scores_rank_go(in_period, -start.minus_points, start.reached_at, start.player, rank - first) place;
END $$
"""
PLAYERS = """
CREATE FUNCTION scores_rank_players(in_period bigint) RETURNS bigint STABLE LANGUAGE sql AS $$
    SELECT (SELECT coalesce(sum(players), 0) FROM scores_rankrange WHERE period = in_period)::bigint
         + (SELECT coalesce(sum(change), 0) FROM scores_rankchange WHERE period = in_period)::bigint
$$
"""
FORWARDS = (
    GO,
    CUT,
    SWEEP,
    # A write forbids scans for itself, and its trigger runs within it; the sweep reads whole tables on purpose.
    "ALTER FUNCTION scores_rank_sweep() " + " ".join(f"SET {name} = {value}" for name, value in USUAL.items()),
    RECOUNT,
    AT,
    PLACE,
    PLAYERS,
    NOTE,
    # By statement and after it: every row of it is noted before a sweep looks at any.
    """CREATE TRIGGER scores_rank_inserted AFTER INSERT ON scores_standing REFERENCING NEW TABLE AS new_rows
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    """CREATE TRIGGER scores_rank_updated AFTER UPDATE ON scores_standing REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    """CREATE TRIGGER scores_rank_deleted AFTER DELETE ON scores_standing REFERENCING OLD TABLE AS old_rows
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    """CREATE TRIGGER scores_rank_truncated AFTER TRUNCATE ON scores_standing
       FOR EACH STATEMENT EXECUTE FUNCTION scores_rank_note()""",
    "SELECT scores_rank_recount(NULL)",
)
BACKWARDS = (
    "DROP TRIGGER scores_rank_truncated ON scores_standing",
    "DROP TRIGGER scores_rank_deleted ON scores_standing",
    "DROP TRIGGER scores_rank_updated ON scores_standing",
    "DROP TRIGGER scores_rank_inserted ON scores_standing",
    """DROP FUNCTION scores_rank_note(), scores_rank_players(bigint), scores_rank_place(bigint, bigint),
       scores_rank_at(bigint, bigint, timestamptz, uuid), scores_rank_recount(bigint), scores_rank_sweep(), scores_rank_cut(bigint[]),
       scores_rank_go(bigint, bigint, timestamptz, uuid, bigint)""",
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
    dependencies = [("scores", "0012_places_are_standings")]

    operations = [migrations.RunPython(count_places, stop_counting)]
