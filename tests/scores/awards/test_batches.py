"""A backend's awards: each settled for itself, and tried again where another has the player."""

import time

import psycopg
import pytest
from django.db import connection
from django.db.models import F

from audit.models import AuditEntry, AwardStatement
from scores.awards.batches import award_all
from scores.awards.rules import Attempt, Award
from scores.callers import Caller
from scores.counting.definitions import make_board
from scores.errors import OutcomeUnknown, PlayerFrozen, ReceiptUsed, Refused, Unavailable, UnknownPlayer
from scores.investigation import corrections
from scores.models import Action, Board, BoardsVersion, Score
from scores.receipts.statements import StatedAward, examine_statement, read_line
from tests.support.acting import change_actions, make_player
from tests.support.chains import check_chain
from tests.support.stated import make_call, make_line
from tests.support.threads import in_another_thread, in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def attempts_of(lines: list[str]) -> list[Attempt]:
    read = [read_line(line) for line in lines]
    statement = examine_statement(make_call(lines)["statement"], read)
    context = {"backend": "192.0.2.9"}
    return [Attempt(Caller.of_backend(line.player), StatedAward(statement, line), context) for line in read]


def describe(outcomes: list[Award | Refused]) -> list[int | str]:
    return [outcome.code if isinstance(outcome, Refused) else outcome.entry.balance for outcome in outcomes]


def test_each_is_settled_for_itself(players: list[Score]) -> None:
    ada, ben, cleo = players
    corrections.freeze(player=ben.pk, reason="test", actor="system")
    cleo.user.is_active = False
    cleo.user.save()
    outcomes = award_all(attempts_of([make_line(ada), make_line(ben), make_line(cleo), make_line(ada, 5)]))
    assert describe(outcomes) == [25, "player_frozen", "unknown_player", 30]
    assert isinstance(outcomes[1], PlayerFrozen)
    assert isinstance(outcomes[2], UnknownPlayer)
    assert outcomes[2].reason == "inactive"
    assert AwardStatement.objects.count() == 1


def test_of_what_is_refused_whole_no_statement_is_kept(players: list[Score]) -> None:
    change_actions(enabled=False)
    assert describe(award_all(attempts_of([make_line(players[0])]))) == ["unknown_action"]
    assert (AwardStatement.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_a_chain_that_was_changed_holds_up_its_own_player_alone(
    players: list[Score], caplog: pytest.LogCaptureFixture
) -> None:
    ada, ben, _ = players
    award_all(attempts_of([make_line(ada)]))
    Score.objects.filter(pk=ada.pk).update(points=1_000)
    outcomes = award_all(attempts_of([make_line(ada), make_line(ben)]))
    assert describe(outcomes) == ["unavailable", 25]
    assert isinstance(outcomes[0], Unavailable)
    assert outcomes[0].reason == "chain_broken"
    assert "held until an investigator has looked" in caplog.text


@pytest.mark.postgresql
def test_a_player_whom_another_holds_is_waited_for_and_nobody_else(players: list[Score]) -> None:
    ada, ben, _ = players
    lines = [make_line(ada), make_line(ben), make_line(ada, 5)]
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT FROM scores_score WHERE id = %s FOR UPDATE", [ada.pk])
        thread, results = in_another_thread(lambda: award_all(attempts_of(lines)))
        deadline = time.monotonic() + 2
        while not AuditEntry.objects.filter(player=ben.pk).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert AuditEntry.objects.filter(player=ben.pk).count() == 1
        other.rollback()
        thread.join(10)
    [outcomes] = results
    assert isinstance(outcomes, list)
    assert describe(outcomes) == [25, 25, 30]
    check_chain(ada)


@pytest.mark.postgresql
def test_one_who_is_held_too_long_is_left_for_a_repetition(
    players: list[Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scores.awards.batches.PATIENCE_SECONDS", 0.1)
    ada, ben, _ = players
    attempts = attempts_of([make_line(ada), make_line(ben)])
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT FROM scores_score WHERE id = %s FOR UPDATE", [ada.pk])
        assert describe(award_all(attempts)) == ["unavailable", 25]
        other.rollback()
    assert describe(award_all(attempts)) == [25, 25]
    assert AuditEntry.objects.count() == 2


@pytest.mark.postgresql
def test_a_fault_after_some_were_written_does_not_say_that_nothing_was(players: list[Score]) -> None:
    """One player is held; when that ends, a board has been changed behind the application's back, and nothing can be placed."""
    ada, ben, _ = players
    make_board(slug="today", label="Today", counts="*", rule="sum", span="day", actor="system")
    attempts = attempts_of([make_line(ada), make_line(ben)])

    def send() -> object:
        try:
            return award_all(attempts)
        except Refused as refusal:
            return refusal

    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT FROM scores_score WHERE id = %s FOR UPDATE", [ada.pk])
        thread, results = in_another_thread(send)
        deadline = time.monotonic() + 2
        while not AuditEntry.objects.filter(player=ben.pk).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        Board.objects.filter(slug="today").update(counts="nothing")
        BoardsVersion.objects.update(version=F("version") + 1)
        other.rollback()
        thread.join(10)
    assert isinstance(results[0], OutcomeUnknown)
    assert AuditEntry.objects.filter(kind="award").count() == 1


@pytest.mark.postgresql
def test_the_same_calls_at_once_count_once(players: list[Score]) -> None:
    lines = [make_line(player, number + 1) for number in range(20) for player in players]
    attempts = attempts_of(lines)
    backwards = attempts_of(lines[::-1])

    def send(number: int) -> int:
        outcomes = award_all(attempts if number % 2 else backwards)
        assert all(isinstance(outcome, Award) for outcome in outcomes)
        return sum(isinstance(outcome, Award) and not outcome.replayed for outcome in outcomes)

    assert sum(in_threads(8, send)) == len(lines)
    for player in players:
        player.refresh_from_db()
        assert (player.points, player.seq) == (210, 20)
        check_chain(player)


@pytest.mark.postgresql
def test_one_id_for_two_players_at_once_is_one_award(players: list[Score], quiz: Action) -> None:
    for number in range(10):
        jti = f"{number}".rjust(22, "j")
        calls = [attempts_of([make_line(player, jti=jti)]) for player in players]
        outcomes = in_threads(3, lambda place, calls=calls: award_all(calls[place])[0])  # type: ignore[misc]
        assert sorted(isinstance(outcome, Award) for outcome in outcomes) == [False, False, True]
        assert sum(isinstance(outcome, ReceiptUsed) for outcome in outcomes) == 2
    assert AuditEntry.objects.count() == 10


def test_an_unknown_player_is_no_error(quiz: Action) -> None:
    stranger = make_player("Gone").pk
    Score.objects.filter(pk=stranger).delete()
    assert describe(award_all(attempts_of([make_line(stranger)]))) == ["unknown_player"]
