"""Scores put right from the log, persons erased from it, and the log taken up again after a recovery from a backup."""

import io
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from audit import checkpoints
from audit.blocks import read_block
from audit.checkpoints import SigningRefused
from audit.keys import load_checkpoint_keys
from audit.models import AuditEntry, Checkpoint
from scores.board import standings
from scores.errors import CorrectionRefused
from scores.investigation import corrections
from scores.models import Score, Standing
from tests.support.acting import access_token, make_receipt, read_problem, update
from tests.support.processes import wait_until
from tests.support.servers import PostgreSQL, run
from tests.support.tampering import WHY, claim, make_history, run_verify, tampering

NothingWritten = Callable[[], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def export(settings: Settings, tmp_path: Path) -> Path:
    """Copies of the files that these acts write to."""
    path = tmp_path / "checkpoints.jws"
    settings.CHECKPOINT_EXPORT = str(path)
    settings.SCORE_UPDATE_RATE = None
    settings.RECEIPT_ISSUERS_FILE = shutil.copy(settings.RECEIPT_ISSUERS_FILE, tmp_path / "issuers.json")
    return path


@pytest.fixture
def players(db: None) -> list[Score]:
    return make_history()


def rebuild(*words: str) -> tuple[int, str]:
    output = io.StringIO()
    try:
        call_command("rebuild_scores", *words, stdout=output)
    except SystemExit as end:
        return int(str(end.code)), output.getvalue()
    return 0, output.getvalue()


class TestRebuild:
    def test_scores_that_agree_are_left_alone(self, players: list[Score], nothing_written: NothingWritten) -> None:
        with nothing_written():
            assert rebuild() == (0, "0 scores differ from the log, 0 were rebuilt.\n")
            assert rebuild("--apply", "--reason", "to be sure")[0] == 0

    def test_what_differs_is_said_and_put_right_on_demand(self, players: list[Score]) -> None:
        ada, bea, _ = players
        before = list(Score.objects.order_by("id").values())
        Score.objects.filter(pk=ada.pk).update(points=7)
        Score.objects.filter(pk=bea.pk).update(frozen=True)
        code, text = rebuild("--check")
        assert code == 1
        assert f"{ada.pk}: points is 7, the log says {ada.points}\n" in text
        assert f"{bea.pk}: frozen is True, the log says False\n" in text
        code, text = rebuild("--apply", "--reason", "a bad day")
        assert (code, text.splitlines()[-1]) == (0, "2 scores differ from the log, 2 were rebuilt.")
        assert list(Score.objects.order_by("id").values()) == before
        entry = AuditEntry.objects.latest("id")
        assert entry.context is not None
        assert (entry.kind, entry.action, entry.context["reason"]) == ("config", "rebuild:", "a bad day")
        assert set(entry.context["players"].split()) == {str(ada.pk), str(bea.pk)}
        assert run_verify() == []

    def test_where_players_stand_is_put_right_with_it(self, players: list[Score]) -> None:
        ada, bea, cyd = players
        before = list(Standing.objects.order_by("player_id").values())
        Score.objects.filter(pk=ada.pk).update(frozen=True)
        Standing.objects.filter(player=ada.pk).update(hidden=True)
        Standing.objects.filter(player=bea.pk).delete()
        Standing.objects.filter(player=cyd.pk).update(points=7)
        code, text = rebuild("--check")
        assert code == 1
        assert (
            f"{bea.pk}: board 'main', period 'all': the log says {bea.points} points, and there is no standing\n"
            in text
        )
        assert f"{cyd.pk}: board 'main', period 'all': the standing says 7, the log says {cyd.points}\n" in text
        code, text = rebuild("--apply", "--reason", "a bad day")
        assert (code, text.splitlines()[-1]) == (0, "3 scores differ from the log, 3 were rebuilt.")
        assert list(Standing.objects.order_by("player_id").values()) == before
        assert run_verify() == []

    def test_who_is_nobody_stands_nowhere(self, players: list[Score]) -> None:
        nobody = UUID(int=1)
        Standing.objects.create(player_id=nobody, period_id=0, points=5, reached_at=datetime.now(UTC), seq=1)
        code, text = rebuild("--apply", "--reason", "a bad day")
        assert (code, text.splitlines()[0]) == (0, f"{nobody}: there are standings, but no such player")
        assert not Standing.objects.filter(player=nobody).exists()
        assert run_verify() == []

    def test_it_needs_a_reason(self, players: list[Score], nothing_written: NothingWritten) -> None:
        with nothing_written(), pytest.raises(CommandError, match="reason"):
            rebuild("--apply")

    def test_a_chain_that_does_not_hold_proves_nothing(self, players: list[Score]) -> None:
        ada = players[0]
        with tampering():
            AuditEntry.objects.filter(player=ada.pk, seq=ada.seq).update(balance=1000)
            assert rebuild("--apply", "--reason", "a bad day")[0] == 1
            ada.refresh_from_db()
            assert ada.points != 1000


class TestErasure:
    def test_the_person_is_gone_and_the_chain_holds(self, players: list[Score], client: Client) -> None:
        ada = players[0]
        User.objects.filter(pk=ada.user_id).update(email="ada@example.org", first_name="Ada", last_name="Lovelace")
        token = access_token(ada)
        output = io.StringIO()
        call_command("erase_player", str(ada.pk), "--reason", "asked for it", stdout=output)
        assert output.getvalue().startswith("Erased, by entry 4 of the system chain.")
        everything = [str(list(model.objects.values())) for model in (Score, User, AuditEntry)]
        for trace in ("'Ada'", "'ada'", "Lovelace", "example.org"):
            assert not any(trace in text for text in everything), trace
        assert set(AuditEntry.objects.filter(player=ada.pk).values_list("context", flat=True)) == {None}
        assert standings.read_top()[0]["name"].startswith("Erased ")
        assert standings.read_top()[0]["score"] == ada.points
        assert "Ada" not in client.get("/").content.decode()
        assert run_verify() == []
        read_problem(update({"action": "daily-quiz"}, token=token, key="later"), 401, "token_invalid")

    def test_others_keep_their_evidence(self, players: list[Score]) -> None:
        ada, bea, _ = players
        corrections.erase_player(player=ada.pk, **WHY)
        assert not AuditEntry.objects.filter(player=bea.pk, context__isnull=True).exists()

    def test_who_and_why_stand_in_the_system_chain(self, players: list[Score]) -> None:
        ada = players[0]
        entry = corrections.erase_player(player=ada.pk, **WHY)
        assert (entry.kind, entry.action, entry.actor) == ("config", f"erase:{ada.pk}", "system")
        assert entry.context is not None
        assert (entry.context["reason"], entry.context["entries"]) == (WHY["reason"], str(ada.seq))

    def test_corrections_go_on_after_it(self, players: list[Score]) -> None:
        ada = players[0]
        corrections.erase_player(player=ada.pk, **WHY)
        corrections.void(player=ada.pk, seq=2, **WHY)
        assert run_verify() == []

    def test_it_needs_a_reason(self, players: list[Score], nothing_written: NothingWritten) -> None:
        with nothing_written(), pytest.raises(CorrectionRefused, match="reason"):
            corrections.erase_player(player=players[0].pk, reason=" ", actor="system")


class TestRecoverLedger:
    def test_a_new_epoch_replaces_what_the_backup_lost(self, players: list[Score], export: Path) -> None:
        with tampering():
            claim(players[0])
            checkpoints.sign_checkpoints()
        [finding] = run_verify(pinned=export)
        assert (
            "the database is behind the exported checkpoint 4 of epoch 1: it ends at checkpoint 3" in finding["detail"]
        )
        with pytest.raises(SigningRefused):
            checkpoints.sign_checkpoints()
        output = io.StringIO()
        call_command("restore_ledger", "--reason", "the disk died", stdout=output)
        assert output.getvalue().startswith("A new epoch begins with checkpoint 4. ")
        block = read_block(Checkpoint.objects.latest("number").jws, load_checkpoint_keys())
        assert (block.number, block.epoch) == (4, 2)
        assert run_verify(pinned=export) == []
        assert checkpoints.sign_checkpoints() == []

    def test_after_a_recovery_the_blocks_it_kept_are_still_guarded(self, players: list[Score], export: Path) -> None:
        call_command("restore_ledger", "--reason", "the disk died", stdout=io.StringIO())
        with tampering():
            stored = Checkpoint.objects.get(number=2)
            Checkpoint.objects.filter(number=2).update(jws=Checkpoint.objects.get(number=1).jws)
            assert {finding["rule"] for finding in run_verify(pinned=export)} == {"checkpoint", "pinned"}
        assert Checkpoint.objects.get(number=2) == stored

    def test_a_copy_that_cannot_be_written_is_said_and_made_up_for_by_the_sealer(
        self, players: list[Score], settings: Settings, tmp_path: Path
    ) -> None:
        folder = tmp_path / "not mounted yet"
        settings.CHECKPOINT_EXPORT = str(folder / "checkpoints.jws")
        output = io.StringIO()
        with pytest.raises(CommandError, match=r"Its copy could not be written: .*do not run this again"):
            call_command("restore_ledger", "--reason", "the disk died", stdout=output)
        assert output.getvalue().startswith("A new epoch begins with checkpoint 4. ")
        folder.mkdir()
        call_command("seal_ledger", stdout=io.StringIO())
        assert run_verify(pinned=folder / "checkpoints.jws") == []
        assert Checkpoint.objects.latest("number").pk == 4

    def test_every_issuer_is_moved_on(self, players: list[Score], settings: Settings) -> None:
        path = Path(settings.RECEIPT_ISSUERS_FILE)
        before = json.loads(path.read_text())
        path.chmod(0o640)
        call_command("restore_ledger", "--reason", "the disk died", stdout=io.StringIO())
        after = json.loads(path.read_text())
        assert time.time() + 25 < after["test-backend"].pop("min_iat") < time.time() + 35
        before["test-backend"].pop("min_iat")
        assert after == before
        assert path.stat().st_mode & 0o777 == 0o640

    def test_where_the_issuers_cannot_be_read_nothing_changes(
        self, players: list[Score], settings: Settings, nothing_written: NothingWritten
    ) -> None:
        Path(settings.RECEIPT_ISSUERS_FILE).write_text("{]")
        with nothing_written(), pytest.raises(CommandError, match="not taken up again"):
            call_command("restore_ledger", "--reason", "the disk died")
        assert Checkpoint.objects.count() == 3


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_backup_is_recovered_and_no_receipt_is_spent_twice(
    postgresql: PostgreSQL, export: Path, tmp_path: Path
) -> None:
    ada = make_history()[0]
    url = postgresql.database_url(connection.settings_dict["NAME"])
    backup = tmp_path / "backup.dump"
    with backup.open("wb") as file:
        subprocess.run([postgresql.bin / "pg_dump", "--format=custom", url], stdout=file, check=True, timeout=60)
    spent = claim(ada)
    checkpoints.sign_checkpoints()
    connection.close()
    run([postgresql.bin / "pg_restore", "--clean", "--if-exists", "--single-transaction", "--dbname", url, backup])

    assert "the database is behind" in run_verify(pinned=export)[0]["detail"]
    assert run_verify() == []
    call_command("restore_ledger", "--reason", "the disk died", stdout=io.StringIO())
    assert run_verify(pinned=export) == []

    points = Score.objects.get(pk=ada.pk).points
    read_problem(update({"receipt": spent}, token=access_token(ada)), 422, "receipt_invalid")
    assert Score.objects.get(pk=ada.pk).points == points
    wait_until(
        lambda: update({"receipt": make_fresh(ada)}, token=access_token(ada)).status_code == 200,
        seconds=10,
        what="the taking of a receipt issued since",
    )
    assert run_verify(pinned=export) == []


def make_fresh(player: Score) -> str:
    """A receipt of a backend whose clock is as far ahead as is allowed, so that nobody has to wait."""
    now = int(time.time())
    return make_receipt(player, act="bug-bounty", pts=70, iat=now + 30, exp=now + 300)
