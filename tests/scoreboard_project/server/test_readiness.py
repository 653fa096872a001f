"""What must hold before a machine may serve, and who watches over it."""

import threading
import time

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from scoreboard_project.server.readiness import DatabaseWatch, find_clock_fault, find_migration_fault, is_migrated
from scores.database.availability import Availability
from tests.support.processes import wait_until

DAY = 86_400


@pytest.mark.postgresql
@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_a_day_off_the_databases(days: int, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_clock_fault() is None
    connection.ensure_connection()
    present = time.time()
    monkeypatch.setattr(time, "time", lambda: present + days * DAY)
    said = str(find_clock_fault())
    assert said.startswith("This machine's clock is ")
    assert said.endswith(" off the database server's. Set both by NTP.")


@pytest.mark.django_db
def test_a_database_that_is_up_to_date_has_no_fault() -> None:
    assert (is_migrated(), find_migration_fault()) == (True, None)


@pytest.mark.django_db
def test_one_that_lacks_a_migration_is_told_what_to_run() -> None:
    [newest] = MigrationLoader(connection).graph.leaf_nodes("audit")
    MigrationRecorder(connection).record_unapplied(*newest)
    assert (is_migrated(), find_migration_fault()) == (
        False,
        "The database lacks tables or columns: run manage.py migrate.",
    )


@pytest.mark.django_db(transaction=True)
def test_whoever_watches_knows_all_of_it_before_the_first_request_and_ends_when_told() -> None:
    availability = Availability()
    watch = DatabaseWatch(availability)
    watch.start(timeout=10)
    assert (availability.is_watched, availability.is_away, availability.is_migrated) == (True, False, True)
    assert availability.missing_ledger_key is None
    watch.stop()
    wait_until(
        lambda: not any(thread.name == "watch" for thread in threading.enumerate()), seconds=5, what="The watch's end"
    )


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_in_time_is_away() -> None:
    availability = Availability()
    watch = DatabaseWatch(availability)
    watch.start(timeout=0)
    watch.stop()
    assert availability.is_watched
    wait_until(
        lambda: not any(thread.name == "watch" for thread in threading.enumerate()), seconds=5, what="The watch's end"
    )
