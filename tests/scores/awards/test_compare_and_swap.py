"""Awards in two round trips: the same rules as under the lock, and nothing lost when another writer comes between."""

import tempfile
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from audit.models import AuditEntry
from scores.awards import compare_and_swap, service
from scores.awards.rules import Attempt, Award, SelfReport
from scores.awards.service import Contended, Outcome
from scores.callers import Caller
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
from scores.investigation import corrections
from scores.models import Action, Score
from scores.receipts.verifier import examine
from tests.support.acting import change_actions, make_claims, make_player, make_receipt
from tests.support.awards import attempt_of, report
from tests.support.chains import check_chain
from tests.support.threads import in_threads, wait_until_blocked

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


@pytest.fixture
def quiz(transactional_db: None) -> Action:
    return Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)


@pytest.fixture
def ada(quiz: Action) -> Score:
    return make_player("Ada")


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
            service.award(attempt_of(ada, act))
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
    first = service.award(attempt_of(ada, receipt))
    again = service.award(attempt_of(ada, examine(make_receipt(ada, **claims))))
    assert (first.replayed, again.replayed, again.entry.mac) == (False, True, first.entry.mac)
    with pytest.raises(ReceiptUsed):
        service.award(attempt_of(ada, examine(make_receipt(ada, **{**claims, "pts": 26}))))
    with pytest.raises(Refused):
        service.award(attempt_of(grace, receipt))
    assert AuditEntry.objects.filter(kind="award").count() == 1
    check_chain(ada)


def award_while(ada: Score, change: Callable[[], object]) -> list[object]:
    """An award while `change` holds the player: it passes the player over first, and then waits for the lock."""
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


def test_a_connection_that_died_while_kept_is_replaced_without_a_word(
    ada: Score, caplog: pytest.LogCaptureFixture
) -> None:
    report(ada)
    backend = connection.connection.info.backend_pid
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    assert report(ada, "after the restart").entry.seq == 2
    assert connection.connection.info.backend_pid != backend
    assert [record.name for record in caplog.records if record.name.startswith("psycopg")] == []
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


@pytest.fixture
def players(quiz: Action) -> list[Score]:
    return [make_player(f"Player {number}") for number in range(3)]


def together(*attempts: tuple[Score, str]) -> list[Outcome]:
    return service.award_together([attempt_of(player, SelfReport("daily-quiz", key)) for player, key in attempts])


def entries_of(player: Score) -> list[tuple[int, int]]:
    return list(AuditEntry.objects.filter(player=player.pk).order_by("seq").values_list("seq", "balance"))


def test_many_awards_take_two_round_trips(players: list[Score]) -> None:
    together((players[0], "prepares the statements"))
    awards: list[Any] = []
    assert count_round_trips(lambda: awards.extend(together(*((player, "key") for player in players * 4)))) == 2
    assert [award.replayed for award in awards] == [False] * 3 + [True] * 9
    assert [award.entry.player for award in awards] == [player.pk for player in players * 4]
    assert [entries_of(player) for player in players] == [[(1, 10), (2, 20)], [(1, 10)], [(1, 10)]]
    for player in players:
        check_chain(player)


def test_several_of_one_player_follow_each_other(ada: Score) -> None:
    awards = together((ada, "first"), (ada, "second"), (ada, "first"), (ada, "third"))
    assert [(award.entry.seq, award.replayed) for award in awards if isinstance(award, Award)] == [
        (1, False),
        (2, False),
        (1, True),
        (3, False),
    ]
    assert AuditEntry.objects.filter(player=ada.pk).count() == 3
    check_chain(ada)


@pytest.mark.parametrize(
    ("terms", "refusal", "counted"),
    [({"cooldown_seconds": 60}, Cooldown, 1), ({"daily_cap": 2}, DailyCap, 2), ({"points": 1}, None, 4)],
)
def test_pace_is_kept_among_those_that_come_together(
    terms: dict[str, int], refusal: type[Exception] | None, counted: int, ada: Score
) -> None:
    change_actions(**terms)
    answers = together(*((ada, str(number)) for number in range(4)))
    assert [type(answer) for answer in answers] == [Award] * counted + [refusal] * (4 - counted)
    assert len(entries_of(ada)) == counted
    check_chain(ada)


def test_a_refusal_is_nobody_elses(players: list[Score]) -> None:
    corrections.freeze(player=players[1].pk, reason="test", actor="system")
    answers = together(*((player, "key") for player in players))
    assert [type(answer) for answer in answers] == [Award, PlayerFrozen, Award]
    assert [len(entries_of(player)) for player in players] == [1, 1, 1]


