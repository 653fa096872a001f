"""Entries of before are the same entries after `migrate`, verify, go on, and are what they were on the way back."""

from pathlib import Path

import pytest

from tests.support.own_database import manage_own_database, succeeding
from tests.support.plugin import Profile

BEFORE = ("audit", "0012")
#: A void has a reference too; what was reversed twice, and a second key, would show a reference that is not unique.
HISTORY = """
from scores.investigation import corrections
from tests.support.acting import make_player
why = {"reason": "a day's play", "actor": "system"}
ada, bea = (make_player(name) for name in ("Ada", "Bea"))
for player, deltas in ((ada, (10, 20)), (bea, (10, -4))):
    for delta in deltas:
        corrections.adjust(player=player.pk, delta=delta, **why)
corrections.void(player=ada.pk, seq=2, **why)
"""
GOES_ON = """
from scores.investigation import corrections
from scores.models import Score
corrections.restore(player=Score.objects.get(name="Ada").pk, seq=2, reason="it was right", actor="system")
"""
#: As both releases read it, by hand: the older one has no other way here.
ENTRIES = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT * FROM audit_auditentry ORDER BY player, seq")
    names = [column.name if hasattr(column, "name") else column[0] for column in cursor.description]
    for row in cursor.fetchall():
        print([(name, value.hex() if isinstance(value, bytes) else value) for name, value in zip(names, row)])
"""
INDEXES = """
from django.db import connection
if connection.vendor == "postgresql":
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'audit_auditentry' ORDER BY indexdef")
        print(*cursor.fetchall(), sep="\\n")
        cursor.execute("SELECT conname, contype FROM pg_constraint WHERE conrelid = 'audit_auditentry'::regclass ORDER BY 1")
        print(*[row for row in cursor.fetchall() if row[1] != "n"], sep="\\n")
        cursor.execute("SELECT column_name, data_type, is_nullable FROM information_schema.columns"
                       " WHERE table_name = 'audit_auditentry' ORDER BY 1")
        print(*cursor.fetchall(), sep="\\n")
"""


def test_entries_stay_what_they_are_there_and_back(profile: Profile, tmp_path: Path) -> None:
    manage = succeeding(manage_own_database(profile, tmp_path))

    def shell(code: str) -> str:
        return manage("shell", "--no-imports", "--command", code)

    manage("migrate", *BEFORE, "--verbosity", "0")
    indexes = shell(INDEXES)
    manage("migrate", "--verbosity", "0")
    shell(HISTORY)
    entries = shell(ENTRIES)
    assert len(entries.splitlines()) == 5
    manage("migrate", *BEFORE, "--verbosity", "0")
    assert (shell(INDEXES), shell(ENTRIES)) == (indexes, entries)
    manage("migrate", "--verbosity", "0")
    assert shell(ENTRIES) == entries
    shell(GOES_ON)
    assert "6 entries" in manage("verify_ledger")
    assert "no findings" in manage("verify_ledger")


@pytest.mark.postgresql
def test_what_removes_is_refused_as_before(profile: Profile, tmp_path: Path) -> None:
    manage = succeeding(manage_own_database(profile, tmp_path))
    manage("migrate", "--verbosity", "0")
    manage("shell", "--no-imports", "--command", HISTORY)
    told = manage("shell", "--no-imports", "--command", """
from django.db import InternalError, connection
for statement in ("UPDATE audit_auditentry SET mac = ''", "DELETE FROM audit_auditentry"):
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except Exception as error:
        print(str(error).splitlines()[0])
""")  # fmt: skip
    assert told.splitlines() == ["audit_auditentry is append-only"] * 2
