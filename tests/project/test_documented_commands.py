"""Every command in README and docs is carried out: here, or where the list below says. A new one without a proof fails."""

import importlib.util
import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection

from audit.models import Refusal
from audit.refusals import flush_refusals, record_refusal
from scores.demo.seed import FIRST_STEPS, READER
from scores.investigation import corrections
from scores.models import Action, SpentRefreshToken
from scores.players import ensure_player
from tests.support.processes import ROOT
from tests.support.servers import ScoreboardServer

DOCUMENTS = sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "decisions")
COMMAND = re.compile(
    r"(?:manage\.py|\./dev|docker|python -m|pg_dump|pg_restore|sqlite3|DELETE|PRAGMA|pip|serve) .+|VACUUM"
)
#: Languages of blocks that are to be carried out; `json` and `text` show what comes back.
CARRIED_OUT = {"sh", "python", "js", "html", "nginx", "sql"}

TESTS_OF_DOCUMENTS, RECOVERY, ROTATION, THIS, COMPOSE, CONTAINER = (
    *("tests/project/test_docs.py", "tests/scores/integrity/test_recovery.py", "tests/journeys/test_rotation.py"),
    *("tests/project/test_documented_commands.py", "benchmarks/compose.py", "benchmarks/container.py"),
)
STEPS, SETTINGS, ENGINE = "benchmarks/compose_steps.py", "benchmarks/compose_settings.py", "benchmarks/engine.py"
MIGRATING = "tests/project/test_migrating.py"
COMMANDS = "tests/scores/management/commands"
SEALING = "tests/audit/management/commands/test_seal_ledger.py"
#: What is documented -> where it is carried out, and what stands there. The script is run by hand: there is no Docker in CI.
PROOFS = {
    "README.md sh 1": (".ci/run", "./dev test"),
    "README.md sh 2": (THIS, "def test_the_example_of_the_readme"),
    "docs/api.md sh 1": (TESTS_OF_DOCUMENTS, 'read_block("docs/api.md", "sh")'),
    "docs/api.md python 1": (TESTS_OF_DOCUMENTS, 'read_block("docs/api.md", "python")'),
    "docs/api.md html 1": ("tests/browser/test_elsewhere.py", "def test_the_page_of_the_documents"),
    "docs/api.md html 2": ("tests/browser/test_elsewhere.py", "def test_the_element_of_the_documents"),
    **{f"docs/migrating.md python {number}": (MIGRATING, "def run_block") for number in (1, 2, 3, 4)},
    "docs/migrating.md sql 1": (MIGRATING, 'read_block("From a table", "sql")'),
    "docs/migrating.md sql 2": (MIGRATING, 'read_block("3. See that nothing was lost", "sql")'),
    "docs/operations.md sh 1": (TESTS_OF_DOCUMENTS, "read_block(OPERATIONS"),
    "docs/operations.md sh 2": (ENGINE, 'site.give("first")'),
    "docs/operations.md sh 3": (SETTINGS, 'site.give("connections")'),
    "docs/operations.md sh 4": (STEPS, 'site.give("metrics")'),
    "docs/operations.md sh 5": (STEPS, 'site.give("daily")'),
    "docs/operations.md sh 6": (STEPS, '"2", "upgrade")'),
    "docs/operations.md sh 7": (STEPS, '"latest", "back")'),
    "docs/operations.md sh 8": (STEPS, 'site.give("backup")'),
    "docs/operations.md sh 9": (STEPS, '("unpack", "restore", "start")'),
    "docs/operations.md sh 10": (STEPS, 'site.give("restore")'),
    "docs/operations.md sh 11": (STEPS, 'site.give("epoch")'),
    "docs/operations.md sh 12": (STEPS, 'site.give("start")'),
    "docs/operations.md nginx 1": (CONTAINER, '.partition("```nginx'),
    "docs/operations.md sql 1": ("tests/audit/test_roles.py", "SQL = "),
    "docs/operations.md sql 2": ("tests/audit/test_roles.py", "SQL = "),
    "docs/operations.md sql 3": ("tests/audit/test_roles.py", "for statements in SQL"),
    "docs/operations.md sql 4": ("tests/journeys/test_compose_settings.py", "for statement in statements"),
    "docs/receipts.md python 1": (TESTS_OF_DOCUMENTS, 'read_block("docs/receipts.md", "python", 1, of=2)'),
    "docs/receipts.md js 1": (TESTS_OF_DOCUMENTS, 'read_block("docs/receipts.md", "js", 1, of=2)'),
    "docs/receipts.md python 2": (TESTS_OF_DOCUMENTS, 'read_block("docs/receipts.md", "python", 2, of=2)'),
    "docs/receipts.md js 2": (TESTS_OF_DOCUMENTS, 'read_block("docs/receipts.md", "js", 2, of=2)'),
    "./dev bench": ("dev", "-m benchmarks.run"),
    "./dev bench --write docs/performance.md": ("benchmarks/run.py", '"--write"'),
    "./dev check": ("dev", "    check\n"),
    "./dev run": ("tests/scoreboard_project/server/management/commands/test_demo.py", '"demo"'),
    "./dev test": (".ci/run", "./dev test"),
    "docker compose up --detach": (SETTINGS, 'site.compose("up", "--detach")'),
    "docker compose run --rm manage createsuperuser": (COMPOSE, 'site.manage("createsuperuser"'),
    "docker compose run --rm manage verify_ledger --pinned /data/checkpoints.jws": (COMPOSE, 'site.manage("verify_ledger"'),
    "docker compose down": (SETTINGS, 'site.compose("down")'),
    "manage.py migrate audit 0012": ("tests/journeys/test_entries_migration.py", 'BEFORE = ("audit", "0012")'),
    "manage.py case_file UUID > case.json": (f"{COMMANDS}/test_case_file.py", 'call("case_file"'),
    "manage.py verify_case": (f"{COMMANDS}/test_verify_case.py", 'call("verify_case"'),
    "manage.py verify_case case.json --checkpoint-key KEY --pinned checkpoints.jws": (
        f"{COMMANDS}/test_verify_case.py", '"--checkpoint-key", public',
    ),
    "manage.py clearsessions": (THIS, 'call_command("clearsessions")'),
    "manage.py config": ("tests/scoreboard_project/server/management/commands/test_config.py", '"config"'),
    "manage.py export_standings main --format csv --output standings.csv": (MIGRATING, '"--format", "csv", "--output"'),
    "manage.py export_standings BOARD PERIOD --format json": (f"{COMMANDS}/test_export_standings.py", '"--format", "json"'),
    "manage.py import_scores scores.csv --source TEXT --reason TEXT": (MIGRATING, '"--source", "the old board", "--reason"'),
    "manage.py import_scores scores.csv --source TEXT --reason TEXT --dry-run": (MIGRATING, '"--dry-run"'),
    "manage.py detect": (f"{COMMANDS}/test_detect.py", 'call_command("detect")'),
    "manage.py erase_player UUID --reason TEXT": (f"{COMMANDS}/test_erase_player.py", 'call("erase_player"'),
    "manage.py make_action": (f"{COMMANDS}/test_make_action.py", '"make_action"'),
    "manage.py make_desk_groups": (f"{COMMANDS}/test_make_desk_groups.py", 'call_command("make_desk_groups"'),
    "manage.py make_issuer quiz-backend --kid quiz-1 --action daily-quiz=100": (f"{COMMANDS}/test_make_issuer.py", 'call("make_issuer"'),
    "manage.py make_keys": ("tests/scoreboard_project/server/management/commands/test_make_keys.py", '"make_keys"'),
    "manage.py migrate": (TESTS_OF_DOCUMENTS, '["migrate"'),
    "manage.py migrate APP NUMBER": ("tests/journeys/test_migrations.py", '"migrate", "audit", "zero"'),
    "manage.py rebuild_scores --apply --reason TEXT": (f"{COMMANDS}/test_rebuild_scores.py", '"--apply", "--reason"'),
    "manage.py enable_board SLUG": (f"{COMMANDS}/test_enable_board.py", 'call("enable_board"'),
    "manage.py rebuild_standings": (f"{COMMANDS}/test_rebuild_standings.py", "rebuild_standings"),
    "manage.py rebuild_standings --apply --reason TEXT": (f"{COMMANDS}/test_rebuild_standings.py", "rebuild_standings"),
    "manage.py rebuild_scores --accept-identity UUID --reason TEXT": ("tests/scores/test_seals.py", '"--accept-identity", str('),
    "manage.py restore_ledger --reason TEXT": (f"{COMMANDS}/test_restore_ledger.py", 'call("restore_ledger", "--reason"'),
    "manage.py seal_ledger": (SEALING, 'call("seal_ledger")'),
    "manage.py seal_ledger --every 60": (SEALING, '"seal_ledger", "--every"'),
    "manage.py collectstatic --noinput --ignore 'redoc*'": (
        "tests/browser/test_static_files.py",
        '"collectstatic", "--noinput"',
    ),
    "manage.py serve": ("tests/support/servers.py", '"serve"'),
    "manage.py serve --host H --port P --workers N": ("tests/support/servers.py", '"--workers"'),
    "manage.py sign_receipt": (f"{COMMANDS}/test_sign_receipt.py", 'call("sign_receipt"'),
    "manage.py sign_statement": (f"{COMMANDS}/test_sign_statement.py", 'call("sign_statement"'),
    "manage.py verify_ledger": ("tests/scores/integrity/test_verification.py", 'call_command("verify_ledger"'),
    "manage.py verify_ledger --pinned CHECKPOINTS": (ROTATION, "pinned=Path(pinned)"),
    "manage.py verify_ledger --player UUID": ("tests/scores/integrity/test_verification.py", '"--player", str('),
    "manage.py void UUID SEQ --reason TEXT": (f"{COMMANDS}/test_void.py", 'call("void"'),
    "serve --despite-clock": ("tests/scoreboard_project/server/test_operator_errors.py", "--despite-clock"),
    "serve --workers N": ("tests/support/servers.py", '"--workers"'),
    "pg_dump --format=custom DATABASE": (RECOVERY, '"pg_dump", "--format=custom"'),
    "pg_restore --clean --if-exists --single-transaction --dbname DATABASE BACKUP": (RECOVERY, '"--single-transaction"'),
    'pip install "pyjwt[crypto]"': ("pyproject.toml", "pyjwt[crypto]>="),
    "sqlite3 scoreboard.sqlite3 \"VACUUM INTO 'COPY'\"": (THIS, "def test_a_copy_of_sqlite"),
    "DELETE FROM audit_refusal WHERE minute < 'YYYY-MM-DD'": (THIS, "def test_what_may_be_deleted"),
    "DELETE FROM scores_spentrefreshtoken WHERE expires_at < CURRENT_TIMESTAMP": (THIS, "def test_what_may_be_deleted"),
    "VACUUM": (THIS, "def test_a_vacuum"),
    "PRAGMA wal_checkpoint(TRUNCATE)": (THIS, "def test_a_vacuum"),
}  # fmt: skip
#: Docker's own, which only look, or stop what is up, or are no part of the site.
NOT_CARRIED_OUT = {
    *(
        "docker compose version",
        "docker compose ps",
        "docker compose logs --follow web-1",
        "docker compose stop web-1 web-2",
    ),
    *("docker network connect scoreboard_inside NAME", "docker image rm scoreboard:VERSION"),
}
PASSWORD = "correct horse battery"


