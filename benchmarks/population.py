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
       encode(sha256(('d' || n)::bytea), 'hex'), encode(sha256(('p' || n)::bytea), 'hex'),
       encode(sha256(('m' || n)::bytea), 'hex'),
       jsonb_build_object('address', '192.0.2.1', 'agent', 'benchmark', 'request', md5(n::text), 'token', md5('t' || n),
                          'salt', md5('s' || n))
FROM (SELECT n, md5((1001 + n %% 1000)::text)::uuid AS player FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n) AS numbers
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
