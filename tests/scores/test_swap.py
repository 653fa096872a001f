"""An award in two round trips: the same rules as under the lock, and nothing lost when another writer comes between."""

import tempfile
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from audit.models import AuditEntry
from scores import corrections, services
from scores.awarding import Award, SelfReport
from scores.errors import (
    Cooldown,
    DailyCap,
    IdempotencyConflict,
    PlayerFrozen,
    ReceiptUsed,
    Refused,
    TokenInvalid,
    Unavailable,
    UnknownAction,
)
from scores.models import Action, Score
from scores.receipts import examine
from tests.scores.acting import change_actions, make_claims, make_player, make_receipt
from tests.scores.test_concurrency import caller_of, check_chain, in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


@pytest.fixture
def quiz(transactional_db: None) -> Action:
    return Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)


@pytest.fixture
def ada(quiz: Action) -> Score:
    return make_player("Ada")


def report(player: Score, key: str = "first", action: str = "daily-quiz") -> Award:
    return services.award(caller=caller_of(player), act=SelfReport(action, key), context={"address": "192.0.2.1"})


def count_round_trips(act: Callable[[], Any]) -> int:
    """How often the client waited for the server: the Sync messages that libpq traced."""
    server: psycopg.Connection[Any] = connection.connection
    with tempfile.TemporaryFile() as trace:
        server.pgconn.trace(trace.fileno())
        act()
        server.pgconn.untrace()
        trace.seek(0)
        return sum(line.split()[2:4] == [b"F", b"4"] and b"Sync" in line for line in trace)


def test_an_award_takes_two_round_trips(ada: Score) -> None:
    report(ada, "prepares the statements")
    assert count_round_trips(lambda: report(ada, "second")) == 2
    check_chain(ada)


def test_a_replay_takes_one(ada: Score) -> None:
    first = report(ada)
    again: list[Award] = []
    assert count_round_trips(lambda: again.append(report(ada))) == 1
    assert (again[0].replayed, again[0].entry.mac, again[0].entry.seq) == (True, first.entry.mac, 1)


def test_the_rules_hold_as_under_the_lock(ada: Score) -> None:
    report(ada)
    Action.objects.create(slug="other", label="Other", points=1, enabled=False)
    for act, error in (
        (SelfReport("other", "first"), IdempotencyConflict),
        (SelfReport("other", "new"), UnknownAction),
        (SelfReport("none", "new"), UnknownAction),
    ):
        with pytest.raises(error):
            services.award(caller=caller_of(ada), act=act, context={})
    change_actions(cooldown_seconds=3600)
    with pytest.raises(Cooldown) as refusal:
        report(ada, "too soon")
    assert 3590 <= (refusal.value.retry_after or 0) <= 3600
    change_actions(cooldown_seconds=0, daily_cap=1)
    with pytest.raises(DailyCap):
        report(ada, "too often")
    assert AuditEntry.objects.filter(player=ada.pk).count() == 1
    check_chain(ada)


def test_a_receipt_counts_once_whatever_is_done_with_it(ada: Score) -> None:
    grace = make_player("Grace")
    claims = make_claims(ada)
    receipt = examine(make_receipt(ada, **claims))
    first = services.award(caller=caller_of(ada), act=receipt, context={})
    again = services.award(caller=caller_of(ada), act=examine(make_receipt(ada, **claims)), context={})
    assert (first.replayed, again.replayed, again.entry.mac) == (False, True, first.entry.mac)
    with pytest.raises(ReceiptUsed):
        services.award(caller=caller_of(ada), act=examine(make_receipt(ada, **{**claims, "pts": 26})), context={})
    with pytest.raises(Refused):
        services.award(caller=caller_of(grace), act=receipt, context={})
    assert AuditEntry.objects.filter(kind="award").count() == 1
    check_chain(ada)


def award_while(ada: Score, change: Callable[[], object]) -> list[object]:
    """An award that has read before `change` and writes after it: the change holds the row until the award waits for it."""
    report(ada, "an entry to begin with")
    outcome: list[object] = []

    def act() -> None:
        try:
            outcome.append(report(ada, "in between"))
        except Refused as error:
            outcome.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        change()
        other = threading.Thread(target=act)
        other.start()
        wait_until_blocked()
    other.join(30)
    return outcome


def wait_until_blocked() -> None:
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%moved AS%%'"
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as observer:
        observer.autocommit = True
        for _ in range(2000):
            row = observer.execute(blocked.replace("%%", "%")).fetchone()
            if row and row[0]:
                return
            observer.execute("SELECT pg_sleep(0.005)")
    raise AssertionError("the award never waited for the row")


def test_an_award_reads_again_when_another_entry_came_between(ada: Score) -> None:
    [award] = award_while(ada, lambda: corrections.adjust(player=ada.pk, delta=5, reason="test", actor="system"))
    assert isinstance(award, Award)
    assert (award.entry.seq, award.entry.balance) == (3, 25)
    check_chain(ada)


def test_a_freeze_in_between_refuses_the_award(ada: Score) -> None:
    [refusal] = award_while(ada, lambda: corrections.freeze(player=ada.pk, reason="test", actor="system"))
    assert isinstance(refusal, PlayerFrozen)
    assert AuditEntry.objects.filter(player=ada.pk).count() == 2
    check_chain(ada)


def test_an_erasure_in_between_leaves_no_new_data_of_the_person(ada: Score) -> None:
    [refusal] = award_while(ada, lambda: corrections.erase_player(player=ada.pk, reason="test", actor="system"))
    assert isinstance(refusal, TokenInvalid)
    assert list(AuditEntry.objects.filter(player=ada.pk).values_list("context")) == [(None,)]


def test_a_connection_that_died_while_kept_is_replaced(ada: Score) -> None:
    report(ada)
    backend = connection.connection.info.backend_pid
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    assert report(ada, "after the restart").entry.seq == 2
    assert connection.connection.info.backend_pid != backend
    check_chain(ada)


def test_an_entry_that_no_score_knows_of_holds_the_player(ada: Score) -> None:
    report(ada)
    forged = AuditEntry.objects.get(player=ada.pk)
    forged.pk, forged.seq, forged.ref = None, 2, None
    forged.save(force_insert=True)
    with pytest.raises(Unavailable):
        report(ada, "second")
    ada.refresh_from_db()
    assert (ada.seq, ada.points, AuditEntry.objects.filter(player=ada.pk).count()) == (1, 10, 2)


def test_one_player_hit_by_many_loses_nothing(ada: Score) -> None:
    def act(number: int) -> int:
        return sum(not report(ada, f"{number}-{turn}").replayed for turn in range(20))

    assert sum(in_threads(8, act)) == 160
    ada.refresh_from_db()
    assert (ada.points, ada.seq) == (1600, 160)
    check_chain(ada)
