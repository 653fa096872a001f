"""What an operator can put right ends a command with a sentence and a code, and no traceback."""

import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from audit.models import AuditEntry
from scoreboard_project.env import SETTINGS
from tests.support.commands import last_line, run
from tests.support.database import database_url
from tests.support.plugin import Profile
from tests.support.processes import ROOT, free_port
from tests.support.servers import PostgreSQL

COMMANDS = {
    "serve": ["serve", "--port", str(free_port())],
    "seal_ledger": ["seal_ledger", "--every", "60"],
    "detect": ["detect", "--every", "60"],
    "verify_ledger": ["verify_ledger"],
    "make_action": ["make_action", "daily-quiz", "--points", "10"],
    "migrate": ["migrate"],
    "demo": ["demo", "--port", str(free_port())],
}
DAY = 86_400


@pytest.mark.postgresql
@pytest.mark.parametrize("name", COMMANDS)
def test_no_database(name: str) -> None:
    url = f"postgresql://scoreboard:open-sesame@127.0.0.1:{free_port()}/scoreboard"
    said = last_line(run(*COMMANDS[name], DATABASE_URL=url, DEBUG="1"))
    assert said.startswith("Database: DATABASE_URL names one that cannot be used: connection failed: ")
    assert "Connection refused" in said
    assert "open-sesame" not in said


@pytest.fixture(scope="module")
def locked_role(postgresql: PostgreSQL) -> str:
    """A role whom PostgreSQL asks for a password."""
    with psycopg.connect(postgresql.database_url("postgres"), autocommit=True) as database:
        database.execute("CREATE ROLE locked LOGIN PASSWORD 'open-barley'")
        [name] = database.execute("SHOW hba_file").fetchone() or [""]
        rules = Path(name)
        rules.write_text(f"host all locked 127.0.0.1/32 scram-sha-256\n{rules.read_text(encoding='utf-8')}")
        database.execute("SELECT pg_reload_conf()")
    return "locked"


@pytest.mark.postgresql
@pytest.mark.parametrize("name", ["serve", "detect"])
def test_a_wrong_password(name: str, postgresql: PostgreSQL, locked_role: str) -> None:
    url = f"postgresql://{locked_role}:open-sesame@127.0.0.1:{postgresql.port}/scoreboard"
    said = last_line(run(*COMMANDS[name], DATABASE_URL=url, DEBUG="1"))
    assert said.startswith("Database: DATABASE_URL names one that cannot be used: connection failed: ")
    assert said.endswith('password authentication failed for user "locked".')


@pytest.mark.postgresql
@pytest.mark.parametrize("name", ["migrate", "seal_ledger"])
def test_a_database_that_does_not_exist(name: str, postgresql: PostgreSQL) -> None:
    said = last_line(run(*COMMANDS[name], DATABASE_URL=postgresql.database_url("missing"), DEBUG="1"))
    assert said.startswith("Database: DATABASE_URL names one that cannot be used: connection failed: ")
    assert said.endswith('database "missing" does not exist.')


@pytest.mark.any_database
@pytest.mark.parametrize("rest", ["ql://a:open/sesame@127.0.0.1/b", "ql://a:sesame@127.0.0.1:99999/b", "sesame"])
def test_an_address_that_is_none(rest: str) -> None:
    said = last_line(run("migrate", DATABASE_URL=f"postgres{rest}"))
    assert said.startswith("Configuration: DATABASE_URL ")
    assert "sesame" not in said


@pytest.mark.any_database
def test_the_hosts_of_a_database_as_an_option() -> None:
    assert last_line(run("migrate", DATABASE_URL="postgresql://u:open-sesame@/db?host=h1,h2")) == (
        "Configuration: DATABASE_URL names several hosts as an option. Name them where one stands: "
        "postgresql://USER:PASSWORD@HOST1,HOST2:PORT2/NAME."
    )


@pytest.mark.any_database
@pytest.mark.parametrize("hosts", ["h1,", "h1,h2:abc", "h1,h2:99999", ",", "h1,[::1"])
def test_several_hosts_of_a_database_one_of_which_is_none(hosts: str) -> None:
    said = last_line(run("check", DATABASE_URL=f"postgresql://u:open-sesame@{hosts}/db"))
    assert said.startswith("Configuration: DATABASE_URL is no URL of a database:")


@pytest.mark.any_database
def test_a_comma_elsewhere_in_the_address_of_a_database(tmp_path: Path) -> None:
    assert run("check", DATABASE_URL=f"sqlite:///{tmp_path}/a,b.sqlite3").returncode == 0
    assert run("check", DATABASE_URL="postgresql://u:open,sesame@h1/d,b?options=-c%20a,b").returncode == 0


@pytest.mark.any_database
@pytest.mark.parametrize("path", ["/scores", "scores/", "/a/b"])
def test_a_path_to_serve_under(path: str) -> None:
    assert last_line(run("check", BASE_PATH=path)) == (
        "Configuration: BASE_PATH is set, but the site cannot be served under a path: its pages, styles and socket are at the "
        "root of a host. Give it a host name of its own, for example scoreboard.example.org."
    )
    assert run("check", BASE_PATH="/").returncode == 0


@pytest.mark.any_database
@pytest.mark.parametrize("host", ["https://scores.example", "example.org/scores"])
def test_a_host_that_is_none(host: str) -> None:
    said = last_line(run("check", ALLOWED_HOSTS=f"localhost,{host}"))
    assert said == f"Configuration: ALLOWED_HOSTS holds {host!r}; a host looks like scoreboard.example.org."


