"""The parts of the list of entries: days, places and searches, each understood in one way or refused with a sentence."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import F, Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from audit import changelist, entry_filters, ledger
from audit.models import AuditEntry
from audit.references import issuer_expression
from scores.models import Score
from tests.support.chains import grow
from tests.support.tampering import tampering

ADA, BEA = UUID(int=1), UUID(int=2)


@pytest.mark.django_db
def test_what_comes_after_a_place_in_the_order_of_the_list_is_earlier() -> None:
    head = grow(ADA)
    grow(BEA)
    grow(ADA, head)
    newest, middle, oldest = entries = list(AuditEntry.objects.order_by(*changelist.NEWEST_FIRST))
    for index, entry in enumerate(entries):
        later = changelist.earlier(AuditEntry.objects.all(), entry.at_us, entry.pk)
        assert list(later.order_by(*changelist.NEWEST_FIRST)) == entries[index + 1 :]
    # Two of one microsecond are told apart by their ids.
    assert list(changelist.earlier(AuditEntry.objects.all(), middle.at_us, middle.pk)) == [oldest]
    assert newest in changelist.earlier(AuditEntry.objects.all(), newest.at_us, newest.pk + 1)


@pytest.mark.django_db
def test_a_search_takes_a_whole_player_reference_or_request_and_no_part_of_one() -> None:
    grow(ADA)
    AuditEntry(
        player=BEA, seq=1, kid="k", kind="award", delta=1, balance=1, action="", ref="k:one", actor="system", at_us=1,
        detail="", prev="", mac="", context={"address": "192.0.2.1", "request": uuid4().hex},
    ).save(force_insert=True)  # fmt: skip
    request = str((AuditEntry.objects.get(player=BEA).context or {})["request"])

    def find(term: str) -> list[UUID]:
        return list(changelist.search(AuditEntry.objects.all(), term).values_list("player", flat=True))

    for term in (str(BEA), BEA.hex, "k:one", request, "192.0.2.1", "::ffff:192.0.2.1"):
        assert find(term) == [BEA], term
    for term in (str(BEA)[:-1], "k:on", request[:8], "192.0.2", "192.0.2.2", ""):
        assert find(term) == [], term


LIST = reverse("admin:audit_auditentry_changelist")


Entries = list[tuple[UUID, int]]


#: Nothing that would verify, but enough rows for a planner to choose as it does with many.
MANY_ENTRIES = """
    INSERT INTO audit_auditentry
        (player, seq, kid, kind, delta, balance, action, ref, actor, at_us, detail, prev, mac, context)
    SELECT ('00000000-0000-4000-8000-' || lpad((n % 1000)::text, 12, '0'))::uuid, 1 + n / 1000, 'k',
        CASE n % 5000 WHEN 0 THEN 'void' ELSE 'award' END, 0, 0, CASE n % 5000 WHEN 1 THEN 'rare' ELSE 'usual' END,
        CASE n % 100 WHEN 1 THEN 'r:issuer-' || n % 7 || ':' ELSE 'k:' END || n, 'x', 1767225600000000 + n * 60000000::bigint, '', '', '',
        jsonb_build_object('address', '192.0.2.' || n % 200, 'request', md5(n::text), 'agent', repeat('x', 100))
    FROM generate_series(1, 20000) AS n
