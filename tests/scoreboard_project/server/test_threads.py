"""Each kind of requests has threads of its own, and what waits in vain for a database is not given its time."""

import asyncio

import pytest
from django.db import connections
from django.test import override_settings

from scoreboard_project.server import threads
from scoreboard_project.server.threads import REQUEST_SECONDS, AllThreads
from scores.awards import compare_and_swap
from scores.database.availability import READ_SECONDS, Availability


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Availability:
    """A database that is watched and answers."""
    database = Availability()
    database.record_answer()
    database.is_watched = True
    monkeypatch.setattr(threads, "availability", database)
    return database


@pytest.mark.parametrize(
    ("method", "path", "kind", "kind_while_away"),
    [
        ("GET", "/static/scoreboard/board.css", "files", "files"),
        ("GET", "/", "boards", "boards"),
        ("GET", "/api/score/top", "boards", "boards"),
        ("POST", "/api/token", "logins", "refusals"),
        ("POST", "/api/awards", "awards", "refusals"),
        ("GET", "/login", "others", "refusals"),
        ("GET", "/admin/scores/score/", "desk", "refusals"),
        ("GET", "/api/score/me", "others", "refusals"),
        ("GET", "/api/boards/daily/2026-11-27", "others", "refusals"),
        ("GET", "/api/players", "costly", "refusals"),
        ("GET", "/api/players/00000000-0000-0000-0000-000000000001", "others", "refusals"),
        ("GET", "/api/boards/daily/2026-11-27/results", "costly", "refusals"),
        ("GET", "/api/score/me/proof", "costly", "refusals"),
        ("GET", "/you/proof", "costly", "refusals"),
    ],
)
def test_what_holds_up_one_kind_holds_up_no_other(
    method: str, path: str, kind: str, kind_while_away: str, database: Availability
) -> None:
    every = AllThreads()
    assert every.choose(method, path) is getattr(every, kind)
    database.record_failure()
    assert every.choose(method, path) is getattr(every, kind_while_away)


def test_where_there_is_one_writer_updates_have_one_thread(database: Availability) -> None:
    every = AllThreads()
    expected = every.others if compare_and_swap.is_offered() else every.writer
    assert every.choose("PATCH", "/api/score/update") is expected
    assert every.writer._max_workers == 1


def test_no_connection_is_made_on_the_event_loop_for_the_choice(database: Availability) -> None:
    """There each look at one makes another: a task has connections of its own."""

    async def choose() -> list[object]:
        AllThreads().choose("PATCH", "/api/score/update")
        return [*connections.all(initialized_only=True)]

    assert asyncio.run(choose()) == []


def test_nobody_waits_for_a_database_that_is_away(database: Availability) -> None:
    every = AllThreads()
    assert [kind.database_seconds() for kind in (every.files, every.boards, every.logins, every.desk)] == [
        0, READ_SECONDS, REQUEST_SECONDS, None,
    ]  # fmt: skip
    database.record_missed_read()
    assert (every.boards.database_seconds(), every.logins.database_seconds()) == (0, REQUEST_SECONDS)
    database.record_failure()
    assert {kind.database_seconds() for kind in (every.boards, every.logins, every.desk, every.others)} == {0}


@override_settings(STATIC_URL="/files/")
def test_files_are_where_the_settings_say(database: Availability) -> None:
    every = AllThreads()
    assert every.choose("GET", "/files/board.css") is every.files
    assert every.choose("GET", "/static/board.css") is every.others
