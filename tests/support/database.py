"""The database that the tests write to, and how its append-only triggers are lifted."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.support.plugin import Profile


def database_url(profile: Profile) -> str:
    """Of the database that the tests write to."""
    name = connection.settings_dict["NAME"]
    return profile.postgresql.database_url(name) if profile.postgresql else f"sqlite:///{name}"


def without_triggers(database: BaseDatabaseWrapper) -> AbstractContextManager[None]:
    """What only an owner of the database can do: within this block, rows of the log change and go."""
    lift = {"postgresql": _without_triggers_on_postgresql, "sqlite": _without_triggers_on_sqlite}
    return lift[database.vendor](database)


@contextlib.contextmanager
def _without_triggers_on_postgresql(database: BaseDatabaseWrapper) -> Iterator[None]:
    with database.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute("SET session_replication_role = origin")


@contextlib.contextmanager
def _without_triggers_on_sqlite(database: BaseDatabaseWrapper) -> Iterator[None]:
    with database.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
    try:
        yield
    finally:
        with database.cursor() as cursor:
            for _, definition in triggers:
                cursor.execute(definition)
