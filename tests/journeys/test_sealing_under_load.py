"""Sealing ends however much goes on beside it, block by block: what is made is committed and exported before the next begins."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from audit import blocks, checkpoint_file, ledger
from audit.checkpoints import sign_checkpoints
from audit.models import Checkpoint, CheckpointHead
from tests.support.chains import grow
from tests.support.clock import turn_clock, turn_clock_back
from tests.support.database import database_url
from tests.support.plugin import Profile
from tests.support.processes import ROOT, wait_until

ONE_LEAF_A_BLOCK = "from audit import blocks, checkpoints; blocks.MAXIMUM_LEAVES = 1; checkpoints.sign_checkpoints()"


@pytest.fixture(autouse=True)
def exported(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "checkpoints.jws"
    settings.CHECKPOINT_EXPORT = str(path)
    return path


def grow_until(stop: threading.Event) -> None:
    """Chains that move all the time."""
    heads: dict[UUID, ledger.Head | None] = {uuid4(): None for _ in range(5)}
    try:
        while not stop.is_set():
            for player, head in heads.items():
                with transaction.atomic():
                    heads[player] = grow(player, head)
    finally:
        connection.close()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_sealing_ends_while_the_board_goes_on(exported: Path) -> None:
    stop, made = threading.Event(), list[Checkpoint]()

    def seal_once() -> None:
        made.extend(sign_checkpoints())
        connection.close()

    writers = [threading.Thread(target=grow_until, args=[stop]) for _ in range(2)]
    sealer = threading.Thread(target=seal_once)
    for thread in (*writers, sealer):
        thread.start()
    sealer.join(5)
    has_ended = not sealer.is_alive()
    stop.set()
    for thread in (*writers, sealer):
        thread.join(60)
    assert has_ended
    assert [checkpoint.number for checkpoint in made] in ([], [1])
    assert [checkpoint.number for checkpoint in sign_checkpoints()] == [len(made) + 1]
    assert list(checkpoint_file.read_all(str(exported))) == [
        block.jws for block in Checkpoint.objects.order_by("number")
    ]


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_sealer_made_is_committed_and_exported_block_by_block(profile: Profile, exported: Path) -> None:
    with transaction.atomic():
        players = [uuid4() for _ in range(300)]
        for player in players:
            grow(player)
    environment = {**os.environ, "DATABASE_URL": database_url(profile), "CHECKPOINT_EXPORT": str(exported)}
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "--command", ONE_LEAF_A_BLOCK]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as sealer:
        try:
            wait_until(
                lambda: exported.exists() and exported.read_bytes().count(b"\n") > 2, seconds=30, what="The export"
            )
        finally:
            sealer.kill()
            sealer.wait(10)
    numbers = list(Checkpoint.objects.order_by("number").values_list("number", flat=True))
    assert 2 < len(numbers) < 300
    lines = exported.read_text().splitlines()
    assert len(lines) in {len(numbers), len(numbers) - 1}

    sign_checkpoints()

    assert sorted(CheckpointHead.objects.values_list("player", flat=True)) == sorted(players)
    assert Checkpoint.objects.count() == len(numbers) + 1
    assert list(checkpoint_file.read_all(str(exported))) == [
        block.jws for block in Checkpoint.objects.order_by("number")
    ]


def test_what_a_full_block_had_no_room_for_is_in_the_next_however_old_it_is(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MAXIMUM_LEAVES", 2)
    players = sorted(uuid4() for _ in range(5))
    turn_clock(datetime.now(UTC) - timedelta(days=1))
    for player in players:
        grow(player)
    turn_clock_back()
    assert [checkpoint.number for checkpoint in sign_checkpoints()] == [1, 2, 3]
    assert list(CheckpointHead.objects.order_by("pk").values_list("player", flat=True)) == players
