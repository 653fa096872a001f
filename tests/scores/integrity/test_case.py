"""A case file says what the log says of one player, proves it without the database, and any change of it shows."""

import json

import pytest

from audit import entry_export
from audit.models import AuditEntry, CheckpointHead
from scores.integrity import case as cases
from scores.integrity.case import CaseInvalid, read_case, write_case
from scores.models import Score
from tests.support.cases import Desk, make_case


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


def test_a_file_that_is_cut_off_or_is_none_is_refused(desk: Desk) -> None:
    text = "".join(write_case(desk.players[0]))
    for broken in (
        text[:-10],
        "",
        "[]",
        '{"format": "scoreboard.case.v1"}',
        text.replace('"seq": 1,', '"seq": true,', 1),
    ):
        with pytest.raises(CaseInvalid):
            read_case(broken.encode())
    extended = json.dumps({**desk.document, "more": 1})
    with pytest.raises(CaseInvalid, match="parts"):
        read_case(extended.encode())


def test_a_player_without_entries_has_a_case(desk: Desk) -> None:
    findings, still_open = desk.check(make_case(Score.objects.get(name__startswith="Dot")))
    assert (findings, len(still_open)) == ([], 1)


def test_of_too_many_leaves_the_newest_checkpoint_keeps_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "MAXIMUM_LEAVES", 2)
    document = make_case(desk.players[0])
    assert [item["path"] is not None for item in document["checkpoints"]] == [True, False, False]
    findings, still_open = desk.check(document)
    assert findings == []
    assert still_open == ["2 older checkpoints are named without proof, for their size."]
