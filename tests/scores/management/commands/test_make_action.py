"""manage.py make_action, make_issuer, sign_receipt: what an operator sets up before players earn anything."""

import json
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from audit.models import AuditEntry
from scores.models import Action, Score
from scores.receipts.verifier import examine
from tests.support.acting import make_claims, read_problem, read_state, update

FIELDS = ("slug", "label", "points", "cooldown_seconds", "daily_cap", "receipt_required", "enabled")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def make_issuer(*arguments: str) -> tuple[str, dict[str, Any]]:
    """What it printed, and the registry entry in it."""
    out = run("make_issuer", *arguments)
    return out, json.loads(out.splitlines()[-1])


@pytest.fixture
def registry(tmp_path: Path, settings: Settings) -> Path:
    """A registry of its own, not there yet."""
    path = tmp_path / "issuers.json"
    settings.RECEIPT_ISSUERS_FILE = str(path)
    return path


def test_an_action_gets_the_fields_named_and_the_defaults_of_the_others(db: None) -> None:
    bounds = ("--cooldown", "60", "--daily-cap", "3", "--receipt-required", "--label", "Quiz")
    assert run("make_action", "daily-quiz", "--points", "10", *bounds) == "daily-quiz: 10 points.\n"
    fields = {"slug": "daily-quiz", "points": 10, "cooldown_seconds": 60, "daily_cap": 3, "receipt_required": True}
    assert list(Action.objects.values(*FIELDS)) == [{**fields, "label": "Quiz", "enabled": True}]

    assert run("make_action", "daily-quiz", "--points", "20", "--disabled") == "daily-quiz: 20 points, disabled.\n"
    fields = {"slug": "daily-quiz", "points": 20, "cooldown_seconds": 0, "daily_cap": 0, "receipt_required": False}
    assert list(Action.objects.values(*FIELDS)) == [{**fields, "label": "Daily quiz", "enabled": False}]
    entries = AuditEntry.objects.order_by("seq").values_list("seq", "kind", "action", "actor")
    assert list(entries) == [(1, "config", "daily-quiz", "system"), (2, "config", "daily-quiz", "system")]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["daily quiz", "--points", "10"], "slug: "),
        (["daily-quiz", "--points", "0"], "points: "),
        (["daily-quiz", "--points", "1000001"], "points: "),
        (["daily-quiz", "--points", "10", "--cooldown=-1"], "cooldown_seconds: "),
        (["daily-quiz", "--points", "10", "--daily-cap", str(2**70)], "daily_cap: "),
        (["daily-quiz", "--points", "10", "--label", ""], "label: "),
    ],
)
def test_a_bad_action_is_refused_by_field_and_the_catalogue_stays(db: None, arguments: list[str], fault: str) -> None:
    before = (read_state(), list(Action.objects.values(*FIELDS)))
    with pytest.raises(CommandError, match=f"^The catalogue stays as it was. {fault}"):
        run("make_action", *arguments)
    assert (read_state(), list(Action.objects.values(*FIELDS))) == before


def test_an_issuer_is_trusted_once_its_entry_is_in_the_registry(
    player: Score, token: str, daily_quiz: Action, registry: Path, tmp_path: Path
) -> None:
    out, entry = make_issuer("quiz-backend", "--action", "daily-quiz=100", "--kid", "quiz-1", "--write")
    assert json.loads(registry.read_text(encoding="utf-8")) == entry
    assert entry == {
        "quiz-backend": {
            "keys": {"quiz-1": entry["quiz-backend"]["keys"]["quiz-1"]}, "actions": {"daily-quiz": 100}, "min_iat": 0,
        }
    }  # fmt: skip
    key_file = tmp_path / "quiz.key"
    key_file.write_text(out, encoding="utf-8")
    receipt = run(
        "sign_receipt", f"--key-file={key_file}", f"--player={player.pk}", "--action=daily-quiz", "--points=30"
    )
    answer = update({"receipt": receipt.strip()}, token=token).json()
    assert (answer["delta"], answer["score"], answer["verified"], answer["replayed"]) == (30, 30, True, False)


