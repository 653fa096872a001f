"""Nothing that we ask of PostgreSQL is compiled by its JIT, which is on in Debian and in Docker."""

import http.client
from collections.abc import Iterator

import psycopg
import pytest

from tests.support.servers import PostgreSQL
from tests.support.site import Site

pytestmark = [pytest.mark.postgresql, pytest.mark.system_postgresql]

COMPILED = """
SELECT query FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
WHERE datname = ANY(%s) AND jit_functions > 0 ORDER BY query
"""


@pytest.fixture
def compiling() -> Iterator[PostgreSQL]:
    """A server that counts, and compiles whatever is not asked for without."""
    with PostgreSQL(
        of_system=True, shared_preload_libraries="pg_stat_statements", jit="on", jit_above_cost="0"
    ) as postgresql:
        with psycopg.connect(postgresql.database_url("postgres"), autocommit=True) as database:
            database.execute("CREATE EXTENSION pg_stat_statements")
        yield postgresql


def test_no_statement_of_ours_is_compiled(compiling: PostgreSQL) -> None:
    site = Site(compiling)
    with site.server:
        players = site.make_players("Ada", "Grace")
        for _ in range(8):
            for player in players:
                site.act(player)
        site.sign_in("Mary")
        for path in ("/", "/api/score/top", "/readyz", "/metrics"):
            assert site.request("GET", path, {})[0] == http.HTTPStatus.OK
        site.request("GET", "/api/score/me", {"Authorization": f"Bearer {players[0].access}"})
        for command in (["seal_ledger"], ["verify_ledger"], ["detect"], ["rebuild_scores", "--check"]):
            site.manage(*command)
    with psycopg.connect(compiling.database_url("postgres"), autocommit=True) as observer:
        assert observer.execute(COMPILED, [[site.database, site.template]]).fetchall() == []
        row = observer.execute(
            "SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%audit_auditentry%'"
        ).fetchone()
        assert row
        assert row[0] > 10
        # So it is that nobody compiled, not that nobody could.
        assert observer.execute(COMPILED, [["postgres"]]).fetchall() != []
