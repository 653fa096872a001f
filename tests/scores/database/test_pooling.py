"""What is left in no session behind a pooler in transaction mode, and how one is told that we were not told of."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from scores.awards import service
from scores.awards.rules import Attempt, SelfReport
from scores.database import pooling
from scores.database.availability import availability, time_limit
from scores.database.postgresql.base import WriteUnanswered, telling_unanswered_writes
from scores.models import Action, Score
from tests.support.acting import make_player
from tests.support.awards import caller_of
from tests.support.chains import check_chain
from tests.support.pgbouncer import PgBouncer
from tests.support.servers import PostgreSQL

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
Through = Callable[..., AbstractContextManager[PgBouncer]]


@pytest.fixture(autouse=True)
def _nothing_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told here stays here."""
    monkeypatch.setattr(availability, "are_sessions_shared", False)


@pytest.fixture
def through(transactional_db: None, postgresql: PostgreSQL) -> Through:
    """Inside, the connection of this test goes by a PgBouncer of these settings, as with DATABASE_POOLED on or off."""

    @contextmanager
    def connect(*, pooled: bool, session: dict[str, str] | None = None, **settings: str) -> Iterator[PgBouncer]:
        known = connection.settings_dict
        before = {name: known[name] for name in ("HOST", "PORT", "OPTIONS")}
        with PgBouncer(postgresql, ignore_startup_parameters="options", **settings) as pgbouncer:
            connection.close()
            session = before["OPTIONS"]["session"] if session is None else session
            known.update(PORT=pgbouncer.port, OPTIONS={**before["OPTIONS"], "pooled": pooled, "session": session})
            try:
                yield pgbouncer
            finally:
                connection.close()
                known.update(before)

    return connect


@pytest.fixture
def ada(transactional_db: None) -> Score:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    return make_player()


def connect_to(pgbouncer: PgBouncer) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(pgbouncer.database_url(str(connection.settings_dict["NAME"])), prepare_threshold=None)


def count(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        [[number]] = cursor.fetchall()
    return int(number)


def report(player: Score, key: str) -> None:
    service.award(Attempt(caller_of(player), SelfReport("daily-quiz", key), {}))


def test_an_award_leaves_nothing_in_the_session(ada: Score, through: Through) -> None:
    session = {"jit": "off", "lock_timeout": "1234"}
    with through(pooled=True, session=session, default_pool_size="1"):
        report(ada, "first")
        assert count("SELECT count(*) FROM pg_prepared_statements") == 0
        assert count("SELECT count(*) FROM pg_settings WHERE name = 'lock_timeout' AND setting = '1234'") == 0
        assert count("SELECT count(*) FROM pg_settings WHERE name = 'enable_seqscan' AND setting = 'off'") == 0
    check_chain(ada)


def test_what_holds_in_a_session_elsewhere_is_said_with_each_award(ada: Score, through: Through) -> None:
    with through(pooled=True, session={"lock_timeout": "100"}) as pgbouncer, connect_to(pgbouncer) as other:
        other.execute("LOCK TABLE scores_score IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(OperationalError, match="due to lock timeout"), time_limit(10):
            report(ada, "first")
    ada.refresh_from_db()
    assert (ada.points, ada.seq) == (0, 0)


def test_rows_are_read_to_the_end_also_where_the_session_was_another(ada: Score, through: Through) -> None:
    names = [make_player(f"Player {number}").name for number in range(9)]
    with through(pooled=True, default_pool_size="2") as pgbouncer:
        rows = Score.objects.exclude(pk=ada.pk).order_by("name").values_list("name", flat=True).iterator(2)
        read = [next(rows)]
        with connect_to(pgbouncer) as other:
            # It has the session that was ours from here on.
            other.execute("SELECT 1")
            read += rows
    assert read == names


def test_in_a_transaction_rows_are_read_as_a_stream(ada: Score, through: Through) -> None:
    make_player("Bea")
    with through(pooled=True), transaction.atomic():
        rows = Score.objects.order_by("name").values_list("name", flat=True).iterator(1)
        assert next(rows) == "Ada"
        assert count("SELECT count(*) FROM pg_cursors") == 1
        assert list(rows) == ["Bea"]


def test_a_pooler_that_shares_out_its_sessions_is_told(through: Through) -> None:
    assert pooling.find_pooler_fault() is None
    with through(pooled=False):
        assert pooling.find_pooler_fault() == f"{pooling.ADVICE}."
    with through(pooled=True):
        assert pooling.find_pooler_fault() is None


@pytest.mark.parametrize("sessions", ["1", "3"])
def test_a_pooler_whose_clients_keep_their_sessions_is_none(sessions: str, through: Through) -> None:
    with through(pooled=False, pool_mode="session", default_pool_size=sessions):
        assert pooling.find_pooler_fault() is None


@pytest.mark.parametrize(
    "cause",
    [
        psycopg.errors.InvalidSqlStatementName('prepared statement "_pg3_0" does not exist'),
        psycopg.errors.DuplicatePreparedStatement('prepared statement "_pg3_0" already exists'),
        psycopg.errors.InvalidCursorName('cursor "_django_curs_1_sync_1" does not exist'),
        psycopg.errors.ProtocolViolation(
            'bind message supplies 3 parameters, but prepared statement "_pg3_0" requires 22'
        ),
        psycopg.OperationalError("connection failed: FATAL: unsupported startup parameter: options"),
    ],
)
def test_what_misses_its_session_names_the_setting_and_is_no_unknown_outcome(cause: psycopg.Error) -> None:
    with pytest.raises(OperationalError) as raised, telling_unanswered_writes(), connection.wrap_database_errors:
        raise cause
    assert not isinstance(raised.value, WriteUnanswered)
    assert str(raised.value) == f"{pooling.ADVICE} ({cause})"
    assert availability.are_sessions_shared


@pytest.mark.parametrize(
    "cause",
    [psycopg.errors.UndefinedTable('relation "scores_score" does not exist'), psycopg.errors.ProtocolViolation("x")],
)
def test_other_faults_are_what_they_are(cause: psycopg.Error) -> None:
    with pytest.raises(Exception, match=str(cause)) as raised, connection.wrap_database_errors:
        raise cause
    assert not isinstance(raised.value, pooling.SessionsShared)
    assert not availability.are_sessions_shared