def read_commands() -> Iterator[str]:
    """What a reader could type: blocks by document, language and number, and what stands in a line or indented."""
    for path in (ROOT / "README.md", *DOCUMENTS):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT)
        languages = re.findall(r"^```(\w+)$", text, re.MULTILINE)
        for language in sorted(CARRIED_OUT & set(languages)):
            yield from (f"{name} {language} {number + 1}" for number in range(languages.count(language)))
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        candidates = [*re.findall(r"`([^`]+)`", prose), *re.findall(r"^    (\S.*)$", prose, re.MULTILINE)]
        yield from (command for one in candidates if COMMAND.fullmatch(command := " ".join(one.split())))


def test_every_command_is_carried_out_by_a_test_or_a_script() -> None:
    documented = set(read_commands())
    scripts = {command for command in documented if command.startswith("python -m benchmarks.")}
    assert set(PROOFS) - documented == set()
    # A command that is only named needs no proof beside that of its use.
    known = [f"{command} " for command in (*PROOFS, *NOT_CARRIED_OUT, *scripts)]
    assert [command for command in documented if not any(one.startswith(f"{command} ") for one in known)] == []
    assert [name for name in scripts if importlib.util.find_spec(name.removeprefix("python -m ")) is None] == []
    proofs = {place for place, _ in PROOFS.values()}
    texts = {place: (ROOT / place).read_text(encoding="utf-8") for place in proofs}
    # A string is taken apart here, or this list would prove itself.
    texts[THIS] = texts[THIS].partition("PASSWORD = ")[2]
    assert [command for command, (place, words) in PROOFS.items() if words not in texts[place]] == []


