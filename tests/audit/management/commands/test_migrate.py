"""manage.py migrate: Django's own, silent about roles where there are none."""

import re

import pytest
from django.core.management import call_command
from django.db import connection

from tests.support.commands import call
from tests.support.processes import ROOT

pytestmark = pytest.mark.django_db

SQL = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/operations.md").read_text(encoding="utf-8"), re.DOTALL)


def has_rights(role: str, table: str, rights: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, rights])
        return bool(cursor.fetchone()[0])


def test_it_says_what_django_says_and_of_roles_only_where_there_are_some() -> None:
    said = call("migrate")
    assert said.splitlines()[-1].strip() == "No migrations to apply."
    assert "scoreboard_app" not in said
    assert call("migrate", "--verbosity", "0") == ""


def test_a_look_at_what_is_to_be_done_does_nothing() -> None:
    assert call("migrate", "--plan") == "Planned operations:\n  No planned migration operations.\n"
    assert call("migrate", "--check") == ""


@pytest.mark.postgresql
def test_every_migrate_gives_the_roles_their_rights_over_new_tables_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute(SQL[0])
        cursor.execute("CREATE TABLE new_table (number int)")
    call_command("migrate", verbosity=0)
    assert has_rights("scoreboard_app", "new_table", "INSERT")
    assert not has_rights("scoreboard_app", "audit_auditentry", "UPDATE")
    assert has_rights("scoreboard_sealer", "audit_checkpoint", "INSERT")
    assert not has_rights("scoreboard_sealer", "new_table", "SELECT")


@pytest.mark.postgresql
@pytest.mark.parametrize("look", ["plan", "check_unapplied"])
def test_a_look_at_migrations_grants_nothing(look: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SQL[0])
    call_command("migrate", verbosity=0, **{look: True})
    assert not has_rights("scoreboard_app", "audit_auditentry", "SELECT")