def test_a_player_of_elsewhere_is_made_by_the_first_award(quiz: Action) -> None:
    caller = Caller(uuid4(), "test", password_stamp=None, external_name="Mary")
    attempt = Attempt(caller, SelfReport("daily-quiz", "first"), {})
    [answer] = service.award_together([attempt])
    assert isinstance(answer, TokenInvalid)
    assert not Score.objects.exists()
    assert (service.award(attempt).replayed, service.award(attempt).replayed) == (False, True)
    mary = Score.objects.get(pk=caller.player)
    assert (mary.name, mary.points) == ("Mary", 10)
    [again] = service.award_together([attempt])
    assert isinstance(again, Award)
    assert again.replayed
    check_chain(mary)


def test_a_player_in_other_hands_is_passed_over_and_nobody_waits(players: list[Score]) -> None:
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT FROM scores_score WHERE id = %s FOR UPDATE", [players[1].pk])
        answers = together(*((player, "key") for player in [*players, players[1]]))
        assert [type(answer) for answer in answers] == [Award, Contended, Award, Contended]
        assert [entries_of(player) for player in players] == [[(1, 10)], [], [(1, 10)]]
    assert [type(answer) for answer in together((players[1], "key"))] == [Award]
    for player in players:
        check_chain(player)


@pytest.mark.parametrize(
    "change",
    [
        lambda player: service.award(attempt_of(player, SelfReport("daily-quiz", "in between"))),
        lambda player: corrections.freeze(player=player.pk, reason="test", actor="system"),
        lambda player: corrections.erase_player(player=player.pk, reason="test", actor="system"),
    ],
)
def test_what_came_between_read_and_write_wins(change: Callable[[Score], object], players: list[Score]) -> None:
    """Read by one, changed by another, written by the first: only the score that was not touched moves."""
    attempts = [attempt_of(player, SelfReport("daily-quiz", "key")) for player in players]
    found = compare_and_swap.read_facts(
        [compare_and_swap.FactsQuery(each.caller.player, each.ref, each.slug) for each in attempts]
    )
    sealed = [service._decide(attempt, each, []) for attempt, each in zip(attempts, found, strict=True)]
    change(players[1])
    before = entries_of(players[1])
    written = compare_and_swap.write_entries([(award.name, [award.entry]) for award in sealed])
    assert written == {players[0].pk, players[2].pk}
    assert entries_of(players[1]) == before
    for player in players:
        if entries_of(player):
            check_chain(player)


def test_one_key_of_two_players_awards_nobody_in_that_call(players: list[Score]) -> None:
    """As only an issuer can make it, who signs two receipts of one id; each by itself, the first of them counts."""
    claims = [make_claims(player, jti="one-id-for-two-players") for player in players[:2]]
    attempts = [
        attempt_of(player, examine(make_receipt(player, **each))) for player, each in zip(players, claims, strict=False)
    ]
    with pytest.raises(IntegrityError):
        service.award_together(attempts)
    assert AuditEntry.objects.filter(kind="award").count() == 0
    assert not service.award(attempts[0]).replayed
    with pytest.raises(ReceiptUsed):
        service.award(attempts[1])
    assert [entries_of(player) for player in players] == [[(1, 25)], [], []]


def count_scans() -> dict[str, int]:
    """How often each table that an award reads was read as a whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY(%s)", [READ_TABLES])
        return dict(cursor.fetchall())


READ_TABLES = ["audit_auditentry", "auth_user", "scores_action", "scores_score"]


def test_the_statements_are_planned_by_index_whatever_the_tables_look_like(ada: Score) -> None:
    """With a handful of rows a scan would be cheaper, and the plan is kept while the log grows."""
    report(ada)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    before = count_scans()
    for number in range(8):
        report(ada, f"after the tables were looked at, {number}")
    assert count_scans() == before
    assert set(before) == set(READ_TABLES)


def test_how_awards_are_planned_is_left_to_nothing_else_on_the_connection(ada: Score) -> None:
    report(ada)
    with pytest.raises(UnknownAction):
        report(ada, "refused", "none")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE source = 'session'")
        assert not set(dict(cursor.fetchall())) & set(compare_and_swap.PLANNING)


def test_the_sweep_that_an_award_sets_off_is_planned_as_usual(ada: Score) -> None:
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE TABLE seen (setting text);
            CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO seen SELECT name || ' ' || setting FROM pg_settings
                WHERE name = 'plan_cache_mode' OR name LIKE 'enable\\_%';
                RETURN NULL;
            END $$;
            CREATE TRIGGER see AFTER INSERT ON scores_rankrange EXECUTE FUNCTION see();
            DELETE FROM scores_rankrange;
            SELECT setval(pg_get_serial_sequence('scores_rankchange', 'id'), 999);
        """)
        try:
            report(ada)
            cursor.execute("SELECT DISTINCT setting FROM seen")
            seen = {setting for (setting,) in cursor.fetchall()}
        finally:
            cursor.execute("DROP TRIGGER see ON scores_rankrange; DROP FUNCTION see(); DROP TABLE seen")
    assert {"plan_cache_mode auto", "enable_seqscan on", "enable_hashjoin on", "enable_mergejoin on"} <= seen
