"""Scores of before stand on the main board after `migrate` as if its servers had moved them; and the way back is a true one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.own_database import manage_own_database, succeeding
from tests.support.plugin import Profile

BEFORE = ("scores", "0011")

#: Entries of every kind, by services that move standings along; who only was renamed, frozen or never played is among them.
HISTORY = """
from scores.investigation import corrections
from tests.support.acting import make_player
why = {"reason": "a day's play", "actor": "system"}
ada, bea, cyd, dot, eve = (make_player(name) for name in ("Ada", "Bea", "Cyd", "Dot", "Eve"))
make_player("Who never played")
corrections.freeze(player=dot.pk, **why)
corrections.unfreeze(player=dot.pk, **why)
for player, deltas in ((ada, (10, 20)), (bea, (10, -4, 5)), (cyd, (7,)), (dot, (3,))):
    for delta in deltas:
        corrections.adjust(player=player.pk, delta=delta, **why)
corrections.freeze(player=ada.pk, **why)
corrections.freeze(player=cyd.pk, **why)
corrections.unfreeze(player=cyd.pk, **why)
corrections.rename(player=bea.pk, name="Beatrice", **why)
corrections.rename(player=eve.pk, name="Eva", **why)
"""
STANDINGS = """
from scores.models import Standing
for row in Standing.objects.order_by("player"):
    print(row.player.name, row.period_id, row.points, row.reached_at, row.seq, row.hidden)
"""
BUILT_IN = """
from scores.models import Board, BoardsVersion, Period
print(Board.objects.values_list("pk", "slug", "counts", "rule", "span", "zone", "change", "seal"),
    Period.objects.values_list("pk", "board", "name", "starts_us", "ends_us", "change"), BoardsVersion.objects.values_list())
"""
#: All that decides how ranks are counted, but for texts that only PostgreSQL has.
SCHEMA = """
from django.db import connection
with connection.cursor() as cursor:
    if connection.vendor == "postgresql":
        for query in (
            "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE 'scores_%' ORDER BY 1",
            "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE 'scores_%' ORDER BY 1",
            "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'scores_%' ORDER BY 1",
            "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_name LIKE 'scores_%' ORDER BY 1, 2",
            "SELECT relname, reloptions FROM pg_class WHERE relname LIKE 'scores_rank%' AND relkind = 'r' ORDER BY 1",
        ):
            cursor.execute(query)
            print(*cursor.fetchall(), sep="\\n")
    else:
        cursor.execute("SELECT type, name FROM sqlite_master WHERE tbl_name LIKE 'scores_%' ORDER BY 1, 2")
        print(*cursor.fetchall(), sep="\\n")
"""
#: Of everybody on the board as the version before reads them: swept, and as they come.
RANKS = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("UPDATE scores_score SET points = points + 1 WHERE name = 'Cyd'")
    for _ in range(2):
        cursor.execute("SELECT name, scores_rank(id), row_number() OVER (ORDER BY points DESC, reached_at, id)"
                       " FROM scores_score WHERE NOT frozen AND reached_at IS NOT NULL")
        print(sorted(cursor.fetchall()))
        cursor.execute("SELECT scores_rank_sweep()")
    cursor.execute("UPDATE scores_score SET points = points - 1 WHERE name = 'Cyd'")
"""

Manage = Callable[..., str]


@pytest.fixture
def manage(profile: Profile, tmp_path: Path) -> Manage:
    return succeeding(manage_own_database(profile, tmp_path))


def test_scores_of_before_stand_as_if_moved_by_servers_and_the_way_back_is_a_true_one(
    manage: Manage, profile: Profile
) -> None:
    def shell(code: str) -> str:
        return manage("shell", "--no-imports", "--command", code)

    manage("migrate", *BEFORE, "--verbosity", "0")
    schema = shell(SCHEMA)
    manage("migrate", "--verbosity", "0")
    built_in = shell(BUILT_IN)
    assert "main" in built_in
    shell(HISTORY)
    standings = shell(STANDINGS)
    assert [line.split(" ", 1)[0] for line in standings.splitlines()].count("Ada") == 1
    assert len(standings.splitlines()) == 5
    manage("migrate", *BEFORE, "--verbosity", "0")
    assert shell(SCHEMA) == schema
    if profile.postgresql:
        expected = str([("Beatrice", 1, 1), ("Cyd", 2, 2), ("Dot", 3, 3), ("Eva", 4, 4)])
        assert shell(RANKS) == f"{expected}\n{expected}"
    manage("migrate", "--verbosity", "0")
    assert (shell(STANDINGS), shell(BUILT_IN)) == (standings, built_in)
