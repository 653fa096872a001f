"""The list of entries: what is found, in how many queries, and that nobody writes here. Which questions have an index."""

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

from audit import entry_filters, ledger
from audit.models import AuditEntry
from audit.references import issuer_expression
from scores.models import Score
from tests.support.acting import read_state
from tests.support.tampering import tampering

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
        [page] = [
            query["sql"] for query in queries if query["sql"].startswith("SELECT") and "LIMIT 101" in query["sql"]
        ]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {page}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert (index in plan, "Seq Scan on audit_auditentry" in plan) == (True, False), (asked, plan)


class TestOneEntry:
    def page(self, desk: Client, entry: AuditEntry) -> Any:
        return desk.get(reverse("admin:audit_auditentry_change", args=[entry.pk]))

    def checks(self, desk: Client, entry: AuditEntry) -> dict[str, bool | None]:
        return {check.subject: check.holds for check in self.page(desk, entry).context["checks"]}

    def test_says_what_holds(self, players: list[Score], desk: Client) -> None:
        ada = players[0].pk
        entry = AuditEntry.objects.get(player=ada, seq=3)
        sound = {"Seal": True, "Chain": True, "Context": True, "Checkpoint": True}
        assert self.checks(desk, entry).items() >= sound.items()
        text = self.page(desk, entry).content.decode()
        assert entry.context is not None
        assert all(value in text for value in (*entry.context.values(), "score-receipt+jwt", "bug-bounty", "70"))
        assert "<h1>Entry 3: award +70</h1>" in text
        newest = AuditEntry.objects.filter(player=ada).latest("seq")
        assert self.checks(desk, newest)["Checkpoint"] is None

    def test_says_what_does_not(self, players: list[Score], desk: Client) -> None:
        entry = AuditEntry.objects.get(player=players[0].pk, seq=3)
        for change, broken in (
            ({"delta": 71}, {"Seal", "Chain", "Checkpoint"}),
            ({"prev": "x"}, {"Seal", "Chain", "Checkpoint"}),
            ({"mac": "x"}, {"Seal", "Checkpoint"}),
            ({"kid": "x"}, {"Seal", "Checkpoint"}),
            ({"context": {"address": "192.0.2.7"}}, {"Context"}),
            ({"context": None}, {"Context"}),
        ):
            with tampering():
                AuditEntry.objects.filter(pk=entry.pk).update(**change)
                checks = self.checks(desk, entry)
            assert {subject for subject, holds in checks.items() if holds is False} - {"Receipt"} == broken, change

    def test_of_an_erased_player_still_holds(self, players: list[Score], desk: Client) -> None:
        from scores.investigation import corrections  # noqa: PLC0415

        corrections.erase_player(player=players[0].pk, reason="asked for", actor="system")
        entry = AuditEntry.objects.get(player=players[0].pk, seq=3)
        assert entry.context is None
        assert self.checks(desk, entry)["Context"] is True
        assert "erased" in desk.get(LIST).content.decode()

    def test_of_anything_that_is_stored_is_a_page(self, players: list[Score], desk: Client) -> None:
        entry = AuditEntry.objects.get(player=players[0].pk, seq=3)
        odd: list[Any] = [[], "x", {"receipt": 5}, {"receipt": "a.b"}, {"receipt": "W10.W10.x"}, {"address": {"a": 1}}]
        for context in odd:
            with tampering():
                AuditEntry.objects.filter(pk=entry.pk).update(context=context, ref="no-colon")
                assert self.page(desk, entry).status_code == 200
                assert desk.get(LIST).status_code == 200
                assert b"".join(desk.get(reverse("admin:audit_auditentry_export", args=["csv"])).streaming_content)  # type: ignore[attr-defined]


def test_nobody_writes_here(players: list[Score], desk: Client) -> None:
    entry = AuditEntry.objects.latest("id")
    before = read_state()
    form = {field.name: "1" for field in AuditEntry._meta.fields}
    selected = {"action": "delete_selected", "_selected_action": entry.pk, "post": "yes"}
    addresses = [reverse(f"admin:audit_auditentry_{name}", args=[entry.pk]) for name in ("change", "delete", "history")]
    addresses += [LIST, reverse("admin:audit_auditentry_add"), reverse("admin:audit_auditentry_export", args=["csv"])]
    for address in addresses:
        for sent in (form, selected, {**form, "_save": "Save"}):
            assert desk.post(address, sent).status_code in {200, 302, 403, 405}
            assert read_state() == before
