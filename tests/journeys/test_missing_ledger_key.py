"""A backup restored where other ledger keys are: everything says which key is missing, and nothing is written without it."""

import json
import logging
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from audit.keys import LedgerKeyMissing, encode_base64url, load_keyring
from audit.models import AuditEntry
from scores import naming
from scores.awards import compare_and_swap, service
from scores.awards.rules import Attempt, Award, SelfReport
from scores.callers import Caller, password_stamp
from scores.catalogue import set_action
from scores.errors import Unavailable
from scores.integrity.verification import verify
from scores.models import Action, Flag, Score
from scores.players import ensure_player
from tests.support.acting import access_token, make_player, read_problem, update
from tests.support.commands import last_line, run
from tests.support.database import database_url
from tests.support.desk_acting import WHY, address
from tests.support.plugin import Profile
from tests.support.processes import free_port

NothingWritten = Callable[[], AbstractContextManager[None]]
QUIZ = {"action": "daily-quiz"}


def write_keys(path: Path, *kept: str) -> Path:
    """A key file whose current key is new, with these of the keys in force beside it."""
    keys = {"ledger-9": secrets.token_bytes(32), **{kid: load_keyring().keys[kid] for kid in kept}}
    encoded = {kid: encode_base64url(key) for kid, key in keys.items()}
    path.write_text(json.dumps({"current": "ledger-9", "keys": encoded}), encoding="utf-8")
    return path


@pytest.fixture
def backup(db: None) -> Score:
    """Ada with 20 points, an action and a flag, all of it sealed with `ledger-1`."""
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    ada = make_player()
    for key in ("one", "two"):
        assert update(QUIZ, token=access_token(ada), key=key).status_code == 200
    Flag.objects.create(rule="pace", subject=str(ada.pk), player=ada.pk, why="Too much.", opened_at=datetime.now(UTC))
    return ada


@pytest.fixture
def other_keys(backup: Score, settings: Settings, tmp_path: Path) -> Path:
    """The key file of the host it is restored on."""
    path = write_keys(tmp_path / "other_keys.json")
    settings.LEDGER_KEYS_FILE = str(path)
    return path


def sentence(path: Path) -> str:
    return (
        f"LEDGER_KEYS_FILE ({path}) lacks the key 'ledger-1', which the log was sealed with. Add it from the key file of the "
        "host that sealed it: a backup of the database needs the keys of its time."
    )


def test_an_update_is_refused_and_the_log_names_the_key_and_blames_nobody(
    backup: Score, other_keys: Path, nothing_written: NothingWritten, caplog: pytest.LogCaptureFixture
) -> None:
    for player in (backup, make_player("Grace")):
        caplog.clear()
        with nothing_written():
            problem = update(QUIZ, token=access_token(player), key="three")
        assert "ledger" not in str(read_problem(problem, 503, "unavailable"))
        assert [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL] == [
            sentence(other_keys)
        ]


def test_the_host_is_not_ready_and_says_which_key(backup: Score, other_keys: Path) -> None:
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert response.json()["parts"]["ledger_keys"] == "missing ledger-1"


def test_with_the_missing_key_beside_its_own_the_host_is_ready(
    backup: Score, settings: Settings, tmp_path: Path
) -> None:
    settings.LEDGER_KEYS_FILE = str(write_keys(tmp_path / "both.json", "ledger-1"))
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["parts"]["ledger_keys"]) == (200, "ok")
    assert update(QUIZ, token=access_token(backup), key="three").status_code == 200


def test_the_key_of_an_action_is_needed_too(daily_quiz: Action, settings: Settings, tmp_path: Path) -> None:
    settings.LEDGER_KEYS_FILE = str(write_keys(tmp_path / "other_keys.json"))
    assert Client().get("/readyz").json()["parts"]["ledger_keys"] == "missing ledger-1"


def test_config_names_it(backup: Score, other_keys: Path) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("config", stdout=StringIO())
    assert f"- {sentence(other_keys)}" in str(refusal.value).splitlines()