@pytest.mark.any_database
@pytest.mark.parametrize("name", ["ALLOWED_ORIGINS", "EMBED_ORIGINS"])
def test_an_origin_that_is_none(name: str) -> None:
    value = {"ALLOWED_ORIGINS": "null,https://page.example/path", "EMBED_ORIGINS": "null"}[name]
    bad = value.rpartition(",")[2]
    assert last_line(run("check", **{name: value}, before=None)) == (
        f"Configuration: {name} holds {bad!r}; an origin looks like https://example.org or https://example.org:8443."
    )


@pytest.mark.any_database
def test_an_address_of_no_redis() -> None:
    said = last_line(run("migrate", REDIS_URL="127.0.0.1:6379"))
    assert said == "Configuration: REDIS_URL must begin with redis://, rediss:// or unix://."
    said = last_line(run("migrate", REDIS_URL="redis://:open-sesame@127.0.0.1:port/0"))
    assert said.startswith("Configuration: REDIS_URL is no URL of Valkey or Redis: ")
    assert "sesame" not in said


@pytest.mark.any_database
def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Not a database, however long it is. " * 9, encoding="utf-8")
    said = last_line(run("migrate", DATABASE_URL=f"sqlite:///{tmp_path}/text"))
    assert said == "Database: DATABASE_URL names one that cannot be used: file is not a database."


@pytest.mark.parametrize("name", ["LEDGER_KEYS_FILE", "RECEIPT_ISSUERS_FILE"])
def test_a_key_file_that_is_not_there(name: str, transactional_db: None, profile: Profile) -> None:
    variables = {"DATABASE_URL": database_url(profile), name: "/absent/keys.json"}
    said = last_line(run(*COMMANDS["serve"], before=None, **variables))
    assert said.startswith(f"Configuration: {name} ")
    assert "No such file or directory: '/absent/keys.json'" in said


@pytest.mark.parametrize("name", ["serve", "seal_ledger", "detect", "make_action"])
def test_a_database_that_was_not_migrated(name: str, empty_database: str) -> None:
    done = run(*COMMANDS[name], DATABASE_URL=empty_database)
    assert re.fullmatch(
        r"(CommandError: The database lacks tables or columns: run manage.py migrate\."
        r"|Database: The database lacks tables or columns: run manage.py migrate"
        r' \((relation "\w+" does not exist|no such table: \w+)\)\.)\n',
        done.stderr,
    )
    assert done.returncode == 1


@pytest.mark.any_database
def test_a_folder_var_that_cannot_be_written(tmp_path: Path) -> None:
    """The same project at a place whose var/ takes no file from anybody, not even from root."""
    shutil.copytree(ROOT / "scoreboard_project", tmp_path / "scoreboard_project")
    shutil.copy(ROOT / "manage.py", tmp_path)
    (tmp_path / "var").symlink_to("/proc")
    own = {name for setting in SETTINGS for name in (setting.name, f"{setting.name}_FILE")}
    variables = {name: value for name, value in os.environ.items() if name not in own}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"], cwd=tmp_path,
        env={**variables, "DEBUG": "1", "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    said = last_line(done)
    assert said.startswith(f"Configuration: {tmp_path}/var/")
    assert said.endswith(f" Make {tmp_path}/var writable, or set the variables.")


@pytest.mark.any_database
def test_a_folder_that_cannot_be_written() -> None:
    said = last_line(run(*COMMANDS["migrate"], DATABASE_URL="sqlite:////proc/scoreboard.sqlite3"))
    assert said == "Database: DATABASE_URL names one that cannot be used: unable to open database file."


@pytest.mark.any_database
@pytest.mark.parametrize("port", ["0", "65536"])
def test_a_port_that_is_none(port: str) -> None:
    assert last_line(run("serve", "--port", port)) == "CommandError: --port must be from 1 to 65535."


@pytest.mark.any_database
def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = last_line(run("serve", "--port", str(port)))
    assert said == f"CommandError: Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another --port."


@pytest.mark.any_database
def test_a_full_disk(tmp_path: Path) -> None:
    """As the system says it: no file may grow beyond 100 KB."""
    limit = 100_000
    said = last_line(
        run(
            "migrate",
            before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
            DATABASE_URL=f"sqlite:///{tmp_path}/full.sqlite3",
        )
    )
    assert said.startswith("Database: DATABASE_URL names one that cannot be used: d")
    assert "disk" in said


def test_a_full_disk_under_the_exported_checkpoints(transactional_db: None, profile: Profile) -> None:
    said = last_line(run("seal_ledger", DATABASE_URL=database_url(profile), CHECKPOINT_EXPORT="/dev/full"))
    assert said == "System: No space left on device (/dev/full)."


def test_a_folder_of_exported_checkpoints_that_is_not_there(transactional_db: None, profile: Profile) -> None:
    export = "/absent/checkpoints.jws"
    said = last_line(run("seal_ledger", DATABASE_URL=database_url(profile), CHECKPOINT_EXPORT=export))
    assert said == f"System: No such file or directory ({export})."


def write_entry_of_tomorrow() -> None:
    AuditEntry.objects.create(
        player=uuid4(), seq=1, kid="ledger-1", kind="award", delta=1, balance=1, action="daily-quiz", actor="system",
        at_us=time.time_ns() // 1000 + DAY * 1_000_000, detail="", prev="", mac="", context={},
    )  # fmt: skip


def test_a_clock_that_lies_a_day_behind_the_log(transactional_db: None, profile: Profile) -> None:
    write_entry_of_tomorrow()
    said = last_line(run(*COMMANDS["serve"], DATABASE_URL=database_url(profile)))
    assert said.startswith("CommandError: This machine's clock is 23:59:")
    assert said.endswith("--despite-clock starts all the same.")


@pytest.mark.any_database
def test_a_fault_of_ours_keeps_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('ours')\n", encoding="utf-8")
    done = run("check", DJANGO_SETTINGS_MODULE="broken", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == "RuntimeError: ours"
