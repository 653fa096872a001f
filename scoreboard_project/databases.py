"""The databases as Django connects with them: the one that takes writes, and a replica to read from where one is named."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from scoreboard_project.readers import Environment

SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
#: All that we ask is short or read once: compiling it costs up to a hundred times what it saves.
SESSION = {"jit": "off"}
#: One writer at a time is SQLite's nature: take the write lock at BEGIN, wait for it, and never lose a commit.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}
#: A server that does not answer must become a 503 within 5 s.
POSTGRESQL_OPTIONS = {
    "session": SESSION,
    "connect_timeout": 3,
    "tcp_user_timeout": 4000,
    "keepalives_idle": 10,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}
#: Stricter time limits for web processes only (lifespan.py), which must answer within 5 s (docs/contract.md 13.1).
WEB_SQLITE_OPTIONS = {"timeout": 3}
WEB_POSTGRESQL_OPTIONS = {
    "session": {
        **SESSION,
        "statement_timeout": "4000",
        "lock_timeout": "3000",
        "idle_in_transaction_session_timeout": "10000",
    },
    "connect_timeout": 2,
    "operation_seconds": 4.0,
}


def read_databases(env: Environment, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read DATABASES, and the options that web processes add to each; a database file of the default name is in this folder.

    Raises ImproperlyConfigured with a sentence.
    """
    databases: dict[str, Any] = {"default": env.database()}
    if env.text("READ_DATABASE_URL"):
        # `scores.database.replica` knows it by this name; our own tests have one database.
        databases["replica"] = {
            **env.database("READ_DATABASE_URL", target="prefer-standby"),
            "TEST": {"MIRROR": "default"},
        }
        if {database["ENGINE"] for database in databases.values()} != {POSTGRESQL}:
            raise ImproperlyConfigured(
                "READ_DATABASE_URL names a replica of DATABASE_URL: both must begin with postgresql://."
            )
    engine = databases["default"]["ENGINE"]
    if engine not in {SQLITE, POSTGRESQL}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql:// or sqlite:///.")
    if engine == SQLITE:
        _set(databases["default"], "scores.database.sqlite", SQLITE_OPTIONS)
        if env.text("DATABASE_URL") == "sqlite:///var/scoreboard.sqlite3":
            databases["default"]["NAME"] = folder / "scoreboard.sqlite3"
        return databases, WEB_SQLITE_OPTIONS
    for database in databases.values():
        _set(database, "scores.database.postgresql", {**POSTGRESQL_OPTIONS, "pooled": env.flag("DATABASE_POOLED")})
    return databases, WEB_POSTGRESQL_OPTIONS


def _set(database: dict[str, Any], engine: str, options: dict[str, Any]) -> None:
    database["ENGINE"] = engine
    database.setdefault("OPTIONS", {}).update(options)
