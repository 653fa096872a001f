"""A case file says what the log says of one player, with what proves it without the database."""

import pytest

from audit import entry_export
from audit.models import AuditEntry, CheckpointHead
from scores.integrity import case_writing
from scores.models import Score
from tests.support.cases import Desk, make_case
from tests.support.stated import make_call, make_line, read_results, send_awards


def test_it_holds_all_and_only_what_the_log_says_of_the_player(desk: Desk) -> None:
    ada = desk.players[0]
    entries = AuditEntry.objects.filter(player=ada.pk).order_by("seq")
    assert desk.document["entries"] == [entry_export.describe(entry) for entry in entries]
    assert desk.document["score"]["points"] == ada.points
    assert [item["number"] for item in desk.document["checkpoints"]] == [4, 2, 1]
    for item in desk.document["checkpoints"]:
        players = list(
            CheckpointHead.objects.filter(checkpoint_id=item["number"])
            .order_by("player")
            .values_list("player", flat=True)
        )
        assert players[item["index"]] == ada.pk
        assert len(item["path"]) == {1: 0, 2: 1, 3: 2, 4: 2}[len(players)] or len(players) > 2
    assert list(desk.document["issuers"]) == ["test-backend"]
    assert desk.check() == ([], [])


def test_a_player_without_entries_has_a_case(desk: Desk) -> None:
    findings, still_open = desk.check(make_case(Score.objects.get(name__startswith="Dot")))
    assert (findings, len(still_open)) == ([], 1)


def test_of_too_many_leaves_the_newest_checkpoint_keeps_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_writing, "MAXIMUM_LEAVES", 2)
    document = make_case(desk.players[0])
    assert [item["path"] is not None for item in document["checkpoints"]] == [True, False, False]
    findings, still_open = desk.check(document)
    assert findings == []
    assert still_open == ["2 older checkpoints are named without proof, for their size."]


def test_awards_that_were_signed_together_come_with_their_statements(desk: Desk) -> None:
    """Each of them once, and provable; of who has none, the file is as it was before there were any."""
    ada = desk.players[0]
    calls = [
        make_call([make_line(ada, 3), make_line(desk.players[1], 4), make_line(ada, 5)]),
        make_call([make_line(ada)]),
    ]
    for call in calls:
        assert {status for status, _ in read_results(send_awards(call))} == {200}
    document = make_case(ada)
    assert document["format"] == "scoreboard.case.v3"
    assert sorted(document["statements"]) == sorted(call["statement"] for call in calls)
    findings, _ = desk.check(document)
    assert findings == []
    assert make_case(desk.players[2])["format"] == "scoreboard.case.v2"
    for statements, fault in (
        (document["statements"][:1], "statement is missing"),
        ([document["statements"][0][:-4] + "AAAA", document["statements"][1]], "statement is missing"),
    ):
        changed, _ = desk.check({**document, "statements": statements})
        assert any(fault in finding for finding in changed)
