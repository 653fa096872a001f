"""Ranks of every period looked up in the counts of migration 0013: the rank of a place, who has a rank, and how many there are."""

from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

OPENING = import_module("scores.migrations.0013_places_counted_by_period").OPENING

RANK_AT = f"""
CREATE FUNCTION scores_rank_at(in_period bigint, of_points bigint, since timestamptz, of_player uuid) RETURNS bigint
STABLE LANGUAGE plpgsql AS $$
DECLARE
    start record;
    ahead bigint;
BEGIN
    SELECT -minus_points AS points, reached_at, player INTO start FROM scores_rankrange
    WHERE period = in_period AND (minus_points, reached_at, player) <= (-of_points, since, of_player)
    ORDER BY scores_rankrange.minus_points DESC, scores_rankrange.reached_at DESC, scores_rankrange.player DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT -place.minus_points AS points, place.reached_at, place.player INTO start
        FROM (VALUES ({OPENING})) AS place(minus_points, reached_at, player);
    END IF;
    ahead := (SELECT coalesce(sum(players), 0) FROM scores_rankrange WHERE period = in_period
              AND (minus_points, reached_at, player) < (-start.points, start.reached_at, start.player))
           + (SELECT coalesce(sum(change), 0) FROM scores_rankchange WHERE period = in_period
              AND (minus_points, reached_at, player) < (-start.points, start.reached_at, start.player));
    IF start.points = of_points THEN
        RETURN 1 + ahead + (SELECT count(*) FROM scores_standing WHERE NOT hidden AND period_id = in_period
            AND points = of_points AND (reached_at, player_id) >= (start.reached_at, start.player) AND (reached_at, player_id) < (since, of_player));
    END IF;
    RETURN 1 + ahead
        + (SELECT count(*) FROM scores_standing WHERE NOT hidden AND period_id = in_period
           AND points = start.points AND (reached_at, player_id) >= (start.reached_at, start.player))
        + (SELECT count(*) FROM scores_standing WHERE NOT hidden AND period_id = in_period
           AND points < start.points AND points > of_points)
        + (SELECT count(*) FROM scores_standing WHERE NOT hidden AND period_id = in_period
           AND points = of_points AND (reached_at, player_id) < (since, of_player));
END $$
"""  # noqa: S608 - our own constant
PLACE = f"""
CREATE FUNCTION scores_rank_place(in_period bigint, wanted bigint)
RETURNS TABLE (points bigint, reached_at timestamptz, player uuid) STABLE LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    start record;
    unswept bigint;
    further bigint;
BEGIN
    -- So many at most have come to or left what lies ahead of a range since it was counted: the rank is in the first range that
    -- could have it or soon behind its start. Ranges are added up as integers, which takes half the time of numbers without end.
    unswept := (SELECT coalesce(sum(abs(change)), 0) FROM scores_rankchange WHERE period = in_period);
    IF wanted <= unswept THEN
        SELECT -place.minus_points AS points, place.reached_at, place.player, 0::bigint AS ahead INTO start
        FROM (VALUES ({OPENING})) AS place(minus_points, reached_at, player);
    ELSE
        SELECT -minus_points AS points, reached_at, player, upto - players AS ahead INTO start FROM (
            SELECT minus_points, reached_at, player, players,
                   sum(players::int) OVER (ORDER BY minus_points, reached_at, player ROWS UNBOUNDED PRECEDING) AS upto
            FROM scores_rankrange WHERE period = in_period
        ) starts WHERE upto >= wanted - unswept ORDER BY starts.minus_points, starts.reached_at, starts.player LIMIT 1;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    further := wanted - start.ahead - (SELECT coalesce(sum(change), 0) FROM scores_rankchange WHERE period = in_period
        AND (minus_points, reached_at, player) < (-start.points, start.reached_at, start.player));
    RETURN QUERY SELECT * FROM (
        (SELECT points, reached_at, player_id FROM scores_standing
         WHERE NOT hidden AND period_id = in_period
           AND points = start.points AND (reached_at, player_id) >= (start.reached_at, start.player)
         ORDER BY points DESC, reached_at, player_id LIMIT further)
        UNION ALL
        (SELECT points, reached_at, player_id FROM scores_standing
         WHERE NOT hidden AND period_id = in_period AND points < start.points
         ORDER BY points DESC, reached_at, player_id LIMIT further)
    ) next ORDER BY points DESC, reached_at, player_id OFFSET further - 1 LIMIT 1;
END $$
"""  # noqa: S608 - our own constant
PLAYERS = """
CREATE FUNCTION scores_rank_players(in_period bigint) RETURNS bigint STABLE LANGUAGE sql AS $$
    SELECT ((SELECT coalesce(sum(players), 0) FROM scores_rankrange WHERE period = in_period)
          + (SELECT coalesce(sum(change), 0) FROM scores_rankchange WHERE period = in_period))::bigint
$$
"""
FORWARDS = (RANK_AT, PLACE, PLAYERS)
BACKWARDS = (
    """DROP FUNCTION scores_rank_at(bigint, bigint, timestamptz, uuid), scores_rank_place(bigint, bigint),
       scores_rank_players(bigint)""",
)


def look_up_places(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _execute(schema_editor, FORWARDS)


def stop_looking_up(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _execute(schema_editor, BACKWARDS)


def _execute(schema_editor: BaseDatabaseSchemaEditor, statements: tuple[str, ...]) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("scores", "0015_names_are_searched")]

    operations = [migrations.RunPython(look_up_places, stop_looking_up)]
