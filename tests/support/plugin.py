"""Starts the servers and sets the environment before pytest-django reads the settings.

Loaded by `-p tests.support.plugin` (pyproject.toml). `--profile=postgresql` (the default) tests as in production: with
PostgreSQL and Valkey. `--profile=sqlite` tests the small installation: one process, a SQLite file, no Valkey.
"""

import base64
import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.servers import PostgreSQL, Valkey


@dataclass(frozen=True)
class Profile:
    """What this run tests with; `postgresql` and `valkey` are None in the SQLite profile."""

    name: str
    folder: Path
    postgresql: PostgreSQL | None
    valkey: Valkey | None


PROFILE = pytest.StashKey[Profile]()
#: What the tests take over from whoever starts them: where programs and room are, and the browser that ./dev found.
KEPT = frozenset({"PATH", "HOME", "LANG", "TERM", "TMPDIR", "CHROMIUM"})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--profile", choices=("postgresql", "sqlite"), default="postgresql", help="what to test with (postgresql)"
    )
    parser.addoption(
        "--postgresql", choices=("wheel", "system"), default="wheel", help="whose PostgreSQL to test with (wheel)"
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """A wrapper, so that it comes before pytest-django's own, which loads the settings."""
    options = early_config.known_args_namespace
    profile = start_servers(options.profile, early_config, of_system=options.postgresql == "system")
    forget_own_environment()
    os.environ.update(make_environment(profile))
    early_config.stash[PROFILE] = profile
    return (yield)


def pytest_report_header(config: pytest.Config) -> str:
    profile = config.stash[PROFILE]
    return f"profile: {profile.name}" + (f", {profile.postgresql.bin}" if profile.postgresql else "")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out, rather than skips, what is said about another database or on another one: a skip looks like an open question."""
    if config.stash[PROFILE].name == "sqlite":
        absent = {"postgresql", "any_database"}
    else:
        absent = {"any_database" if config.getoption("postgresql") == "system" else "system_postgresql"}
    left_out = [item for item in items if absent & {mark.name for mark in item.iter_markers()}]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def start_servers(name: str, config: pytest.Config, *, of_system: bool) -> Profile:
    stack = contextlib.ExitStack()
    config.add_cleanup(stack.close)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scoreboard-tests-")))
    if name == "sqlite":
        return Profile(name, folder, None, None)
    postgresql = stack.enter_context(PostgreSQL(of_system=of_system))
    return Profile(name, folder, postgresql, stack.enter_context(Valkey()))


def forget_own_environment() -> None:
    """Nothing of the developer's own may decide a test, nor be touched by one: what is left is what a bare machine has."""
    for name in [name for name in os.environ if name not in KEPT]:
        del os.environ[name]


def make_environment(profile: Profile) -> dict[str, str]:
    """A production server's variables, with keys that live as long as the run and an issuer tests can sign for."""
    folder = profile.folder
    issuer, checkpoint = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    write_json(folder / "ledger_keys.json", {"current": "ledger-1", "keys": {"ledger-1": base64url(os.urandom(32))}})
    write_json(
        folder / "receipt_issuers.json",
        {
            "test-backend": {
                "keys": {"test-1": public_key(issuer)},
                "actions": {"daily-quiz": 100, "bug-bounty": 500},
                "min_iat": 0,
            }
        },
    )
    write_json(
        folder / "checkpoint_keys.json",
        {
            "current": "checkpoint-1",
            "private": base64url(checkpoint.private_bytes_raw()),
            "public": {"checkpoint-1": public_key(checkpoint)},
        },
    )
    return {
        "SECRET_KEY": base64url(os.urandom(64)),
        "JWT_SIGNING_KEY": base64url(os.urandom(64)),
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "HTTPS_ONLY": "0",
        "DATABASE_URL": profile.postgresql.url if profile.postgresql else f"sqlite:///{folder}/scoreboard.sqlite3",
        "REDIS_URL": profile.valkey.url if profile.valkey else "",
        "RECEIPT_AUDIENCE": "scoreboard",
        "RECEIPT_ISSUERS_FILE": str(folder / "receipt_issuers.json"),
        "LEDGER_KEYS_FILE": str(folder / "ledger_keys.json"),
        "CHECKPOINT_KEY_FILE": str(folder / "checkpoint_keys.json"),
        "CHECKPOINT_EXPORT": str(folder / "checkpoints.jws"),
        "TEST_ISSUER_SEED": base64url(issuer.private_bytes_raw()),
    }


def write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_key(key: Ed25519PrivateKey) -> str:
    return base64url(key.public_key().public_bytes_raw())
