"""A small history of everything there is, and an attacker who has the database but no key."""

import contextlib
import io
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, models, transaction

from audit import checkpoints
from audit.models import Checkpoint
from scores.catalogue import set_action
from scores.investigation import corrections
from scores.models import Score
from tests.support.acting import access_token, make_player, make_receipt, update
from tests.support.database import without_triggers

WHY = {"reason": "seen in the recording", "actor": "system"}


def make_history() -> list[Score]:
    """Ada, Bea and Cyd with entries of every kind, sealed in three checkpoints; then two of Ada's that no block has yet."""
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    set_action(actor="system", slug="bug-bounty", label="Bug bounty", points=50, receipt_required=True)
    players = [make_player(name) for name in ("Ada", "Bea", "Cyd")]
    make_player("Dot, who never played")
    for player in players:
        act(player, "1")
        act(player, "2")
        claim(player)
    checkpoints.sign_checkpoints()
    ada, bea, cyd = players
    corrections.void(player=ada.pk, seq=1, **WHY)
    corrections.restore(player=ada.pk, seq=4, **WHY)
    corrections.adjust(player=bea.pk, delta=-3, **WHY)
    corrections.freeze(player=cyd.pk, **WHY)
    corrections.unfreeze(player=cyd.pk, **WHY)
    checkpoints.sign_checkpoints()
    set_action(actor="system", slug="bug-bounty", label="Bug bounty", points=60, receipt_required=True)
    checkpoints.sign_checkpoints()
    act(ada, "3")
    claim(ada)
    for player in players:
        player.refresh_from_db()
    return players


def act(player: Score, key: str) -> None:
    assert update({"action": "daily-quiz"}, token=access_token(player), key=key).status_code == 200


def claim(player: Score) -> str:
    receipt = make_receipt(player, act="bug-bounty", pts=70)
    assert update({"receipt": receipt}, token=access_token(player)).status_code == 200
    return receipt


@contextlib.contextmanager
def tampering() -> Iterator[None]:
    """What an owner of the database can do: triggers off, any change. All is as before afterwards."""
    with without_triggers(connection), transaction.atomic():
        yield
        transaction.set_rollback(True)


def run_verify(*words: object, pinned: Path | None = None) -> list[dict[str, Any]]:
    """The findings of the command, whose exit code and sum agree with them."""
    output = io.StringIO()
    arguments = [*map(str, words), *(["--pinned", str(pinned)] if pinned else [])]
    code = 0
    try:
        call_command("verify_ledger", "--json", *arguments, stdout=output)
    except SystemExit as end:
        code = int(str(end.code))
    *findings, summary = [json.loads(line) for line in output.getvalue().splitlines()]
    assert summary["findings"] == len(findings)
    assert code == (1 if findings else 0)
    return findings


def change_value(row: Any, field: Any) -> Any:
    """Another value that the column's own constraints let pass."""
    value = getattr(row, field.attname)
    if isinstance(field, models.OneToOneField):
        return User.objects.create_user("mallory").pk
    if isinstance(field, models.ForeignKey):
        return Checkpoint.objects.exclude(heads__player=row.player).latest("number").pk
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.DateTimeField):
        return value + timedelta(microseconds=1)
    if isinstance(field, models.IntegerField):
        return value - 1 if field.name == "delta" else (value or 0) + 10_000
    if isinstance(field, models.UUIDField):
        return uuid4()
    if isinstance(field, models.JSONField):
        return {**value, "salt": "0" * 32}
    text = value or ""
    position = random.randrange(len(text)) if text else 0
    return text[:position] + ("x" if text[position : position + 1] != "x" else "y") + text[position + 1 :]
