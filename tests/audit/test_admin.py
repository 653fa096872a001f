"""The list of entries: what is found, in how many queries, and that nobody writes here. Which questions have an index."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from scores.models import Score
from tests.support.acting import read_state
from tests.support.tampering import tampering

LIST = reverse("admin:audit_auditentry_changelist")


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
        assert re.search(r"<h1>\s*<bdi[^>]*>Ada</bdi>:\s*Entry #3: award \+70\s*</h1>", text)
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
