"""The verifier is verified: an untouched history has no finding, and every stored value that is changed is one."""

import io
import os
import random
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F, Model
from pytest_django import Settings

from audit import chain
from audit.keys import encode_base64url, load_keyring
from audit.models import AuditEntry, AwardStatement, Checkpoint, CheckpointHead
from scores.integrity.verification import verify
from scores.models import Action, Score, Standing
from tests.support.stated import make_call, make_line, read_results, send_awards
from tests.support.tampering import act, change_value, make_history, run_verify, tampering

#: Keys of the tables' own, which say nothing; whose account a score is, the log does not know.
UNSEALED = {("AuditEntry", "id"), ("CheckpointHead", "id")}
#: What the seal of a score covers.
SEALED = {"user", "name", "claimed_name", "claimed_us"}
MUTATED = (AuditEntry, Score, CheckpointHead, Checkpoint, Action)
ROWS_EACH = 4


@pytest.fixture(autouse=True)
def export(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "checkpoints.jws"
    settings.CHECKPOINT_EXPORT = str(path)
    return path


@pytest.fixture
def players(db: None) -> list[Score]:
    return make_history()


def columns() -> list[tuple[type[Model], str]]:
    fields = [(model, field) for model in MUTATED for field in model._meta.concrete_fields]
    return [(model, field.name) for model, field in fields if (model.__name__, field.name) not in UNSEALED]


@pytest.mark.parametrize(("model", "name"), columns(), ids=lambda part: getattr(part, "__name__", part))
def test_every_column_that_is_changed_is_a_finding(players: list[Score], model: type[Model], name: str) -> None:
    field = model._meta.get_field(name)
    rows = list(model._default_manager.all())
    if model is Score:
        rows = [row for row in rows if row.seq]  # type: ignore[attr-defined]
    for row in random.sample(rows, min(ROWS_EACH, len(rows))):
        with tampering():
            model._default_manager.filter(pk=row.pk).update(**{name: change_value(row, field)})
            findings = run_verify()
            assert findings, f"{row!r}: {name} was changed and nothing said"
            if isinstance(row, AuditEntry):
                assert (str(row.player), row.seq) in {
                    (found["player"], found["seq"]) for found in findings
                } or name in {
                    "player",
                    "seq",
                }
            if isinstance(row, Score) and name != "id":
                is_sealed_alone = name in {"user", "name", "claimed_name", "claimed_us"}
                assert findings[0]["rule"] == ("score.seal" if is_sealed_alone else f"score.{name}")
    assert run_verify() == []


def test_every_character_of_a_block_is_signed(players: list[Score]) -> None:
    checkpoint = Checkpoint.objects.latest("number")
    for position in random.sample(range(len(checkpoint.jws)), 40):
        with tampering():
            other = "A" if checkpoint.jws[position] != "A" else "B"
            text = checkpoint.jws[:position] + other + checkpoint.jws[position + 1 :]
            Checkpoint.objects.filter(pk=checkpoint.pk).update(jws=text)
            assert [found["rule"] for found in run_verify()] == ["checkpoint"]


def test_one_player_can_be_verified_alone(players: list[Score]) -> None:
    ada, bea, _ = players
    with tampering():
        Score.objects.filter(pk=ada.pk).update(points=F("points") + 1)
        assert run_verify("--player", bea.pk) == []
        [finding] = run_verify("--player", ada.pk)
    assert (finding["rule"], finding["player"]) == ("score.points", str(ada.pk))


def test_for_people_it_says_a_sentence(players: list[Score], tmp_path: Path) -> None:
    output = io.StringIO()
    call_command("verify_ledger", stdout=output)
    assert output.getvalue().startswith(f"{AuditEntry.objects.count()} entries in ")
    assert output.getvalue().endswith("no findings. Not compared with exported checkpoints (--pinned).\n")
    with pytest.raises(CommandError, match="no player"):
        call_command("verify_ledger", "--player", str(uuid4()))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_ledger", "--pinned", str(tmp_path / "nowhere"))


def test_a_statement_that_is_changed_or_gone_is_a_finding_of_each_of_its_awards(players: list[Score]) -> None:
    ada, bea, cyd = players
    call = make_call([make_line(ada), make_line(bea), make_line(ada, 5)])
    assert {status for status, _ in read_results(send_awards(call))} == {200}
    assert {status for status, _ in read_results(send_awards(make_call([make_line(cyd)])))} == {200}
    assert run_verify() == []
    stated = AwardStatement.objects.filter(jws=call["statement"])
    for change in (
        stated.delete,
        lambda: stated.update(jws=call["statement"][:-4] + "AAAA"),
        lambda: stated.update(sha256="0" * 64),
        lambda: stated.update(jws=AwardStatement.objects.exclude(jws=call["statement"]).get().jws),
    ):
        with tampering():
            change()
            found = {(finding["player"], finding["seq"], finding["rule"]) for finding in run_verify()}
            assert found == {
                (str(ada.pk), ada.seq + 1, "receipt"),
                (str(ada.pk), ada.seq + 2, "receipt"),
                (str(bea.pk), bea.seq + 1, "receipt"),
            }
    assert run_verify() == []


class TestAttackerWithTheDatabaseAlone:
    """Who may do anything to the tables and has no key."""

    def test_edits_an_entry_and_the_score_to_match(self, players: list[Score]) -> None:
        ada = players[0]
        with tampering():
            AuditEntry.objects.filter(player=ada.pk, seq=ada.seq).update(delta=F("delta") + 5, balance=F("balance") + 5)
            Score.objects.filter(pk=ada.pk).update(points=F("points") + 5)
            Standing.objects.filter(player=ada.pk).update(points=F("points") + 5)
            assert rules(run_verify(), ada.pk) == {(ada.seq, "mac"), (ada.seq, "receipt")}

    def test_deletes_in_the_middle(self, players: list[Score]) -> None:
        bea = players[1]
        with tampering():
            remove(bea.pk, 2)
            assert {(3, "seq"), (3, "prev")} <= rules(run_verify(), bea.pk)

    def test_truncates_a_sealed_tail_and_resets_the_score(self, players: list[Score]) -> None:
        bea = players[1]
        with tampering():
            remove(bea.pk, 4)
            reset(bea, 3)
            assert rules(run_verify(), bea.pk) == {(4, "checkpoint")}

    def test_splices_in_another_players_entry(self, players: list[Score]) -> None:
        ada, bea, _ = players
        with tampering():
            spliced = AuditEntry.objects.get(player=ada.pk, seq=ada.seq)
            AuditEntry.objects.filter(pk=spliced.pk).update(player=bea.pk, seq=bea.seq + 1)
            assert {(bea.seq + 1, "mac"), (bea.seq + 1, "prev")} <= rules(run_verify(), bea.pk)

    def test_renumbers(self, players: list[Score]) -> None:
        bea = players[1]
        with tampering():
            remove(bea.pk, 2)
            for seq in (3, 4):
                AuditEntry.objects.filter(player=bea.pk, seq=seq).update(seq=seq - 1)
            assert {(2, "mac"), (2, "prev"), (3, "mac")} <= rules(run_verify(), bea.pk)

    def test_appends_with_a_key_of_their_own(self, players: list[Score]) -> None:
        ada = players[0]
        with tampering():
            forge(ada, os.urandom(32))
            assert rules(run_verify(), ada.pk) == {(ada.seq + 1, "mac")}

    def test_drops_an_account(self, players: list[Score]) -> None:
        ada = players[0]
        with tampering():
            Standing.objects.filter(player=ada.pk).delete()
            Score.objects.filter(pk=ada.pk).delete()
            assert rules(run_verify(), ada.pk) == {(ada.seq, "score"), (ada.seq, "standing")}

    def test_drops_an_account_and_all_its_entries(self, players: list[Score]) -> None:
        ada = players[0]
        with tampering():
            Standing.objects.filter(player=ada.pk).delete()
            Score.objects.filter(pk=ada.pk).delete()
            AuditEntry.objects.filter(player=ada.pk).delete()
            assert rules(run_verify(), ada.pk) == {(3, "checkpoint"), (5, "checkpoint")}

    def test_removes_a_context_as_if_it_were_erased(self, players: list[Score]) -> None:
        bea = players[1]
        with tampering():
            AuditEntry.objects.filter(player=bea.pk, seq=1).update(context=None)
            assert rules(run_verify(), bea.pk) == {(1, "context")}

    def test_drops_the_last_block(self, players: list[Score], export: Path) -> None:
        with tampering():
            CheckpointHead.objects.filter(checkpoint_id=3).delete()
            Checkpoint.objects.filter(number=3).delete()
            [finding] = run_verify(pinned=export)
        assert (finding["rule"], "behind the exported checkpoint 3" in finding["detail"]) == ("pinned", True)

    def test_drops_all_blocks(self, players: list[Score], export: Path) -> None:
        with tampering():
            CheckpointHead.objects.all().delete()
            Checkpoint.objects.all().delete()
            assert [finding["rule"] for finding in run_verify(pinned=export)] == ["pinned"]

    def test_removes_a_refused_row_of_the_catalogue(self, players: list[Score]) -> None:
        with tampering():
            Action.objects.filter(slug="bug-bounty").delete()
            assert [finding["rule"] for finding in run_verify()] == ["catalogue"]

    def test_puts_back_an_earlier_row_of_the_catalogue(self, players: list[Score]) -> None:
        earlier = Action.objects.filter(slug="daily-quiz").values().get()
        call_command("make_action", "daily-quiz", "--points", "1")
        with tampering():
            Action.objects.filter(slug="daily-quiz").update(**earlier)
            assert [finding["rule"] for finding in run_verify()] == ["catalogue"]


class TestWhatCannotBeSeen:
    """The two things that the README says are not detected."""

    def test_a_tail_newer_than_the_last_exported_checkpoint_is_cut(self, players: list[Score], export: Path) -> None:
        ada = players[0]
        with tampering():
            remove(ada.pk, ada.seq)
            reset(ada, ada.seq - 1)
            assert run_verify(pinned=export) == []

    def test_a_holder_of_the_ledger_key_forges_a_new_entry(self, players: list[Score], export: Path) -> None:
        ada = players[0]
        with tampering():
            forge(ada, load_keyring().keys["ledger-1"])
            assert run_verify(pinned=export) == []


def test_old_keys_verify_what_they_sealed(players: list[Score], settings: Settings, tmp_path: Path) -> None:
    old = load_keyring().keys["ledger-1"]
    path = tmp_path / "ledger_keys.json"
    from_text = '{"current": "ledger-2", "keys": {"ledger-2": "%s"%s}}'
    new, kept = encode_base64url(os.urandom(32)), f', "ledger-1": "{encode_base64url(old)}"'
    path.write_text(from_text % (new, kept))
    settings.LEDGER_KEYS_FILE = str(path)
    act(players[0], "after-the-rotation")
    assert AuditEntry.objects.latest("id").kid == "ledger-2"
    assert list(verify()) == []
    lost = tmp_path / "lost.json"
    lost.write_text(from_text % (new, ""))
    settings.LEDGER_KEYS_FILE = str(lost)
    assert {finding.rule for finding in verify(player=players[1].pk)} == {"kid"}


def rules(findings: list[dict[str, Any]], player: UUID) -> set[tuple[int | None, str]]:
    """Entry and rule of each finding, which are all this player's."""
    assert {finding["player"] for finding in findings} >= {str(player)}
    return {(finding["seq"], finding["rule"]) for finding in findings if finding["player"] == str(player)}


def remove(player: UUID, seq: int) -> None:
    assert AuditEntry.objects.filter(player=player, seq=seq).delete()[0] == 1


def reset(score: Score, seq: int) -> None:
    """Make score and standing say what they said after this entry."""
    entry = AuditEntry.objects.get(player=score.pk, seq=seq)
    moved = AuditEntry.objects.filter(player=score.pk, seq__lte=seq).exclude(delta=0).latest("seq")
    Score.objects.filter(pk=score.pk).update(points=entry.balance, seq=seq, head=entry.mac, reached_at=moved.at)
    Standing.objects.filter(player=score.pk).update(points=entry.balance, seq=moved.seq, reached_at=moved.at)


def forge(score: Score, key: bytes) -> None:
    """Append a well-formed entry of 100 points under this key."""
    last = AuditEntry.objects.get(player=score.pk, seq=score.seq)
    context = chain.salted({"reason": "none"})
    entry = AuditEntry(
        player=score.pk, seq=last.seq + 1, kid="ledger-1", kind="adjust", delta=100, balance=last.balance + 100,
        action="", ref=None, actor="system", at_us=last.at_us + 1, detail=chain.commit_to(context), prev=last.mac, context=context,
    )  # fmt: skip
    entry.mac = chain.compute_mac(key, entry)
    entry.save(force_insert=True)
    reset(score, entry.seq)
