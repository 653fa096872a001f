"""What a page that is opened now may know of the minutes before."""

import json

import pytest
from django.test import Client

from scores.board import standings
from scores.board.standings import BoardRow, Snapshot
from scores.pages.trend import write_past

pytestmark = pytest.mark.any_database


def row(rank: int, player: str) -> BoardRow:
    return {"rank": rank, "player": player, "name": f"Name of {player}", "score": 0, "reached_at": ""}


def snapshot(read_at: float, players: str) -> Snapshot:
    return Snapshot("", [row(rank, player) for rank, player in enumerate(players, start=1)], "", "", read_at)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Snapshot]:
    """What this process remembers."""
    snapshots: list[Snapshot] = []
    monkeypatch.setattr(standings, "_past", snapshots)
    return snapshots


def test_the_past_has_each_player_once_and_no_names(kept: list[Snapshot]) -> None:
    kept += [snapshot(100.0, "ab"), snapshot(160.4, "cab")]
    text = write_past(snapshot(1000.0, "bca"))
    assert json.loads(text) == {"players": ["a", "b", "c"], "samples": [[900, [0, 1]], [840, [2, 0, 1]]]}
    assert "Name" not in text


def test_what_is_too_old_or_of_the_same_moment_is_left_out(kept: list[Snapshot]) -> None:
    kept += [snapshot(40.0, "a"), snapshot(40.1, "b"), snapshot(1000.0, "c")]
    assert json.loads(write_past(snapshot(1000.0, "c")))["samples"] == [[960, [0]]]


@pytest.mark.django_db
def test_the_board_and_its_embed_begin_with_nothing() -> None:
    for path in ("/", "/embed"):
        html = Client().get(path).content.decode()
        assert 'data-past="{&quot;players&quot;:[],&quot;samples&quot;:[]}"' in html
