"""manage.py make_issuer: a key pair for a backend, and the entry of the registry that trusts it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from pytest_django import Settings

from scores.models import Action, Score
from tests.support.acting import update
from tests.support.commands import call


def make_issuer(*arguments: str) -> tuple[str, dict[str, Any]]:
    """What it printed, and the registry entry in it."""
    out = call("make_issuer", *arguments)
    return out, json.loads(out.splitlines()[-1])


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
    receipt = call(
        "sign_receipt", f"--key-file={key_file}", f"--player={player.pk}", "--action=daily-quiz", "--points=30"
    )
    answer = update({"receipt": receipt.strip()}, token=token).json()
    assert (answer["delta"], answer["score"], answer["verified"], answer["replayed"]) == (30, 30, True, False)


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