def test_the_verbs_of_the_documents_are_those_of_dev() -> None:
    told = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True, timeout=60).stdout
    verbs = set(re.findall(r"^  (\w+) ", told, re.MULTILINE))
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks/README.md", *DOCUMENTS):
        assert set(re.findall(r"\./dev (\w+)", path.read_text(encoding="utf-8"))) <= verbs, path


def test_the_example_of_the_readme_works_as_pasted(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    assert shutil.which("curl"), "curl was not found. Install it (Debian: apt-get install curl)."
    Action.objects.create(slug=FIRST_STEPS.slug, label=FIRST_STEPS.label, points=5)
    player = ensure_player(User.objects.create_user(READER, password=PASSWORD))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = text.partition("<!-- example -->\n```sh\n")[2].partition("```")[0]
    script = example.replace("http://127.0.0.1:8000", scoreboard_server().url).replace('"PASSWORD"', f'"{PASSWORD}"')
    done = subprocess.run(
        ["/bin/sh", "-euc", script.replace("curl ", "curl -sS ")],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    update, end = json.JSONDecoder().raw_decode(done.stdout)
    [row] = json.loads(done.stdout[end:])["entries"]
    assert (update["delta"], update["replayed"], row["player"], row["score"]) == (5, False, str(player.pk), 5)


def read_statement(begin: str) -> str:
    """The one statement of the operators' document that begins so."""
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    [statement] = set(re.findall(rf"`({re.escape(begin)}[^`]*)`", text))
    return str(statement)


def test_what_may_be_deleted_is_deleted_and_nothing_else(db: None) -> None:
    now = datetime.now(UTC)
    for age in (timedelta(days=400), timedelta()):
        record_refusal("cooldown", f"{age.days} days ago")
        flush_refusals()
        Refusal.objects.filter(subject=f"{age.days} days ago").update(minute=now - age)
        SpentRefreshToken.objects.create(jti=str(age.days), expires_at=now + timedelta(minutes=5) - age)
        session = SessionStore()
        session.set_expiry(now + timedelta(minutes=5) - age)
        session.create()
    with connection.cursor() as cursor:
        cursor.execute(read_statement("DELETE FROM audit_refusal").replace("YYYY-MM-DD", f"{now:%Y-%m-%d}"))
        cursor.execute(read_statement("DELETE FROM scores_spentrefreshtoken"))
    call_command("clearsessions")
    assert list(Refusal.objects.values_list("subject", flat=True)) == ["0 days ago"]
    assert list(SpentRefreshToken.objects.values_list("jti", flat=True)) == ["0"]
    assert Session.objects.count() == 1


def test_a_vacuum_leaves_nothing_of_an_erased_person_in_the_file(transactional_db: None) -> None:
    ada = ensure_player(User.objects.create_user("a-name-to-be-erased"))
    corrections.adjust(player=ada.pk, delta=5, reason="a welcome", actor="system")
    corrections.erase_player(player=ada.pk, reason="asked for it", actor="system")
    with connection.cursor() as cursor:
        cursor.execute(read_statement("VACUUM"))
        if connection.vendor == "sqlite":
            cursor.execute(read_statement("PRAGMA"))
            kept = b"".join(map(read_elsewhere, find_files()))
            assert str(ada.pk).encode() in kept or ada.pk.hex.encode() in kept
            assert b"a-name-to-be-erased" not in kept


def read_elsewhere(path: Path) -> bytes:
    """What is in a file, read by another process.

    Whoever closes a file gives up all locks that the process has on it, those of its open databases too: the next command to end
    would take itself for the last one, remove the log beside the file, and every test after it would fail.
    """
    return subprocess.run(["cat", str(path)], capture_output=True, check=True, timeout=60).stdout


def find_files() -> list[Path]:
    """Where SQLite keeps the database of the tests."""
    file = Path(connection.settings_dict["NAME"])
    return sorted(file.parent.glob(f"{file.name}*"))


def test_a_copy_of_sqlite_is_whole_while_somebody_writes(tmp_path: Path) -> None:
    live, copy = tmp_path / "scoreboard.sqlite3", tmp_path / "copy.sqlite3"
    statement = read_statement("sqlite3 ").partition('"')[2].rstrip('"').replace("COPY", str(copy))
    writer, reader = (sqlite3.connect(live, isolation_level=None) for _ in range(2))
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE kept (number int)")
    writer.execute("INSERT INTO kept VALUES (1)")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO kept VALUES (2)")
    reader.execute(statement)
    writer.execute("COMMIT")
    copied = sqlite3.connect(copy)
    assert copied.execute("SELECT number FROM kept").fetchall() == [(1,)]
    for each in (writer, reader, copied):
        each.close()
