"""Players and log entries by the million, made by SQL for their number only: their chains prove nothing, so they never act."""

import psycopg

#: Rows a statement, so that an interrupted run has lost little and memory stays small.
CHUNK = 500_000

PLAYERS = """
WITH people AS (
    INSERT INTO auth_user (username, password, first_name, last_name, email, is_active, is_staff, is_superuser, date_joined)
    SELECT 'filler-' || n, '!', '', '', '', true, false, false, now() FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    RETURNING id, substr(username, 8)::bigint AS n
)
INSERT INTO scores_score (id, user_id, name, name_key, points, reached_at, seq, head, frozen)
SELECT md5(n::text)::uuid, id, 'Filler ' || n, 'filler ' || n, 1 + abs(hashint8(n)::bigint) %% 100000,
       now() - n * interval '1 millisecond', 1, repeat('0', 64), false
FROM people
"""
STANDINGS = """
INSERT INTO scores_standing (player_id, period_id, points, reached_at, seq, hidden)
SELECT id, 0, points, reached_at, seq, frozen FROM scores_score WHERE reached_at IS NOT NULL ORDER BY id
ON CONFLICT DO NOTHING
"""
PLAIN_PLAYERS = """
WITH people AS (
    INSERT INTO auth_user (username, password, first_name, last_name, email, is_active, is_staff, is_superuser, date_joined)
    SELECT 'filler-' || n, '!', '', '', '', true, false, false, now() FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    RETURNING id, substr(username, 8)::bigint AS n
)
INSERT INTO board_score (user_id, points, updated_at)
SELECT id, 1 + abs(hashint8(n)::bigint) %% 100000, now() FROM people
"""
#: Of a thousand players that PLAYERS makes, where it makes as many as two.
ENTRIES = """
INSERT INTO audit_auditentry
    (player, seq, kid, kind, delta, balance, action, ref, actor, at_us, detail, prev, mac, context)
SELECT player, 2 + n / 1000, 'ledger-1', 'award', 10, 20 + n / 100, 'daily-quiz',
       'k:' || player || ':' || encode(sha256(n::text::bytea), 'hex'), player::text, 1700000000000000 + n * 1000,
       pg_temp.stored(sha256(('d' || n)::bytea)), pg_temp.stored(sha256(('p' || n)::bytea)), pg_temp.stored(sha256(('m' || n)::bytea)),
       jsonb_build_object('address', '192.0.2.1', 'agent', 'benchmark', 'request', md5(n::text), 'token', md5('t' || n),
                          'salt', md5('s' || n))
FROM (SELECT n, md5((1001 + n %% 1000)::text)::uuid AS player FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n) AS numbers
"""
#: A commit to compare with may keep hashes as text, as the log did before the migration `audit` 0013.
HASHES_ARE_TEXT = """
SELECT 1 FROM information_schema.columns WHERE table_name = 'audit_auditentry' AND column_name = 'mac' AND data_type <> 'bytea'
"""
STORED = "CREATE FUNCTION pg_temp.stored(hash bytea) RETURNS {} IMMUTABLE LANGUAGE sql AS $$ SELECT {} $$"
#: So many ended days of a board, each with a thousand players.
ENDED = """
WITH ended AS (
    INSERT INTO scores_period (board_id, name, starts_us, ends_us, change)
    SELECT board.id, to_char(day, 'YYYY-MM-DD'), extract(epoch FROM day) * 1000000, extract(epoch FROM day + interval '1 day') * 1000000, 0
    FROM scores_board AS board, generate_series(1, %(ended)s) AS number,
        LATERAL (SELECT timestamp '2020-01-01' + number * interval '1 day' AS day) AS days
    WHERE board.slug = %(slug)s RETURNING id, starts_us
)
INSERT INTO scores_standing (player_id, period_id, points, reached_at, seq, hidden)
SELECT score.id, ended.id, 1 + abs(hashint8(ended.id * 31 + row_number) %% 1000), to_timestamp(ended.starts_us / 1000000), 1, false
FROM ended, (SELECT id, row_number() OVER () FROM scores_score LIMIT 1000) AS score
"""
#: The indexes of a table that are no constraint's: name and definition.
PLAIN_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = %s AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
COUNTED = {PLAYERS: "scores_score", PLAIN_PLAYERS: "board_score", ENTRIES: "audit_auditentry"}


def grow(url: str, statement: str, size: int) -> None:
    """Fill the statement's table up to so many rows, without its triggers and indexes, which are made good at the end."""
    table = COUNTED[statement]
    with psycopg.connect(url, autocommit=True) as connection:
        # For the filling alone; what is measured commits durably.
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '1GB'")
        if statement == ENTRIES:
            are_text = connection.execute(HASHES_ARE_TEXT.encode()).fetchone()
            kept = ("text", "encode(hash, 'hex')") if are_text else ("bytea", "hash")
            connection.execute(STORED.format(*kept).encode())
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608
        there = row[0] if row else 0
        indexes = connection.execute(PLAIN_INDEXES, [table]).fetchall() if size - there > CHUNK else []
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}".encode())
        for first in range(there + 1, size + 1, CHUNK):
            connection.execute(statement.encode(), {"first": first, "last": min(first + CHUNK - 1, size)})
        for _, definition in indexes:
            connection.execute(definition.encode())
        connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())
        if statement == PLAYERS:
            connection.execute("SET session_replication_role = replica")
            connection.execute(STANDINGS.encode())
            connection.execute("SET session_replication_role = origin")
            connection.execute("SELECT scores_rank_recount(NULL)")
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def end_periods(url: str, slug: str, count: int) -> None:
    """Give a board by day so many days that have ended."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ENDED.encode(), {"slug": slug, "ended": count})
        # So many changes of ranks at once are swept, and lie there until they are cleared away.
        connection.execute("VACUUM ANALYZE scores_standing, scores_rankchange, scores_rankrange, scores_period")
