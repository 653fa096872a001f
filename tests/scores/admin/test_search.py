"""The search of the lists: the same text finds the same everywhere, by an index, and any text is an answer."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEntry, Refusal
from scores.admin.search import narrow_entries
from scores.investigation import corrections
from scores.models import Flag, Score
from tests.support.acting import make_player

LISTS = ("scores_score", "audit_auditentry", "scores_flag", "audit_refusal", "auth_user")
#: A hundred thousand entries of a thousand players; nothing that would verify.
MANY_ENTRIES = """
    WITH users AS (
        INSERT INTO auth_user
            (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
        SELECT '!', false, 'many-' || n, '', '', '', false, true, now() FROM generate_series(1, 1000) AS n RETURNING id
    ), scores AS (
        INSERT INTO scores_score (id, user_id, name, name_key, points, reached_at, seq, head, frozen)
        SELECT md5(id::text)::uuid, id, 'Many ' || md5(id::text), 'many ' || md5(id::text), 1, now(), 1, '', false FROM users
        RETURNING id
    )
    INSERT INTO audit_auditentry
        (player, seq, kid, kind, delta, balance, action, ref, actor, at_us, detail, prev, mac, context)
    SELECT id, n, 'k', 'award', 0, 0, 'usual', 'k:' || id || n, 'x', 1767225600000000 + n, '', '', '',
        jsonb_build_object('address', '192.0.2.' || n, 'request', md5(id::text || n))
    FROM scores, generate_series(1, 100) AS n
"""


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def zsofia(db: None) -> Score:
    """With two entries, a flag and a refusal, beside Ben, who has the same."""
    zsofia, ben = make_player("Zsófia"), make_player("Ben")
    for player in (zsofia, ben):
        for _ in range(2):
            corrections.adjust(player=player.pk, delta=10, reason="a day's play", actor="system")
        Flag.objects.create(
            rule=Flag.Rule.PACE, subject=str(player.pk), player=player.pk, why="Fast.", opened_at=timezone.now()
        )
        Refusal.objects.create(minute=timezone.now(), reason="cooldown", subject=str(player.pk))
    Refusal.objects.create(minute=timezone.now(), reason="rate_limited", subject="192.0.2.9")
    return zsofia


def found(desk: Client, name: str, text: str) -> list[Any]:
    response = desk.get(reverse(f"admin:{name}_changelist"), {"q": text})
    assert response.status_code == 200, (name, text)
    return list(response.context["cl"].result_list)


@pytest.mark.parametrize("text", ["zsofia", "SÓF", "id"])
def test_a_player_is_found_in_every_list_without_accents_and_by_any_part(
    desk: Client, zsofia: Score, text: str
) -> None:
    text = str(zsofia.pk)[:9] if text == "id" else text
    [score], entries, [flag], [refusal], [user] = (found(desk, name, text) for name in LISTS)
    assert (score, user, flag.player, refusal.subject) == (zsofia, zsofia.user, zsofia.pk, str(zsofia.pk))
    assert [(entry.player, entry.seq) for entry in entries] == [(zsofia.pk, 2), (zsofia.pk, 1)]


def test_an_entry_is_found_by_name_and_number(desk: Client, zsofia: Score) -> None:
    for text in ("Zsófia#2", "zsofia#2", f"{zsofia.pk}#2", "zso#02"):
        assert [(entry.player, entry.seq) for entry in found(desk, "audit_auditentry", text)] == [(zsofia.pk, 2)]
    for text in ("zsofia#3", "zsofia#x", "zsofia#", "#2", "zsofia#99999999999999999999"):
        assert found(desk, "audit_auditentry", text) == [], text


def test_who_has_a_number_sign_in_the_name_is_found_too(desk: Client) -> None:
    player = make_player("Agent#7")
    corrections.adjust(player=player.pk, delta=10, reason="a day's play", actor="system")
    assert [entry.player for entry in found(desk, "audit_auditentry", "agent#7")] == [player.pk]
    assert [entry.player for entry in found(desk, "audit_auditentry", "agent#7#1")] == [player.pk]


def test_refusals_are_found_by_address_and_reason_and_flags_by_what_they_are_about(desk: Client, zsofia: Score) -> None:
    assert [refusal.subject for refusal in found(desk, "audit_refusal", "192.0.2.9")] == ["192.0.2.9"]
    assert [refusal.subject for refusal in found(desk, "audit_refusal", "rate_limited")] == ["192.0.2.9"]
    flag = Flag.objects.create(
        rule=Flag.Rule.SHARED_ADDRESS, subject="192.0.2.9", why="Many.", opened_at=timezone.now()
    )
    assert found(desk, "scores_flag", "192.0.2.9") == [flag]
    assert found(desk, "auth_user", "roo") == [User.objects.get(username="root")]


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "%", "_", "\\", "%%", "\U0001f600", "' OR 1=1 --", "#", "##", "a" * 65 + "#1"]
)
@pytest.mark.parametrize("name", LISTS)
def test_any_other_text_finds_nothing(desk: Client, zsofia: Score, name: str, text: str) -> None:
    assert found(desk, name, text) == []


@pytest.mark.parametrize("name", LISTS)
def test_what_no_database_stores_is_refused_with_a_page(desk: Client, name: str) -> None:
    response = desk.get(reverse(f"admin:{name}_changelist"), {"q": "a\0b"})
    assert (response.status_code, response.headers["Content-Type"]) == (400, "text/html; charset=utf-8")


@pytest.mark.postgresql
def test_entries_are_found_in_indexes_however_many_there_are(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY_ENTRIES)
        cursor.execute("ANALYZE scores_score, audit_auditentry")
    name = Score.objects.values_list("name", flat=True)[0]
    for text in (name, f"{name}#7", "192.0.2.9", "0" * 32, str(Score.objects.values_list("pk", flat=True)[0])[:13]):
        with CaptureQueriesContext(connection) as queries:
            list(narrow_entries(AuditEntry.objects.order_by("-at_us", "-pk"), text)[:101])
        assert len(queries) <= 6  # of a name: is it a request id; its four steps; the page
        for query in queries:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {query['sql']}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
            # Of players there are too few for an index to be worth it; test_name_search.py has as many of them.
            assert "Seq Scan on audit_auditentry" not in plan, (text, plan)
