"""The reader's own player waits just below the top 10, until it has acted."""

from pathlib import Path

import pytest
from pytest_django import Settings

from audit.models import AuditEntry
from scores.board.standings import find_rank, read_top
from scores.demo.history import make_history
from scores.demo.reader import REASON, place_reader
from scores.demo.seed import FIRST_STEPS, READER, Demo
from scores.models import Score
from tests.support.acting import access_token, read_state, update
from tests.support.board import place
from tests.support.commands import call
from tests.support.tampering import run_verify


@pytest.fixture
def reader(db: None, settings: Settings, tmp_path: Path) -> Score:
    """The demo as it was seeded, and ten who have from 900 down to 810 points."""
    settings.RECEIPT_ISSUERS_FILE = str(tmp_path / "issuers.json")
    Demo(tmp_path / "demo").seed()
    for number in range(10):
        place(f"Player {number}", 900 - 10 * number)
    return Score.objects.get(user__username=READER)


def read_place(reader: Score) -> tuple[int | None, int]:
    found = find_rank(reader.pk)
    assert found is not None
    return found.rank, found.score.points


def test_it_begins_with_the_points_of_the_tenth_who_was_there_first(reader: Score) -> None:
    place_reader()
    assert read_place(reader) == (11, 810)
    [entry] = AuditEntry.objects.filter(player=reader.pk)
    assert (entry.kind, entry.delta, entry.actor) == ("adjust", 810, "system")
    assert entry.context is not None
    assert entry.context["reason"] == REASON


def test_its_first_act_brings_it_onto_the_board_and_it_is_left_alone_from_then_on(reader: Score) -> None:
    place_reader()
    answer = update({"action": FIRST_STEPS.slug}, token=access_token(reader), key="first")
    assert answer.json()["delta"] == FIRST_STEPS.points
    assert read_top()[0]["player"] == str(reader.pk)
    for number in range(10):
        place(f"Newcomer {number}", 9000 + number)
    before = read_state()
    place_reader()
    assert read_state() == before


def test_while_it_has_not_acted_a_later_start_brings_it_up_to_the_tenth_again(reader: Score) -> None:
    place_reader()
    place_reader()
    assert read_place(reader) == (11, 810)
    place("Newcomer", 2_000_000)
    place_reader()
    assert read_place(reader) == (11, 820)


def test_on_a_board_that_is_not_full_it_stays_where_it_is(reader: Score) -> None:
    Score.objects.filter(name="Player 9").delete()
    before = read_state()
    place_reader()
    assert read_state() == before


def test_what_it_was_given_holds_before_every_check(
    db: None, settings: Settings, tmp_path: Path, exported: Path
) -> None:
    settings.RECEIPT_ISSUERS_FILE = str(tmp_path / "issuers.json")
    demo = Demo(tmp_path / "demo")
    demo.seed()
    make_history(demo)
    place_reader()
    reader = Score.objects.get(user__username=READER)
    assert reader.points == read_top()[-1]["score"] > 0
    call("seal_ledger")
    assert run_verify() == []