def test_the_seed_is_the_same_key(registry: Path) -> None:
    out, _ = make_issuer("quiz-backend", "--action", "daily-quiz=100", "--write")
    (seed,) = [line.removeprefix("# seed: ") for line in out.splitlines() if line.startswith("# seed: ")]
    player = UUID("5c0be0a2-0000-4000-8000-000000000000")
    words = (f"--player={player}", "--action=daily-quiz", "--points=5", f"--jti={'j' * 22}", "--lifetime=600")
    receipt = examine(run("sign_receipt", f"--seed={seed}", *words).strip())
    assert receipt.fault == ""
    assert receipt.claims is not None
    assert receipt.claims == make_claims(
        player, iss="quiz-backend", pts=5, jti="j" * 22, iat=receipt.claims["iat"], exp=receipt.claims["iat"] + 600
    )


def test_a_bad_receipt_can_be_tried_too(
    player: Score, token: str, daily_quiz: Action, registry: Path, tmp_path: Path
) -> None:
    out, _ = make_issuer("quiz-backend", "--action", "daily-quiz=100")
    (tmp_path / "quiz.key").write_text(out, encoding="utf-8")
    words = [f"--key-file={tmp_path / 'quiz.key'}", f"--player={player.pk}", "--action=daily-quiz", "--points=101"]
    with pytest.raises(CommandError, match=r"RECEIPT_ISSUERS_FILE cannot be used: .* Name --issuer and --kid"):
        run("sign_receipt", *words)
    receipt = run("sign_receipt", *words, "--issuer=quiz-backend", "--kid=quiz-1").strip()
    before = read_state()
    registry.write_text("{}", encoding="utf-8")
    read_problem(update({"receipt": receipt}, token=token), 422, "receipt_invalid")
    assert read_state() == before


def test_a_second_key_stands_beside_the_first_and_other_issuers_stay(registry: Path) -> None:
    first, second, other = (
        make_issuer(name, "--action", action, "--kid", kid, "--write")[1]
        for name, action, kid in (
            ("quiz-backend", "daily-quiz=100", "quiz-1"),
            ("quiz-backend", "weekly-quiz=500", "quiz-2"),
            ("shop", "purchase=5", "shop-1"),
        )
    )
    keys = {**first["quiz-backend"]["keys"], **second["quiz-backend"]["keys"]}
    actions = {"daily-quiz": 100, "weekly-quiz": 500}
    expected = {"quiz-backend": {"keys": keys, "actions": actions, "min_iat": 0}, **other}
    assert json.loads(registry.read_text(encoding="utf-8")) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ["quiz backend", "--action", "daily-quiz=100"],
        ["quiz-backend", "--action", "daily-quiz=0"],
        ["quiz-backend", "--action", "daily-quiz=1000001"],
        ["quiz-backend", "--action", "daily-quiz"],
        ["quiz-backend", "--action", "daily-quiz=-1"],
        ["shop", "--action", "purchase=5", "--kid", "quiz-1"],
    ],
)
def test_an_issuer_that_could_not_be_trusted_leaves_the_registry_as_it_was(
    registry: Path, arguments: list[str]
) -> None:
    make_issuer("quiz-backend", "--action", "daily-quiz=100", "--kid", "quiz-1", "--write")
    before = registry.read_bytes()
    with pytest.raises(CommandError):
        make_issuer(*arguments, "--write")
    assert registry.read_bytes() == before
    assert list(registry.parent.iterdir()) == [registry]


def test_write_without_a_registry_is_refused(settings: Settings) -> None:
    settings.RECEIPT_ISSUERS_FILE = ""
    with pytest.raises(CommandError, match="--write needs RECEIPT_ISSUERS_FILE"):
        make_issuer("quiz-backend", "--action", "daily-quiz=100", "--write")
