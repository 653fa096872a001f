"""Awards in two round trips, on PostgreSQL: read all that bears on them, then move scores and log in one statement.

The statement is a compare-and-swap: it moves a score only where it still is as it was read, and inserts the entry and moves the
standings with it, so one of two writers of a player wins and the other reads again. Every entry of a player moves `seq`, so what
was read from the log (the key, the pace, the freeze) still holds; an erasure moves `name`; a change of boards and periods moves
their version. A player whom another transaction holds is passed over, so that nobody waits for somebody else's player, and no
two of these can ever wait for each other. Each statement is its own transaction, and prepared where sessions are ours.
`./dev bench --only update` measures what an update costs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.utils import load_backend
from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8BinaryDumper

from audit import ledger
from audit.chain import SEALED_FIELDS, Entry, StoredEntry
from audit.clock import CLOCK_US
from audit.fields import select_column
from audit.models import AuditEntry
from audit.times import DAY_US, SECOND_US
from scores.awards.placement import Placement
from scores.awards.rules import Facts
from scores.callers import PlayerRow
from scores.counting.plans import BOARDS_LOCK
from scores.database.pooling import is_pooled
from scores.database.postgresql.arrays import Column, ColumnDumper
from scores.database.postgresql.base import telling_unanswered_writes
from scores.models import Action


class FactsQuery(NamedTuple):
    """What is asked of the database about an act: whose it is, the reference that may be used already, and the action claimed."""

    player: UUID
    ref: str | None
    slug: str | None


class FactsRow(NamedTuple):
    """All that bears on an act, and where the player's chain ends."""

    facts: Facts
    end: ledger.ChainEnd
    boards_version: int | None


def _select(name: str, table: str) -> str:
    return select_column(AuditEntry._meta.get_field(name), table, "postgresql")


#: The columns of a `PlayerRow`, and of an entry; what the context of the newest one was, nobody asks here.
PLAYER = (
    "score.id", "score.name", "score.points", "score.seq", "score.head", "score.frozen", "score.claimed_name", "score.claimed_us",
    "person.password", "person.is_active",
)  # fmt: skip
NEWEST = [*(_select(name, "newest") for name in (*SEALED_FIELDS, "mac")), "NULL AS newest_context"]
EARLIER = [_select(name, "earlier") for name in Entry._fields]
ACTION = [f"action.{field.column}" for field in Action._meta.concrete_fields]
ASKED = {"player": "uuid", "ref": "text", "slug": "text"}
#: `moment` is the one instant at which all of an act is judged: the log's clock, never earlier than the chain's last entry.
READ = f"""
WITH clock AS MATERIALIZED (SELECT {CLOCK_US} AS now_us)
SELECT asked.place, {", ".join([*PLAYER, *NEWEST, *EARLIER, *ACTION])}, moment.now_us, pace.last_us, pace.done_today,
       (SELECT version FROM scores_boardsversion) AS boards_version
FROM unnest({", ".join(f"%s::{kind}[]" for kind in ASKED.values())}) WITH ORDINALITY AS asked (player, ref, slug, place)
CROSS JOIN clock
JOIN scores_score AS score ON score.id = asked.player
JOIN auth_user AS person ON person.id = score.user_id
LEFT JOIN LATERAL (
    SELECT * FROM audit_auditentry WHERE player = score.id ORDER BY seq DESC LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT * FROM audit_auditentry WHERE audit_ref_digest(ref) = audit_ref_digest(asked.ref) AND ref = asked.ref LIMIT 1
) AS earlier ON true
LEFT JOIN scores_action AS action ON action.slug = asked.slug
CROSS JOIN LATERAL (SELECT greatest(clock.now_us, newest.at_us) AS now_us) AS moment
CROSS JOIN LATERAL (SELECT moment.now_us - moment.now_us %% {DAY_US} AS begin_us) AS today
LEFT JOIN LATERAL (
    SELECT max(at_us) AS last_us, count(*) FILTER (WHERE at_us >= today.begin_us) AS done_today
    FROM audit_auditentry
    WHERE (action.cooldown_seconds > 0 OR action.daily_cap > 0)
      AND player = score.id AND audit_auditentry.action = action.slug AND kind = 'award'
      AND at_us >= least(today.begin_us, moment.now_us - action.cooldown_seconds * {SECOND_US}::bigint)
) AS pace ON true
"""  # noqa: S608 - the columns of our own tables
#: Column by column, what a move takes along: whose score, as it was read, and where the entries lead it.
MOVE = {
    "player": "uuid", "name": "text", "was_seq": "bigint", "was_head": "text",
    "points": "bigint", "seq": "bigint", "head": "text", "reached_at": "timestamptz",
}  # fmt: skip
ENTRY = {
    "player": "uuid", "seq": "bigint", "kid": "text", "kind": "text", "delta": "bigint", "balance": "bigint", "value": "bigint",
    "action": "text",
    "ref": "text", "actor": "text", "at_us": "bigint", "detail": "bytea", "prev": "bytea", "mac": "bytea", "context": "jsonb",
}  # fmt: skip
_read_columns = attrgetter(*ENTRY)
STANDING = {"player": "uuid", "period": "bigint", "points": "bigint", "reached_at": "timestamptz", "seq": "bigint"}


