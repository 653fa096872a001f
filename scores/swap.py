"""An award in two round trips, on PostgreSQL: read all that bears on it, then move score and log in one statement.

The statement is a compare-and-swap: it moves the score only where it still is as it was read, and inserts the entry with it,
so one of two writers of a player wins and the other reads again. Every entry of a player moves `seq`, so what was read from
the log (the key, the pace, the freeze) still holds; an erasure moves `name`. Both statements are prepared, and each is its own
transaction. `./dev bench --only update` measures what an update costs this way.
"""

import json
import threading
from typing import Any
from uuid import UUID

import psycopg
from django.contrib.auth.models import User
from django.db import connection, models
from psycopg.types.numeric import Int8

from audit import ledger
from audit.models import AuditEntry
from scores.awarding import MICROSECONDS, Facts, midnight_us
from scores.models import Action, Score

#: Writers of one player in one process take turns, so that they wait for each other instead of reading again.
_turns = [threading.Lock() for _ in range(64)]


def _columns(model: type[models.Model], alias: str) -> str:
    return ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)


_WIDTHS = [len(model._meta.concrete_fields) for model in (Score, AuditEntry, AuditEntry, Action)]
READ = f"""
SELECT {_columns(Score, "score")}, {_columns(AuditEntry, "newest")}, {_columns(AuditEntry, "earlier")},
       {_columns(Action, "action")}, person.password, person.is_active, pace.last_us, pace.done_today
FROM scores_score AS score
JOIN auth_user AS person ON person.id = score.user_id
LEFT JOIN LATERAL (
    SELECT * FROM audit_auditentry WHERE player = score.id ORDER BY seq DESC LIMIT 1
) AS newest ON true
LEFT JOIN audit_auditentry AS earlier ON earlier.ref = %s
LEFT JOIN scores_action AS action ON action.slug = %s
LEFT JOIN LATERAL (
    SELECT max(at_us) AS last_us, count(*) FILTER (WHERE at_us >= %s) AS done_today
    FROM audit_auditentry
    WHERE player = score.id AND audit_auditentry.action = action.slug AND kind = 'award'
      AND at_us >= least(%s, %s - action.cooldown_seconds * {MICROSECONDS}::bigint)
) AS pace ON action.cooldown_seconds > 0 OR action.daily_cap > 0
WHERE score.id = %s
"""  # noqa: S608 - the columns of our own tables
WRITE = """
WITH moved AS (
    UPDATE scores_score SET points = %s, seq = %s, head = %s, reached_at = %s
    WHERE id = %s AND seq = %s AND head = %s AND name = %s AND NOT frozen
    RETURNING id
)
INSERT INTO audit_auditentry
    (player, seq, kid, kind, delta, balance, action, ref, actor, at_us, detail, prev, mac, context)
SELECT id, %s, %s::text, %s::text, %s, %s, %s::text, %s::text, %s::text, %s, %s::text, %s::text, %s::text, %s::jsonb FROM moved
RETURNING id
"""


def is_possible() -> bool:
    """Inside a transaction of the caller's, a lost race could not be read again."""
    return connection.vendor == "postgresql" and not connection.in_atomic_block


def turn_of(player: UUID) -> threading.Lock:
    return _turns[player.int % len(_turns)]


def read_facts(player: UUID, ref: str | None, slug: str | None) -> tuple[Facts, AuditEntry | None] | None:
    """All that bears on an act, and the newest entry of the player's chain; None for an unknown player."""
    now = ledger.now_us()
    midnight = Int8(midnight_us(now))
    row = _execute(READ, (ref, slug, midnight, midnight, Int8(now), player), again=True)
    if row is None:
        return None
    parts, start = [], 0
    for width in _WIDTHS:
        parts.append(row[start : start + width])
        start += width
    score = Score(*parts[0])
    score.user = User(id=score.user_id, password=row[start], is_active=row[start + 1])
    newest, earlier = (AuditEntry(*part) if part[0] is not None else None for part in parts[1:3])
    if earlier is not None and earlier.context is not None:
        earlier.context = json.loads(earlier.context)
    action = Action(*parts[3]) if parts[3][0] is not None else None
    return Facts(score, earlier, action, row[start + 2] or 0, row[start + 3] or 0), newest


def write_entry(score: Score, entry: AuditEntry) -> bool:
    """Append the entry and move the score from as it was read to where the entry leads; False where it had moved on."""
    parameters = (
        Int8(entry.balance), Int8(entry.seq), entry.mac, entry.at if entry.delta else score.reached_at,
        score.pk, Int8(score.seq), score.head, score.name,
        Int8(entry.seq), entry.kid, str(entry.kind), Int8(entry.delta), Int8(entry.balance), entry.action, entry.ref,
        entry.actor, Int8(entry.at_us), entry.detail, entry.prev, entry.mac, json.dumps(entry.context),
    )  # fmt: skip
    return _execute(WRITE, parameters) is not None


def _execute(statement: str, parameters: tuple[Any, ...], *, again: bool = False) -> Any:
    """The one row of a prepared statement. `again`: where the kept connection turns out to be dead, take a new one, once.

    So the read is its own health check of the connection, which saves the round trip that Django's would take.
    """
    connection.ensure_connection()
    server: psycopg.Connection[Any] = connection.connection
    server.prepare_threshold = 0
    try:
        with connection.wrap_database_errors, psycopg.Cursor(server) as cursor:
            return cursor.execute(statement, parameters).fetchone()
    except Exception:
        if not again or not server.broken:
            raise
    connection.close()
    return _execute(statement, parameters)