"""


def found(desk: Client, **asked: Any) -> Entries:
    """What the list shows, in its order."""
    response = desk.get(LIST, asked)
    assert response.status_code == 200, response.headers
    return [(entry.player, entry.seq) for entry in response.context["cl"].result_list]


def expected(**conditions: Any) -> Entries:
    return list(AuditEntry.objects.filter(**conditions).order_by("-at_us", "-id").values_list("player", "seq"))


def test_every_entry_is_listed_newest_first(players: list[Score], desk: Client) -> None:
    assert found(desk) == expected() != []
    text = desk.get(LIST).content.decode()
    newest = AuditEntry.objects.latest("id").at
    assert newest.strftime("%Y-%m-%d %H:%M:%S") in text
    assert "192.0.2.1" in text
    assert "verified" in text
    assert "self-reported" in text


def test_filters_narrow_and_combine(players: list[Score], desk: Client) -> None:
    ada = players[0].pk
    assert found(desk, kind__exact="void") == expected(kind="void") == [(ada, 4)]
    assert found(desk, action="bug-bounty") == expected(action="bug-bounty")
    assert found(desk, verified="yes") == found(desk, issuer="test-backend") == expected(ref__startswith="r:") != []
    assert found(desk, verified="no") == expected(ref__startswith="k:") != []
    assert found(desk, issuer="nobody") == []
    assert found(desk, player=ada) == expected(player=ada)
    assert found(desk, player=f" {ada} ", verified="yes") == expected(player=ada, ref__startswith="r:")
    assert found(desk, address="192.0.2.1") == expected(kind="award")
    assert found(desk, address="192.0.2.2") == []


def test_days_are_those_of_utc_and_both_ends_count(desk: Client) -> None:
    player, head = uuid4(), ledger.Head(0, "", 0)
    for seq in range(1, 5):
        ledger.append(ledger.EntryDraft(kind="adjust", delta=1, actor="system", context={}), player=player, head=head)
        entry = AuditEntry.objects.get(player=player, seq=seq)
        head = ledger.Head(seq, entry.mac, entry.balance)
    with tampering():
        midnight = entry_filters.begin_us(datetime(2026, 3, 10, tzinfo=UTC).date())
        for seq, at_us in enumerate(
            (midnight - 1, midnight, midnight + 86_400_000_000 - 1, midnight + 86_400_000_000), 1
        ):
            AuditEntry.objects.filter(seq=seq).update(at_us=at_us)
        assert found(desk, since="2026-03-10", until="2026-03-10") == [(player, 3), (player, 2)]
        assert found(desk, since="2026-03-11") == [(player, 4)]
        assert found(desk, until="2026-03-09") == [(player, 1)]
        days = desk.get(LIST, {"since": "2026-03-01", "until": "2026-03-31"}).context["calendar"].links
        assert [day.name for day in days] == ["9 March", "10 March", "11 March"]
        assert found(desk, **dict(re.findall(r"(since|until)=([\d-]+)", days[1].link))) == [(player, 3), (player, 2)]
        assert [period.name for period in desk.get(LIST).context["calendar"].links] == [
            "9 March",
            "10 March",
            "11 March",
        ]
        AuditEntry.objects.filter(seq=1).update(at_us=F("at_us") - 40 * 86_400_000_000)
        assert [month.name for month in desk.get(LIST).context["calendar"].links] == [
            "January 2026",
            "February 2026",
            "March 2026",
        ]


def test_what_cannot_be_understood_is_said_and_finds_nothing(desk: Client) -> None:
    for name, value in (("since", "tomorrow"), ("until", "9999-12-31"), ("since", "1000-01-01"), ("player", "Ada")):
        response = desk.get(LIST, {name: value})
        assert (response.status_code, response.context["cl"].result_list) == (200, [])
        assert value in str(next(iter(response.context["messages"])))
    for asked in ({"before": "x"}, {"after": "1.٣"}, {"nonsense": "1"}):
        assert desk.get(LIST, asked).headers["Location"].endswith("?e=1")


def test_a_search_finds_by_what_an_investigator_holds(players: list[Score], desk: Client) -> None:
    ada = players[0]
    entry = AuditEntry.objects.get(player=ada.pk, seq=3)
    assert entry.context is not None
    assert found(desk, q=str(ada.pk)) == expected(player=ada.pk)
    assert found(desk, q=ada.pk.hex) == expected(player=ada.pk)
    assert found(desk, q=f" {entry.context['request']} ") == [(ada.pk, 3)]
    assert found(desk, q=entry.ref) == [(ada.pk, 3)]
    assert found(desk, q="192.0.2.1") == found(desk, q="::ffff:192.0.2.1") == expected(kind="award")
    assert found(desk, q="nothing like it") == []


def test_pages_go_back_and_forth_without_a_gap(players: list[Score], desk: Client, monkeypatch: Any) -> None:
    from django.contrib import admin  # noqa: PLC0415 - the one in use, whichever class it is of

    monkeypatch.setattr(admin.site.get_model_admin(AuditEntry), "list_per_page", 4)
    seen: Entries = []
    address, pages = LIST, []
    while address:
        shown = desk.get(address).context["cl"]
        pages.append([(entry.player, entry.seq) for entry in shown.result_list])
        seen += pages[-1]
        back, address = shown.newer_link, f"{LIST}{shown.older_link}" if shown.older_link else ""
    assert seen == expected()
    assert max(map(len, pages)) == 4
    shown = desk.get(f"{LIST}{back}").context["cl"]
    assert [(entry.player, entry.seq) for entry in shown.result_list] == pages[-2]
    assert desk.get(f"{LIST}{shown.newest_link}").context["cl"].newest_link == ""


def test_the_list_costs_as_many_queries_with_many_entries_as_with_few(
    desk: Client, players: list[Score], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Session, user; the actions, the issuers; the entries, their players; the ends of the calendar.
    with django_assert_num_queries(7):
        desk.get(LIST)
    with django_assert_num_queries(7):
        desk.get(LIST, {"player": str(players[0].pk), "before": f"{2**53}.5"})


def test_choices_are_what_the_log_holds(players: list[Score], db: None) -> None:
    assert entry_filters.find_values(F("action"), Q(action__gt="")) == ["bug-bounty", "daily-quiz"]
    assert entry_filters.find_values(issuer_expression(), Q(ref__startswith="r:")) == ["test-backend"]
    with tampering():
        AuditEntry.objects.filter(ref__startswith="r:").update(ref=F("mac"))
        assert entry_filters.find_values(issuer_expression(), Q(ref__startswith="r:")) == []


def explain(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.postgresql
def test_every_question_is_answered_by_an_index(desk: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY_ENTRIES)
        cursor.execute("ANALYZE audit_auditentry")
    player = str(AuditEntry.objects.values_list("player", flat=True)[0])
    for asked, index in (
        ({}, "audit_entry_at"),
        ({"player": player}, "audit_entry_player"),
        ({"action": "rare"}, "audit_entry_action"),
        ({"kind__exact": "void"}, "audit_entry_rare_kind"),
        ({"issuer": "issuer-1"}, "audit_entry_issuer"),
        ({"address": "192.0.2.9"}, "audit_entry_address"),
        ({"q": "192.0.2.9"}, "audit_entry_address"),
        ({"q": "some-request"}, "audit_entry_request"),
        ({"q": uuid4().hex}, "audit_entry_request"),
        ({"q": "r:issuer-1:x"}, "audit_entry_ref"),
        ({"since": "2026-01-01", "until": "2026-01-01", "kind__exact": "award"}, "audit_entry_at"),
    ):
        with CaptureQueriesContext(connection) as queries:
            desk.get(LIST, asked)
        # The page, where there is one, and whether there is any to a text that may be a name as well.
        asked_of_log = [
            query["sql"] for query in queries if re.match("SELECT .*audit_auditentry.* LIMIT (1|101)$", query["sql"])
        ]
        assert asked_of_log
        plan = "".join(explain(sql) for sql in asked_of_log)
        assert (index in plan, "Seq Scan on audit_auditentry" in plan) == (True, False), (asked, plan)
