"""manage.py rebuild_standings: says who stands otherwise than the log says, and puts it right only when told to and told why."""

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.counting.definitions import change_board, make_board
from scores.models import Score, Standing
from tests.support.commands import call
from tests.support.tampering import run_verify, tampering


def test_it_looks_and_ends_with_one_where_something_differs(players: list[Score]) -> None:
    assert call("rebuild_standings") == "0 players stand otherwise than the log says, 0 were put right.\n"
    Standing.objects.filter(player=players[0].pk).update(points=7)
    with pytest.raises(SystemExit) as end:
        call("rebuild_standings", "--check")
    assert end.value.code == 1
    assert Standing.objects.get(player=players[0].pk).points == 7


def test_what_is_put_right_is_said_and_is_an_entry(players: list[Score]) -> None:
    ada = players[0]
    Standing.objects.filter(player=ada.pk).update(points=7)
    assert call("rebuild_standings", "--apply", "--reason", "a bad day") == (
        f"{ada.pk}: board 'main', period 'all': the standing says 7, the log says {ada.points}\n"
        "1 players stand otherwise than the log says, 1 were put right.\n"
    )
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, (entry.context or {})["reason"]) == ("rebuild:standings", "a bad day")
    assert run_verify() == []


def test_a_chain_that_does_not_hold_is_said_and_left_alone(players: list[Score]) -> None:
    ada = players[0]
    with tampering():
        AuditEntry.objects.filter(player=ada.pk, seq=1).update(actor="somebody")
        Standing.objects.filter(player=ada.pk).update(points=7)
        with pytest.raises(SystemExit) as end:
            call("rebuild_standings", "--apply", "--reason", "a bad day")
        assert end.value.code == 1
        assert Standing.objects.get(player=ada.pk).points == 7


def test_one_board_is_looked_at_alone(players: list[Score]) -> None:
    make_board(slug="other", label="Other", counts="*", rule="sum", span="all", actor="system")
    Standing.objects.filter(player=players[0].pk).update(points=7)
    assert (
        call("rebuild_standings", "--board", "other")
        == "0 players stand otherwise than the log says, 0 were put right.\n"
    )
    with pytest.raises(SystemExit):
        call("rebuild_standings", "--board", "main")


def test_a_board_that_is_not_there_or_off_and_a_missing_reason_are_refused(players: list[Score]) -> None:
    Standing.objects.filter(player=players[0].pk).update(points=7)
    make_board(slug="off", label="Off", counts="*", rule="sum", span="all", actor="system")
    change_board(slug="off", enabled=False, actor="system")
    entries = AuditEntry.objects.count()
    for words, sentence in (
        (("--board", "none"), "no such board"),
        (("--board", "off"), "'off': it is off"),
        (("--apply",), "reason"),
        (("--apply", "--reason", "why", "--actor", "nobody"), "nobody"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call("rebuild_standings", *words)
    assert (AuditEntry.objects.count(), Standing.objects.get(player=players[0].pk).points) == (entries, 7)