def _rows(name: str, columns: dict[str, str]) -> str:
    # As binary, which needs no quoting.
    return f"unnest({', '.join(f'%b::{kind}[]' for kind in columns.values())}) AS {name} ({', '.join(columns)})"


WRITE = f"""
WITH move AS MATERIALIZED (
    SELECT * FROM {_rows("move", MOVE)}
), free AS (
    SELECT move.* FROM scores_score AS score JOIN move ON move.player = score.id
    WHERE score.seq = move.was_seq AND score.head = move.was_head AND score.name = move.name AND NOT score.frozen
      AND (SELECT version FROM scores_boardsversion) = %s
    FOR NO KEY UPDATE OF score SKIP LOCKED
), moved AS (
    UPDATE scores_score AS score SET points = free.points, seq = free.seq, head = free.head, reached_at = free.reached_at
    FROM free WHERE score.id = free.player
    RETURNING score.id
), stood AS (
    INSERT INTO scores_standing AS standing (player_id, period_id, points, reached_at, seq, hidden)
    SELECT place.*, false FROM {_rows("place", STANDING)}
    WHERE (place.player IN (SELECT id FROM moved)) IS TRUE ORDER BY place.player, place.period
    ON CONFLICT (player_id, period_id) DO UPDATE SET
        points = CASE WHEN standing.period_id = ANY(%s::bigint[]) THEN excluded.points ELSE standing.points + excluded.points END,
        reached_at = excluded.reached_at, seq = excluded.seq
    WHERE standing.period_id <> ALL(%s::bigint[]) OR excluded.points > standing.points
)
INSERT INTO audit_auditentry ({", ".join(ENTRY)})
SELECT entry.* FROM {_rows("entry", ENTRY)}
WHERE (entry.player IN (SELECT id FROM moved)) IS TRUE ORDER BY entry.player, entry.seq
RETURNING player
"""  # noqa: S608 - our own columns
#: The same of awards that rest on statements, which are kept with the first of them.
WRITE_STATED = WRITE.replace(
    "), stood AS (",
    """), stated AS (
    INSERT INTO audit_awardstatement (sha256, jws)
    SELECT * FROM unnest(%s::text[], %s::text[]) WHERE EXISTS (SELECT FROM moved) ON CONFLICT DO NOTHING
), stood AS (""",
)
#: How they are planned: once for all lists of players, and by index however small the tables were when that was.
PLANNING = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
#: Selected before a write, so that the version it then reads of the boards is that of its commit.
SHARE_BOARDS = f", pg_advisory_xact_lock_shared({BOARDS_LOCK})"


@cache
def is_offered() -> bool:
    """Tell whether the database has this way. Asks no connection: on the event loop, each look at one would make it."""
    database: str = load_backend(connections.settings[DEFAULT_DB_ALIAS]["ENGINE"]).DatabaseWrapper.vendor
    return database == "postgresql"


def is_possible() -> bool:
    """Tell whether this way is open: inside a transaction of the caller, a lost race could not be read again."""
    return is_offered() and not connection.in_atomic_block


def read_facts(queries: Sequence[FactsQuery]) -> list[FactsRow | None]:
    """Read what is known for each act, in order; None for an unknown player. Raises DatabaseError when the database fails."""
    facts: list[FactsRow | None] = [None] * len(queries)
    actions: dict[str, Action] = {}
    for row in _execute(READ, _columns_of(ASKED, queries), again=True):
        facts[row[0] - 1] = _read_row(row, actions)
    return facts


