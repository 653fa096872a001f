"""An export holds what the list shows, harms no spreadsheet, verifies from the JSON Lines, and says where it ends."""

import contextlib
import csv
import io
import json
import logging
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from audit import chain, entry_export, ledger
from audit.chain import Entry
from audit.keys import load_keyring
from audit.models import AuditEntry
from audit.times import format_time
from scores.models import Score


def export(desk: Client, form: str, **asked: Any) -> tuple[Any, bytes]:
    response = desk.get(reverse("admin:audit_auditentry_export", args=[form]), asked)
    assert response.status_code == 200
    return response, b"".join(response)


def read_csv(content: bytes) -> list[dict[str, str]]:
    """The rows of a whole export, as Excel reads them."""
    assert content.startswith(b"\xef\xbb\xbf")
    *rows, end = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert end == [entry_export.END, str(len(rows) - 1)]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_a_table_says_what_the_list_says(players: list[Score], desk: Client, caplog: pytest.LogCaptureFixture) -> None:
    ada = players[0]
    entry = AuditEntry.objects.get(player=ada.pk, seq=3)
    assert entry.context is not None
    with caplog.at_level(logging.INFO, logger="audit.admin"):
        response, content = export(desk, "csv", player=ada.pk, verified="yes", action="bug-bounty")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="entries-')
    assert "no-store" in response.headers["Cache-Control"]
    rows = read_csv(content)
    assert [row["seq"] for row in rows] == ["7", "3"]
    assert rows[-1] == {
        "player": str(ada.pk), "seq": "3", "time": format_time(entry.at), "kind": "award", "action": "bug-bounty",
        "delta": "70", "balance": "90", "value": "", "proof": "verified", "issuer": "test-backend", "reference": entry.ref,
        "actor": str(ada.pk), "address": "192.0.2.1", "agent": "", "request": entry.context["request"], "reason": "",
    }  # fmt: skip
    said = [record.getMessage() for record in caplog.records if record.name == "audit.admin"]
    assert len(said) == 2
    assert said[1].startswith("root exported 2 entries as csv, filtered by 'player=")


def test_no_cell_is_a_formula(desk: Client) -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", 'a"b,c\nd', "Ünïcode", "'quoted"]
    player, head = UUID(int=7), ledger.Head(0, "", 0)
    for text in texts:
        delta, context = -1 if head.balance else 1, {"reason": text, "agent": text}
        draft = ledger.EntryDraft(kind="adjust", delta=delta, actor="system", context=context)
        entry = ledger.append(draft, player=player, head=head)
        head = ledger.Head(entry.seq, entry.mac, entry.balance)
    rows = read_csv(export(desk, "csv")[1])[::-1]
    assert [row["reason"] for row in rows] == [f"'{text}" if text[0] in "=+-@\t\r" else text for text in texts]
    assert [row["delta"] for row in rows][:2] == ["1", "-1"]  # a number is none
    assert all(not cell.startswith(entry_export.FORMULA) for row in rows for key, cell in row.items() if key != "delta")


def test_a_value_is_exported_where_there_is_one(desk: Client) -> None:
    player, head = UUID(int=7), ledger.Head(0, "", 0)
    for value in (None, 0, -61_234):
        draft = ledger.EntryDraft(kind="award", delta=1, value=value, actor="system", context={})
        entry = ledger.append(draft, player=player, head=head)
        head = ledger.Head(entry.seq, entry.mac, entry.balance)
    assert [row["value"] for row in read_csv(export(desk, "csv")[1])[::-1]] == ["", "0", "-61234"]
    *documents, _ = [json.loads(line) for line in export(desk, "jsonl")[1].splitlines()]
    assert [document.get("value", "none") for document in documents[::-1]] == ["none", 0, -61_234]
    for document in documents:
        sealed = Entry(**{"value": None, **document, "player": UUID(document["player"])})
        assert chain.compute_mac(load_keyring().keys[sealed.kid], sealed) == sealed.mac


def test_the_lines_hold_all_that_the_macs_are_made_over(players: list[Score], desk: Client) -> None:
    response, content = export(desk, "jsonl")
    assert response.headers["Content-Type"] == "application/jsonl"
    *documents, end = [json.loads(line) for line in content.splitlines()]
    assert end == {"end": "end of export", "entries": AuditEntry.objects.count()}
    assert len(documents) == end["entries"]
    keyring = load_keyring()
    for document in documents:
        entry = Entry(**{"value": None, **document})
        assert chain.compute_mac(keyring.keys[entry.kid], entry) == entry.mac
        assert chain.commit_to(entry.context or {}) == entry.detail


def test_pages_meet_without_a_gap(players: list[Score], desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = export(desk, "jsonl")[1]
    monkeypatch.setattr(entry_export, "PAGE", 3)
    assert export(desk, "jsonl")[1] == whole
    assert export(desk, "jsonl", before=f"{2**53}.1")[1] == whole


def test_an_empty_export_says_so(desk: Client) -> None:
    assert read_csv(export(desk, "csv", action="nothing")[1]) == []
    assert export(desk, "jsonl", action="nothing")[1] == b'{"end":"end of export","entries":0}\n'


def test_what_cannot_be_exported_is_not(players: list[Score], desk: Client) -> None:
    address = reverse("admin:audit_auditentry_export", args=["csv"])
    assert desk.get(address, {"nonsense": "1"}).status_code == 404
    assert desk.get(reverse("admin:audit_auditentry_export", args=["xml"])).status_code == 404
    desk.force_login(User.objects.create_user("staff", is_staff=True))
    assert desk.get(address).status_code == 403


def test_one_export_at_a_time_leaves_threads_for_the_board(players: list[Score], desk: Client) -> None:
    address = reverse("admin:audit_auditentry_export", args=["csv"])
    first = desk.get(address)
    second = desk.get(address, {"kind__exact": "void"})
    assert (second.status_code, second.headers["Location"]) == (302, "/admin/audit/auditentry/?kind__exact=void")
    assert read_csv(b"".join(first)) != []
    assert read_csv(export(desk, "csv")[1]) != []


def test_an_export_that_nobody_read_is_over_when_it_is_closed() -> None:
    for _ in range(2):
        with contextlib.closing(entry_export.exclusive(iter([b"one"]))), pytest.raises(entry_export.ExportRunning):
            entry_export.exclusive(iter([b"two"]))
