"""What everybody may know of corrections: their kinds, counts and times, at one query's cost."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from audit.models import AuditEntry
from scores.board.notices import MAXIMUM_NOTICES, read_notices, write_notices
from scores.investigation import corrections
from scores.models import Action, Score
from tests.support.acting import access_token, make_player, update

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 27, 12, 2, 30, tzinfo=UTC)
REASON = "a reason that is nobody's business"
TurnClock = Callable[[datetime], None]


def act(player: Score, times: int) -> None:
    for number in range(times):
        assert update({"action": "daily-quiz"}, token=access_token(player), key=str(number)).status_code == 200


def test_they_are_counted_by_kind_and_minute_the_newest_first(turn_clock: TurnClock, daily_quiz: Action) -> None:
    ada, ben = make_player("Ada"), make_player("Ben")
    turn_clock(NOON)
    act(ada, 3)
    act(ben, 1)
    for player, seq in ((ada, 1), (ada, 2), (ben, 1)):
        corrections.void(player=player.pk, seq=seq, reason=REASON, actor="system")
    corrections.freeze(player=ben.pk, reason=REASON, actor="system")
    turn_clock(NOON + timedelta(minutes=3))
    corrections.restore(player=ada.pk, seq=1, reason=REASON, actor="system")
    corrections.adjust(player=ada.pk, delta=7, reason=REASON, actor="system")
    corrections.unfreeze(player=ben.pk, reason=REASON, actor="system")
    noon, later = "2026-11-27T12:02:00.000000Z", "2026-11-27T12:05:00.000000Z"
    assert read_notices() == {
        "corrections": [
            {"kind": "adjust", "count": 1, "at": later},
            {"kind": "restore", "count": 1, "at": later},
            {"kind": "unfreeze", "count": 1, "at": later},
            {"kind": "freeze", "count": 1, "at": noon},
            {"kind": "void", "count": 3, "at": noon},
        ]
    }


def test_they_name_nobody_and_give_no_reason(daily_quiz: Action) -> None:
    ada = make_player("Ada")
    act(ada, 1)
    entry = corrections.void(player=ada.pk, seq=1, reason=REASON, actor=corrections.SYSTEM)
    body = write_notices().body
    assert [set(each) for each in json.loads(body)["corrections"]] == [{"kind", "count", "at"}]
    assert [word for word in ("Ada", str(ada.pk), REASON, "system", entry.mac, str(entry.at_us)) if word in body] == []


def test_what_is_no_correction_or_older_than_a_day_is_not_told(turn_clock: TurnClock, daily_quiz: Action) -> None:
    ada = make_player("Ada")
    turn_clock(NOON - timedelta(days=1, seconds=1))
    corrections.adjust(player=ada.pk, delta=7, reason=REASON, actor="system")
    turn_clock(NOON)
    act(ada, 1)
    corrections.rename(player=ada.pk, name="Ada L.", reason=REASON, actor="system")
    assert AuditEntry.objects.filter(player=ada.pk).count() == 3
    assert read_notices() == {"corrections": []}


def test_there_is_an_end_to_them(turn_clock: TurnClock) -> None:
    ada = make_player("Ada")
    for minute in range(MAXIMUM_NOTICES + 1):
        turn_clock(NOON + timedelta(minutes=minute))
        corrections.adjust(player=ada.pk, delta=7, reason=REASON, actor="system")
    told = [notice["at"] for notice in read_notices()["corrections"]]
    assert (len(told), told[0], told[-1]) == (10, "2026-11-27T12:12:00.000000Z", "2026-11-27T12:03:00.000000Z")


@pytest.mark.parametrize("entries", [0, 3])
def test_they_cost_one_query_however_many_ask_and_one_more_when_it_is_old(
    entries: int, daily_quiz: Action, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ada = make_player("Ada")
    for _ in range(entries):
        corrections.adjust(player=ada.pk, delta=7, reason=REASON, actor="system")
    with django_assert_num_queries(1):
        for _ in range(20):
            read_notices()
    cache.clear()
    with django_assert_num_queries(1):
        read_notices()


@pytest.mark.postgresql
def test_the_index_of_what_is_rare_answers_however_long_the_log_is() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_auditentry (player, seq, kid, kind, delta, balance, action, actor, at_us, detail, prev, mac) "
            "SELECT gen_random_uuid(), 1, 'k', CASE number % 1000 WHEN 0 THEN 'void' ELSE 'award' END, 0, 0, '', 'system', "
            "extract(epoch FROM now())::bigint * 1000000 - number, '', '', '' FROM generate_series(1, 20000) AS number"
        )
        cursor.execute("ANALYZE audit_auditentry")
    with CaptureQueriesContext(connection) as queries:
        [notice, *_] = read_notices()["corrections"]
    assert notice["kind"] == "void"
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert ("audit_entry_rare_kind" in plan, "Seq Scan" in plan) == (True, False), plan