def _read_row(row: TupleRow, actions: dict[str, Action]) -> FactsRow:
    """What a row says; `actions` are those that earlier rows of the same answer told of, by slug."""
    columns = iter(row[1:])
    player = PlayerRow(*islice(columns, len(PLAYER)))
    newest, earlier = _read_entry(islice(columns, len(NEWEST))), _read_entry(islice(columns, len(EARLIER)))
    terms: Any = tuple(islice(columns, len(ACTION)))
    slug = terms[0]
    action = actions.get(slug) or actions.setdefault(slug, Action(*terms)) if slug is not None else None
    now_us, last_us, done_today, version = columns
    facts = Facts(player, earlier, action, now_us, last_us or 0, done_today or 0)
    return FactsRow(facts, ledger.ChainEnd(newest, now_us), version)


def _read_entry(columns: Iterable[Any]) -> Entry | None:
    *sealed, context = columns
    return None if sealed[0] is None else Entry._make([*sealed, context and json.loads(context)])


def write_entries(
    chains: Sequence[tuple[str, Sequence[StoredEntry]]], placement: Placement, statements: Mapping[str, str]
) -> set[UUID]:
    """Append each player's new entries and move score and standings along, where the score still stands before the first of them.

    Returns the players of whom that was so; none when boards or periods have changed since the placement. With each chain goes
    the name that the player had when it was sealed: an erasure changes it. `statements` are texts by hash, of all that entries
    name. Raises IntegrityError when a reference is used already, and then nothing was written; WriteUnanswered when the database
    did not say whether it was done.
    """
    moves = []
    for name, entries in chains:
        first, last = entries[0], entries[-1]
        now = last.balance, last.seq, last.mac, last.at_us
        moves.append((first.player, name, first.seq - 1, first.prev, *now))
    places = [
        (player, period, value.points, value.reached_us, value.seq)
        for (player, period), value in placement.values.items()
    ]
    stated = [Column("text", [*statements]), Column("text", [*statements.values()])] if statements else []
    parameters = [
        *_columns_of(MOVE, moves), placement.version, *stated,
        *_columns_of(STANDING, places), Column("bigint", placement.replacing), Column("bigint", placement.best),
        *_columns_of(ENTRY, [_read_columns(entry) for _, entries in chains for entry in entries]),
    ]  # fmt: skip
    with telling_unanswered_writes():
        written = _execute(WRITE_STATED if statements else WRITE, parameters, before=SHARE_BOARDS)
    return {player for (player,) in written}


def _columns_of(kinds: Mapping[str, str], table: Sequence[Sequence[object]]) -> list[Column]:
    return [*map(Column, kinds.values(), zip(*table, strict=True))]


def _execute(statement: str, parameters: Sequence[object], *, before: str = "", again: bool = False) -> list[TupleRow]:
    """Fetch the rows of a statement; with `again`, once more on a new connection where the kept one turns out to be dead.

    So the read is its own health check of the connection, which saves the round trip that Django's would take. What goes
    through a pipeline is one round trip and one transaction; rows are fetched after it, or that would be another. `before` is
    selected first: the statement sees what was committed by then.
    """
    connection.ensure_connection()
    server: psycopg.Connection[TupleRow] = connection.connection
    server.prepare_threshold = None if is_pooled(connection) else 0
    try:
        with connection.wrap_database_errors, psycopg.Cursor(server) as cursor:
            with server.pipeline():
                psycopg.Cursor(server).execute(_plan() + before)
                # As the columns' own type, whatever their size, or each size would be another statement to prepare.
                cursor.adapters.register_dumper(int, Int8BinaryDumper)
                cursor.adapters.register_dumper(Column, ColumnDumper)
                cursor.execute(statement, parameters)
            return cursor.fetchall()
    except Exception:
        if not again or not server.broken:
            raise
    connection.close()
    return _execute(statement, parameters)


def _plan() -> str:
    """Say how a statement is planned, until its transaction ends; other statements of the connection are planned as usual.

    Behind a pooler it also says what otherwise holds for the session.
    """
    session = connection.settings_dict["OPTIONS"]["session"] if is_pooled(connection) else {}
    said = {**session, **PLANNING}.items()
    return "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in said)
