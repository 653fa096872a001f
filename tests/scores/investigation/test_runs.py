"""Runs of entries: neighbours are one, whatever the order they come in, and all of them are read again."""

from uuid import UUID

import pytest

from audit.models import AuditEntry
from scores.investigation import runs
from scores.investigation.runs import Run, merge, read_entries
from scores.models import Score

ONE, TWO = UUID(int=1), UUID(int=2)


def test_neighbours_of_one_chain_are_one_run() -> None:
    places = [(TWO, 3), (ONE, 5), (ONE, 3), (TWO, 2), (ONE, 4), (ONE, 8), (ONE, 4)]
    assert merge(places) == [Run(ONE, 3, 5), Run(ONE, 8, 8), Run(TWO, 2, 3)]
    assert [run.size for run in merge(places)] == [3, 1, 2]


@pytest.mark.parametrize("chunk", [1, 200])
def test_entries_are_read_player_by_player_in_the_order_of_their_chains(
    board: dict[str, Score], monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(runs, "CHUNK", chunk)
    ada, ben, cleo = (board[name].pk for name in ("Ada", "Ben", "Cleo"))
    asked = [Run(cleo, 2, 9), Run(ben, 2, None), Run(ada, 3, 3), Run(ada, 1, 1)]
    expected = AuditEntry.objects.filter(player=ada, seq__in=[1, 3]) | AuditEntry.objects.filter(player=ben, seq=2)
    assert list(read_entries(asked)) == list(expected.order_by("player", "seq"))
    assert list(read_entries([])) == []
