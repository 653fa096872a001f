"""The roles of docs/operations.md: who serves and who seals can do their work, and cannot touch what is written."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from audit import checkpoints, roles
from audit.models import AuditEntry, Checkpoint
from scores.models import Score
from tests.support.processes import ROOT
from tests.support.tampering import act, run_verify

pytestmark = pytest.mark.postgresql

#: What a database is told; what the server is told is no part of any.
SQL = re.findall(
    r"```sql\n(?!ALTER SYSTEM)(.*?)```", (ROOT / "docs/operations.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.fixture
def players(players: list[Score]) -> list[Score]:
    """A history, and the documented roles over it; they go with the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statements in SQL:
            cursor.execute(statements)
    return players


@contextmanager
def as_role(role: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        try:
            yield
        finally:
            cursor.execute("RESET ROLE")


@pytest.mark.parametrize("role", ["scoreboard_app", "scoreboard_sealer"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET balance = 1",
        "UPDATE audit_auditentry SET context = NULL",
        "DELETE FROM audit_auditentry",
        "TRUNCATE audit_auditentry",
        "ALTER TABLE audit_auditentry DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_entry_append_only ON audit_auditentry",
        "ALTER FUNCTION audit_entry_refuse_change() RENAME TO harmless",
        "UPDATE audit_checkpoint SET jws = ''",
        "DELETE FROM audit_checkpointhead",
        "TRUNCATE audit_checkpoint, audit_checkpointhead",
        "SET session_replication_role = replica",
    ],
)
def test_nobody_who_serves_or_seals_can_touch_the_log(players: list[Score], role: str, statement: str) -> None:
    before = [list(model.objects.order_by("pk").values()) for model in (AuditEntry, Checkpoint)]
    with as_role(role), pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)
    assert [list(model.objects.order_by("pk").values()) for model in (AuditEntry, Checkpoint)] == before


def test_the_app_serves(players: list[Score]) -> None:
    with as_role("scoreboard_app"):
        act(players[0], "as-the-app")
        assert run_verify() == []


def test_the_sealer_seals_and_awards_nothing(players: list[Score]) -> None:
    with as_role("scoreboard_sealer"):
        assert len(checkpoints.sign_checkpoints()) == 1
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Score.objects.update(points=1)
    assert run_verify() == []


def test_the_app_cannot_make_checkpoints(players: list[Score]) -> None:
    act(players[0], "more")
    with as_role("scoreboard_app"), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        checkpoints.sign_checkpoints()


def test_what_migrate_grants_is_what_the_document_says() -> None:
    assert SQL[1] == roles.GRANTS


@pytest.mark.django_db
def test_a_database_without_the_roles_is_left_as_it_is() -> None:
    assert roles.grant(connection) is False