COMMANDS = {
    "serve": ["--port", str(free_port())],
    "make_action": ["daily-quiz", "--points", "10"],
    "make_action another": ["daily-walk", "--points", "10"],
    "void": ["PLAYER", "1", "--reason", "why"],
    "adjust": ["PLAYER", "5", "--reason", "why"],
    "freeze": ["PLAYER", "--reason", "why"],
    "rename": ["PLAYER", "Byron", "--reason", "why"],
    "erase_player": ["PLAYER", "--reason", "why"],
    "restore_ledger": ["--reason", "why"],
    "demo": ["--port", str(free_port())],
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_needs_it_ends_with_a_sentence(
    name: str, profile: Profile, backup: Score, other_keys: Path
) -> None:
    before = list(AuditEntry.objects.values()), list(Score.objects.values())
    issuers = Path(settings.RECEIPT_ISSUERS_FILE).read_bytes()
    arguments = [name.partition(" ")[0], *(str(backup.pk) if word == "PLAYER" else word for word in COMMANDS[name])]
    variables = {"DATABASE_URL": database_url(profile), "LEDGER_KEYS_FILE": str(other_keys)}
    variables |= {"DEBUG": "1"} if name == "demo" else {}
    said = last_line(run(*arguments, before=None, **variables))
    assert said.endswith(sentence(other_keys))
    assert (list(AuditEntry.objects.values()), list(Score.objects.values())) == before
    assert Path(settings.RECEIPT_ISSUERS_FILE).read_bytes() == issuers


@pytest.mark.django_db(transaction=True)
def test_the_verifier_finds_it_and_ends_with_the_sentence(profile: Profile, backup: Score, other_keys: Path) -> None:
    variables = {"DATABASE_URL": database_url(profile), "LEDGER_KEYS_FILE": str(other_keys)}
    done = run("verify_ledger", before=None, **variables)
    assert last_line(done) == sentence(other_keys)
    assert "catalogue: action 'daily-quiz' is sealed with a key that is not in the keyring: 'ledger-1'" in done.stdout
    assert {finding.rule for finding in verify()} == {"kid", "catalogue"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", [["seal_ledger"], ["detect"], ["rebuild_scores"], ["case_file", "PLAYER"]])
def test_a_command_that_does_not_need_it_goes_on(
    command: list[str], profile: Profile, backup: Score, other_keys: Path, tmp_path: Path
) -> None:
    variables = {"DATABASE_URL": database_url(profile), "LEDGER_KEYS_FILE": str(other_keys)}
    variables["CHECKPOINT_EXPORT"] = str(tmp_path / "checkpoints.jws")
    done = run(*(str(backup.pk) if word == "PLAYER" else word for word in command), before=None, **variables)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_the_desk_shows_the_sentence_and_changes_nothing(
    admin_client: Client, backup: Score, other_keys: Path, nothing_written: NothingWritten
) -> None:
    action, flag = reverse("admin:scores_action_change", args=["daily-quiz"]), Flag.objects.get()
    terms = {"label": "Daily quiz", "points": "11", "cooldown_seconds": "0", "daily_cap": "0", "enabled": "on"}
    ensure_player(User.objects.get(username="admin"))
    with nothing_written():
        answers = [
            admin_client.get(address(backup, "void", "?entries=1")),
            admin_client.get(address(backup, "rename", "?name=Byron")),
            admin_client.post(address(backup, "freeze"), {**WHY, "seen": "2"}),
            admin_client.post(action, terms, follow=True),
            admin_client.post(
                reverse("admin:scores_flag_review", args=[flag.pk]), {"verdict": "confirm", "note": ""}, follow=True
            ),
        ]
    for answer in answers:
        assert answer.status_code == 200
        assert sentence(other_keys) in unescape(answer.content.decode())
    for page in (
        reverse("admin:index"),
        reverse("admin:scores_score_player", args=[backup.pk]),
        reverse("admin:audit_auditentry_change", args=[AuditEntry.objects.get(player=backup.pk, seq=1).pk]),
    ):
        assert admin_client.get(page).status_code == 200
    assert "sealed with a key that is not in the keyring: 'ledger-1'" in unescape(
        admin_client.get(page).content.decode()
    )


def test_a_name_is_not_followed_and_the_log_says_why(
    backup: Score, other_keys: Path, nothing_written: NothingWritten
) -> None:
    with nothing_written(), pytest.raises(Unavailable) as refusal:
        naming.see_caller(Caller(backup.pk, "", None, external_name="Augusta", named_us=5))
    assert refusal.value.explanation == sentence(other_keys)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_one_players_missing_key_holds_up_nobody_else(backup: Score, settings: Settings, tmp_path: Path) -> None:
    settings.LEDGER_KEYS_FILE = str(write_keys(tmp_path / "both.json", "ledger-1"))
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=11)
    grace = make_player("Grace")
    keyring = json.loads(Path(settings.LEDGER_KEYS_FILE).read_text(encoding="utf-8"))
    del keyring["keys"]["ledger-1"]
    lost = tmp_path / "lost.json"
    lost.write_text(json.dumps(keyring), encoding="utf-8")
    settings.LEDGER_KEYS_FILE = str(lost)
    callers = [Caller(score.pk, "token", password_stamp(score.password)) for score in (backup, grace)]
    assert compare_and_swap.is_possible()
    first, second = service.award_together(
        [Attempt(caller, SelfReport("daily-quiz", "three"), {"address": "192.0.2.1"}) for caller in callers]
    )
    assert isinstance(first, service.Deferred)
    assert isinstance(first.error, LedgerKeyMissing)
    assert isinstance(second, Award)
    assert Score.objects.get(pk=grace.pk).points == 11
