"""Each line of a file is one entry, exactly once; whoever it is about, whenever it is begun again, and whatever stops it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from scores.counting.definitions import make_board
from scores.errors import CorrectionRefused
from scores.investigation import corrections
from scores.models import MAXIMUM_BALANCE, Score, Standing
from scores.players import ensure_external_player, make_players
from scores.transfer import importing
from scores.transfer.importing import carry_out, plan_import
from scores.transfer.score_file import FileRefused, read_score_file
from tests.support.acting import make_player
from tests.support.database import database_url
from tests.support.imports import WHY, import_file, read_board, read_imports, write_scores
from tests.support.plugin import Profile
from tests.support.processes import ROOT
from tests.support.tampering import run_verify, tampering

pytestmark = pytest.mark.django_db
NothingWritten = Callable[[], AbstractContextManager[None]]
WITH_PLAYER = "name,points,player"
BROKEN = "the chain of player {0} does not hold: manage.py verify_ledger --player {0} says why."
NEW = UUID("c0ffee00-0000-4000-8000-00000000cafe")


def refuse(path: Path, **why: Any) -> list[str]:
    with pytest.raises(FileRefused) as refusal:
        import_file(path, **why)
    return str(refusal.value).splitlines()[1:]


def read_context(entry: AuditEntry) -> dict[str, str]:
    return {name: value for name, value in (entry.context or {}).items() if name != "salt"}


class TestEntries:
    def test_each_line_is_one_entry_and_the_file_is_one_of_the_system_chain(self, tmp_path: Path) -> None:
        path = write_scores(tmp_path, "Ada,7", "Grace,9")
        import_file(path, actor="c0ffee")
        digest = sha256(path.read_bytes()).hexdigest()
        file, ada, grace = AuditEntry.objects.order_by("pk")
        assert (file.player, file.kind, file.action, file.ref) == (SYSTEM_CHAIN, "config", "import:", f"i:{digest}:0")
        assert read_context(file) == {
            "source": "the old board", "reason": "we moved", "sha256": digest, "rows": "2", "total": "16"
        }  # fmt: skip
        for entry, points, line in ((ada, 7, 2), (grace, 9, 3)):
            assert (entry.kind, entry.delta, entry.balance, entry.value, entry.action) == (
                "import",
                points,
                points,
                None,
                "",
            )
            assert (entry.ref, entry.actor, entry.verified) == (f"i:{digest}:{line}", "c0ffee", False)
            assert entry.proof == "imported from the old board"
            assert read_context(entry) == {"source": "the old board", "reason": "we moved"}
        assert run_verify() == []

    def test_new_players_cannot_sign_in_and_are_found_by_their_names(self, tmp_path: Path) -> None:
        import_file(write_scores(tmp_path, f"Zoë,7,{NEW}", header=WITH_PLAYER))
        score = Score.objects.select_related("user").get()
        assert (score.pk, score.name, score.search_key, score.points, score.seq) == (NEW, "Zoë", "zoe", 7, 1)
        assert (score.user.username, score.user.has_usable_password()) == (f"player-{NEW}", False)
        assert score.is_sealed

    def test_who_is_there_gets_points_and_keeps_the_name(self, tmp_path: Path) -> None:
        ada, bea = make_player("Ada"), make_player("Bea")
        corrections.adjust(player=ada.pk, delta=5, reason="as agreed", actor="system")
        path = write_scores(tmp_path, f"Ada L.,7,{ada.pk}", f"Bea,3,{bea.pk}", header=WITH_PLAYER)
        plan = plan_import(read_score_file(path), **WHY)
        assert list(plan.list_changes()) == [
            f"line 2: player {ada.pk} keeps the name 'Ada', and is 'Ada L.' in the file"
        ]
        carry_out(plan, say=print)
        assert read_board() == [(ada.pk, "Ada", 12), (bea.pk, "Bea", 3)]
        assert list(Score.objects.order_by("name").values_list("name", "points", "seq")) == [
            ("Ada", 12, 2),
            ("Bea", 3, 1),
        ]
        assert run_verify() == []

    def test_who_has_an_account_and_no_score_yet_gets_one(self, tmp_path: Path) -> None:
        ensure_external_player(NEW, "Ada").delete()
        import_file(write_scores(tmp_path, f"Ada,7,{NEW}", header=WITH_PLAYER))
        assert read_board() == [(NEW, "Ada", 7)]

    def test_ties_stand_in_the_order_of_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importing, "CHUNK_LINES", 4)
        import_file(write_scores(tmp_path, *(f"Player {number},10" for number in range(11))))
        assert [name for _, name, _ in read_board()] == [f"Player {number}" for number in range(11)]
        times = list(AuditEntry.objects.filter(kind="import").order_by("pk").values_list("at_us", flat=True))
        assert times == sorted(set(times))

    def test_ties_do_so_although_the_clock_stands_still(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn_clock: Callable[[datetime], None]
    ) -> None:
        turn_clock(datetime(2026, 11, 27, tzinfo=UTC))
        monkeypatch.setattr(importing, "CHUNK_LINES", 2)
        import_file(write_scores(tmp_path, *(f"Player {number},10" for number in range(5))))
        assert [name for _, name, _ in read_board()] == [f"Player {number}" for number in range(5)]


class TestNames:
    def test_what_cannot_be_shown_is_repaired_and_said(self, tmp_path: Path) -> None:
        """Names as teams take them: tabs, brackets, emoji, writing from the right, formulas, an address."""
        names = [
            "A\tB", "[0x]<script>alert(1)</script>", "🏴‍☠️ pwn", "فريق النجوم", "=1+1", "ada@ctf.example", "  c   d ",
            "evil\u202etxt", "x" * 80,
        ]  # fmt: skip
        plan = plan_import(read_score_file(write_scores(tmp_path, *(f"{name},1" for name in names))), **WHY)
        assert list(plan.list_changes()) == [
            "line 2: 'A\\tB' becomes 'A B'",
            "line 7: 'ada@ctf.example' becomes 'ada'",
            "line 8: '  c   d ' becomes 'c d'",
            "line 9: 'evil\\u202etxt' becomes 'eviltxt'",
            f"line 10: {'x' * 80!r} becomes {'x' * 64!r}",
        ]
        carry_out(plan, say=print)
        assert [name for _, name, _ in read_board()] == [
            "A B", "[0x]<script>alert(1)</script>", "🏴‍☠️ pwn", "فريق النجوم", "=1+1", "ada", "c d", "eviltxt", "x" * 64,
        ]  # fmt: skip

    def test_namesakes_are_numbered_in_the_file_and_beside_it(self, tmp_path: Path) -> None:
        make_player("Alex Smith (2)")
        path = write_scores(tmp_path, "Alex Smith,3", "alex smith,2", "ALEX SMITH,1")
        plan = plan_import(read_score_file(path), **WHY)
        assert list(plan.list_changes()) == [
            "line 3: 'alex smith' becomes 'alex smith (3)'",
            "line 4: 'ALEX SMITH' becomes 'ALEX SMITH (4)'",
        ]

    def test_a_name_that_is_taken_after_the_look_is_numbered_then(self, tmp_path: Path) -> None:
        plan = plan_import(read_score_file(write_scores(tmp_path, "Ada,3", "Bea,1")), **WHY)
        make_player("Ada")
        said: list[str] = []
        carry_out(plan, say=said.append)
        assert said == ["line 2: 'Ada' becomes 'Ada (2)'"]
        assert read_imports() == [("Ada (2)", 3, 2), ("Bea", 1, 3)]
        assert run_verify() == []


class TestOnce:
    def test_a_second_run_adds_nothing(self, tmp_path: Path, nothing_written: NothingWritten) -> None:
        path = write_scores(tmp_path, "Ada,3", "Bea,1")
        import_file(path)
        with nothing_written():
            plan = plan_import(read_score_file(path), **WHY)
            assert plan.pending == []
            carry_out(plan, say=print)

    def test_another_source_is_another_file_or_a_mistake(self, tmp_path: Path, nothing_written: NothingWritten) -> None:
        path = write_scores(tmp_path, "Ada,3")
        import_file(path)
        with nothing_written():
            assert refuse(path, source="elsewhere") == [
                "This very file is imported from 'the old board' already: with that --source it goes on."
            ]

    def test_what_was_stopped_goes_on_where_it_stopped(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importing, "CHUNK_LINES", 2)
        path = write_scores(tmp_path, *(f"Alex,{5 - number // 2}" for number in range(7)))
        written: list[int] = []

        def stop(lines: int) -> None:
            written.append(lines)
            if len(written) == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            carry_out(plan_import(read_score_file(path), **WHY), say=print, progress=stop)
        assert len(read_imports()) == 4
        plan = plan_import(read_score_file(path), **WHY)
        assert [line.number for line in plan.pending] == [6, 7, 8]
        carry_out(plan, say=print)
        assert read_imports() == [
            (f"Alex{f' ({number})' if number > 1 else ''}", 5 - (number - 1) // 2, number + 1) for number in range(1, 8)
        ]  # fmt: skip
        assert AuditEntry.objects.filter(action="import:").count() == 1
        assert run_verify() == []

    def test_lines_that_another_run_wrote_meanwhile_are_passed_over(self, tmp_path: Path) -> None:
        path = write_scores(tmp_path, "Ada,3", "Bea,1")
        plan = plan_import(read_score_file(path), **WHY)
        import_file(path)
        carry_out(plan, say=print)
        assert read_imports() == [("Ada", 3, 2), ("Bea", 1, 3)]


@pytest.mark.postgresql
def test_a_chunk_about_players_who_are_there_takes_so_many_statements_however_many_they_are(
    tmp_path: Path, django_assert_num_queries: Callable[..., AbstractContextManager[None]]
) -> None:
    for count in (2, 40):
        players = [score for score, _ in make_players([f"Team {place} of {count}" for place in range(count)])]
        header = [f"{score.name},1,{score.pk}" for score in players]
        import_file(write_scores(tmp_path, *header, header=WITH_PLAYER))
        path = write_scores(tmp_path, *(line.replace(",1,", ",2,") for line in header), header=WITH_PLAYER)
        plan = plan_import(read_score_file(path), **WHY)
        # Six for the file's own entry; then, with the two of a savepoint: references there, scores locked, ends in two,
        # clock, scores, keys and rows of entries, the lock and version of boards, standings there, standings.
        with django_assert_num_queries(20):
            carry_out(plan, say=print)


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_and_begun_again_each_line_counts_once(tmp_path: Path, profile: Profile) -> None:
    path = write_scores(tmp_path, *(f"Player {number},{number}" for number in range(6000)))
    words = ["import_scores", str(path), "--source", "the old board", "--reason", "we moved"]
    environment = {**os.environ, "DATABASE_URL": database_url(profile)}
    connection.close()
    with subprocess.Popen([sys.executable, "manage.py", *words], cwd=ROOT, env=environment) as running:
        deadline = time.monotonic() + 60
        while not AuditEntry.objects.filter(kind="import").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL
    stopped_after = AuditEntry.objects.filter(kind="import").count()
    assert 0 < stopped_after < 6000
    import_file(path)
    assert [line for _, _, line in read_imports()] == list(range(2, 6002))
    assert [points for _, _, points in read_board()] == list(range(5999, -1, -1))
    assert run_verify() == []


class TestRefusals:
    @pytest.mark.parametrize("why", [{"source": " "}, {"source": "x" * 121}, {"source": "a\0b"}, {"reason": ""}])
    def test_source_and_reason_are_kept_or_nothing_is(
        self, tmp_path: Path, nothing_written: NothingWritten, why: dict[str, Any]
    ) -> None:
        with nothing_written(), pytest.raises(CorrectionRefused):
            import_file(write_scores(tmp_path, "Ada,3"), **why)

    def test_who_cannot_take_the_points_refuses_the_whole_file(
        self, tmp_path: Path, nothing_written: NothingWritten
    ) -> None:
        players = [make_player(name) for name in ("Ada", "Bea", "Cyd")]
        for player in players:
            corrections.adjust(player=player.pk, delta=1, reason="as agreed", actor="system")
        ada, bea, cyd = (player.pk for player in players)
        corrections.freeze(player=bea, reason="as agreed", actor="system")
        lines = ["Dot,1,", f"Ada,{MAXIMUM_BALANCE},{ada}", f"Bea,1,{bea}", f"Cyd,1,{cyd}"]
        path = write_scores(tmp_path, *lines, header=WITH_PLAYER)
        with nothing_written():
            assert refuse(path, actor=str(cyd)) == [
                f"line 3: with these points player {ada} would have more than 9007199254740991.",
                f"line 4: player {bea} is frozen.",
                f"line 5: nobody imports points of their own, as player {cyd} would.",
            ]
        most = MAXIMUM_BALANCE - 1
        import_file(write_scores(tmp_path, f"Ada,{most},{ada}", header=WITH_PLAYER))
        assert read_board()[0] == (ada, "Ada", MAXIMUM_BALANCE)
        assert run_verify() == []

    @pytest.mark.parametrize(
        ("statement", "fault"),
        [
            ("UPDATE scores_score SET name = 'Eve'", "account or name of player {} were changed in the database alone."),
            ("UPDATE scores_score SET points = 2", BROKEN),
            ("UPDATE audit_auditentry SET actor = 'eve'", BROKEN),
        ],
    )  # fmt: skip
    def test_whose_seals_do_not_hold_gets_nothing(
        self, tmp_path: Path, nothing_written: NothingWritten, statement: str, fault: str
    ) -> None:
        ada = make_player("Ada")
        corrections.adjust(player=ada.pk, delta=1, reason="as agreed", actor="system")
        path = write_scores(tmp_path, f"Ada,1,{ada.pk}", header=WITH_PLAYER)
        with tampering(), connection.cursor() as cursor:
            cursor.execute(statement)
            with nothing_written():
                assert refuse(path) == [f"line 2: {fault.format(ada.pk)}"]

    def test_who_was_frozen_after_the_look_stops_the_import(self, tmp_path: Path) -> None:
        ada = make_player("Ada")
        path = write_scores(tmp_path, f"Ada,1,{ada.pk}", header=WITH_PLAYER)
        plan = plan_import(read_score_file(path), **WHY)
        corrections.freeze(player=ada.pk, reason="as agreed", actor="system")
        with pytest.raises(FileRefused) as refusal:
            carry_out(plan, say=print)
        assert str(refusal.value).splitlines() == [
            "The import stopped. What it wrote stays, and the same command goes on from there.",
            f"line 2: player {ada.pk} is frozen.",
        ]
        assert read_imports() == []


def test_only_boards_of_everything_without_an_end_count_it(tmp_path: Path) -> None:
    rules = {"sum": 12, "best": 7, "latest": 7, "count": 2}
    for rule in rules:
        make_board(slug=f"ever-{rule}", label=rule, counts="*", rule=rule, span="all", actor="system")
    make_board(slug="laps", label="laps", counts="lap*", rule="sum", span="all", actor="system")
    make_board(slug="days", label="days", counts="*", rule="sum", span="day", actor="system")
    ada = make_player("Ada")
    corrections.adjust(player=ada.pk, delta=5, reason="as agreed", actor="system")
    import_file(write_scores(tmp_path, f"Ada,7,{ada.pk}", header=WITH_PLAYER))
    standings = dict(Standing.objects.values_list("period__board__slug", "points"))
    assert standings == {"main": 12, "days": 5, **{f"ever-{rule}": points for rule, points in rules.items()}}
    corrections.void(player=ada.pk, seq=2, reason="a mistake", actor="system")
    standings = dict(Standing.objects.values_list("period__board__slug", "points"))
    assert standings == {"main": 5, "days": 5, "ever-sum": 5, "ever-best": 5, "ever-latest": 5, "ever-count": 1}
    corrections.restore(player=ada.pk, seq=2, reason="none", actor="system")
    assert dict(Standing.objects.values_list("period__board__slug", "points"))["ever-latest"] == 7
    assert run_verify() == []


@pytest.mark.postgresql
def test_a_chunk_of_new_players_takes_so_many_statements_however_many_they_are(
    tmp_path: Path, django_assert_num_queries: Callable[..., AbstractContextManager[None]]
) -> None:
    import_file(write_scores(tmp_path, "First,1"))
    for number, count in enumerate((3, 300)):
        path = write_scores(tmp_path, *(f"Team {number} {place},{place}" for place in range(count)))
        plan = plan_import(read_score_file(path), **WHY)
        # Six for the file's own entry; then, with the two of a savepoint: references there, accounts there, keys and rows of accounts,
        # clock, scores, keys and rows of entries, the lock and version of boards, standings there, standings.
        with django_assert_num_queries(20):
            carry_out(plan, say=print)
